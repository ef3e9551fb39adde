import type { Service } from '../kernel/operation.ts';
import { functionSettingOperations } from './function-settings.ts';
import { functionOperations } from './functions.ts';
import { invokeOperations } from './invoke.ts';
import { mappingOperations } from './mappings.ts';
import { permissionOperations } from './permissions.ts';
import { type LambdaState, lambdaError } from './state.ts';

export const lambda: Service<LambdaState> = {
  id: 'lambda',
  signedAs: ['lambda'],
  wires: ['rest-json'],
  reach: 'region',
  empty: () => ({
    functions: new Map(),
    mappings: new Map(),
    concurrencyLimit: undefined,
    _runner: undefined,
  }),
  tagged: ({ functions, mappings }) => [
    ...[...functions.values()].map(({ arn, tags }) => ({ arn, type: 'lambda:function', tags })),
    ...[...mappings.values()].map(({ arn, tags }) => ({ arn, type: 'lambda:event-source-mapping', tags })),
  ],
  operations: [
    ...functionOperations,
    ...functionSettingOperations,
    ...permissionOperations,
    ...mappingOperations,
    ...invokeOperations,
  ],
  // What breaks the model is told as ValidationException, though no operation's model names it.
  invalid: ({ message }) =>
    lambdaError('ValidationException', 400, `1 validation error detected: ${message}`),
  denied: (message) => lambdaError('AccessDeniedException', 403, message),
  throttled: () => lambdaError('TooManyRequestsException', 429, 'Rate exceeded'),
};
