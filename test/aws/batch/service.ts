import { AwsError } from '../kernel/errors.ts';
import type { Service } from '../kernel/operation.ts';
import { definitionOperations } from './definitions.ts';
import { environmentOperations } from './environments.ts';
import { jobOperations } from './jobs.ts';
import { queueOperations } from './queues.ts';
import { accessDenied, type BatchState, clientException } from './state.ts';
import { submitOperation } from './submit.ts';
import { tagOperations } from './tags.ts';

export const batch: Service<BatchState> = {
  id: 'batch',
  signedAs: ['batch'],
  wires: ['rest-json'],
  reach: 'region',
  empty: () => ({ environments: new Map(), queues: new Map(), definitions: new Map(), _jobs: new Map() }),
  operations: [
    ...environmentOperations,
    ...queueOperations,
    ...definitionOperations,
    submitOperation,
    ...jobOperations,
    ...tagOperations,
  ].map((each) => ({ http: `POST /v1/${each.name.toLowerCase()}`, ...each })),
  tagged: ({ environments, queues, definitions }) => [
    ...[...environments.values()].map(({ arn, tags }) => ({ arn, type: 'batch:compute-environment', tags })),
    ...[...queues.values()].map(({ arn, tags }) => ({ arn, type: 'batch:job-queue', tags })),
    ...[...definitions.values()].flat().map(({ arn, tags }) => ({ arn, type: 'batch:job-definition', tags })),
  ],
  invalid: ({ message }) => clientException(message),
  denied: accessDenied,
  throttled: () => new AwsError('TooManyRequestsException', 'Too Many Requests', { status: 429 }),
};
