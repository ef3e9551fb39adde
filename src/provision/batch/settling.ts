import { isAwsMessage } from '../../aws/errors.ts';
import { retryWhile, type Waiting } from '../../aws/wait.ts';

/** Environments and queues become valid in seconds; deleting them takes one to two minutes, more while tasks end. */
export const BATCH_SETTLES = { every: 2000, within: 15 * 60_000 };

/** Batch's words for what has to wait: a change that goes on, a queue that is not gone, one that is not disabled yet. */
const BUSY = /resource is being modified|found existing JobQueue relationship|DISABLED/i;

/** Sends a change or deletion again as long as Batch says that something else has to end first. */
export const patiently = <Answer>(send: () => Promise<Answer>, waiting: Waiting): Promise<Answer> =>
  retryWhile((error) => isAwsMessage(error, 'ClientException', BUSY), send, BATCH_SETTLES, waiting);
