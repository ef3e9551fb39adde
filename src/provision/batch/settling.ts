import { isAwsMessage } from '../../aws/errors.ts';

/** Environments and queues become valid in seconds; deleting them takes one to two minutes, more while tasks end. */
export const BATCH_SETTLES = { every: 2000, within: 15 * 60_000 };

/** Batch's words for what has to wait: a change that goes on, a queue that is not gone yet. */
export const isStillUsed = (error: unknown): boolean =>
  isAwsMessage(error, 'ClientException', /resource is being modified|found existing JobQueue relationship/i);
