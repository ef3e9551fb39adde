import { AwsError } from '../kernel/errors.ts';
import type { Service } from '../kernel/operation.ts';
import { invalid, type SnsState } from './state.ts';
import { subscriptionOperations } from './subscriptions.ts';
import { topicOperations } from './topics.ts';

export const sns: Service<SnsState> = {
  id: 'sns',
  signedAs: ['sns'],
  wires: ['query'],
  xmlns: 'http://sns.amazonaws.com/doc/2010-03-31/',
  reach: 'region',
  empty: () => ({ topics: new Map() }),
  tagged: ({ topics }) => [...topics.values()].map(({ arn, tags }) => ({ arn, type: 'sns', tags })),
  operations: [...topicOperations, ...subscriptionOperations],
  invalid: ({ message }) => invalid(message),
  denied: (message) => new AwsError('AuthorizationError', message, { status: 403 }),
  throttled: () => new AwsError('Throttled', 'Rate exceeded', { status: 429 }),
};
