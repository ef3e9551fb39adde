import type { Service } from '../kernel/operation.ts';
import { authorizationOperations } from './authorization.ts';
import { imageOperations } from './images.ts';
import { layerOperations } from './layers.ts';
import { policyOperations } from './policies.ts';
import { registry } from './registry.ts';
import { repositoryOperations } from './repositories.ts';
import { type EcrState, ecrError } from './state.ts';

export const ecr: Service<EcrState> = {
  id: 'ecr',
  signedAs: ['ecr'],
  wires: ['json'],
  target: 'AmazonEC2ContainerRegistry_V20150921',
  reach: 'region',
  empty: () => ({ repositories: new Map(), settings: new Map(), _tokens: new Map() }),
  tagged: ({ repositories }) =>
    [...repositories.values()].map(({ arn, tags }) => ({ arn, type: 'ecr:repository', tags })),
  operations: [
    ...repositoryOperations,
    ...policyOperations,
    ...imageOperations,
    ...layerOperations,
    ...authorizationOperations,
  ],
  web: registry,
  invalid: ({ path, message }) =>
    ecrError(
      'InvalidParameterException',
      `Invalid parameter at '${path}' failed to satisfy constraint: '${message}'`,
    ),
  denied: (message) => ecrError('AccessDeniedException', message),
};
