import type { Service } from '../kernel/operation.ts';
import { messageOperations } from './messages.ts';
import { moveOperations } from './moves.ts';
import { queueOperations } from './queues.ts';
import { type SqsState, sqsError } from './state.ts';

export const sqs: Service<SqsState> = {
  id: 'sqs',
  signedAs: ['sqs'],
  wires: ['json'],
  target: 'AmazonSQS',
  reach: 'region',
  empty: () => ({ queues: new Map(), _deleted: new Map(), _moves: [] }),
  tagged: ({ queues }) => [...queues.values()].map(({ arn, tags }) => ({ arn, type: 'sqs', tags })),
  operations: [...queueOperations, ...messageOperations, ...moveOperations],
  invalid: ({ kind, message }) =>
    kind === 'missing' ? sqsError('MissingParameter', message) : sqsError('InvalidParameterValue', message),
  denied: (message) => sqsError('AccessDeniedException', message, 'AccessDenied'),
};
