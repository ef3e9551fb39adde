import { openS3Objects } from '../adapters/s3/objects.ts';
import { isAwsError } from '../aws/errors.ts';
import { retryWhile } from '../aws/wait.ts';
import { RekbackError } from '../runtime/errors.ts';
import { PROVISION_LEASE } from '../runtime/run/layout.ts';
import { describeHolder, type Lease, takeLease } from '../runtime/run/lease.ts';
import type { Operator } from '../stack/operator.ts';
import type { Context } from './context.ts';

/** A bucket that was made a moment ago may not take objects yet. */
const BUCKET_KNOWN = { every: 1000, within: 60_000 };

/**
 * Keeps a second setup or teardown of the stack out, as long as its bucket is there.
 * @throws RekbackError `stack-busy`
 */
export async function lockStack(
  { clients, names, spec, waiting }: Context,
  { holder, isAlive }: Operator,
): Promise<Lease> {
  const objects = openS3Objects(clients, { bucket: names.bucket.name, account: spec.account });
  const isUnknown = (error: unknown) => isAwsError(error, 'NoSuchBucket');
  const take = () => takeLease(objects, PROVISION_LEASE, holder, isAlive);
  const taken = await retryWhile(isUnknown, take, BUCKET_KNOWN, waiting);
  // A lease that can't be given back lapses by itself: that must not hide what went wrong before it.
  if ('release' in taken) return { ...taken, release: () => taken.release().catch(() => {}) };
  throw new RekbackError('stack-busy', `stack '${spec.name}' is being changed: ${describeHolder(taken)}`, {
    suggestions: [
      'wait until that is done, then run the same command again',
      'if its machine is gone, it counts as dead a minute after its last sign of life',
    ],
  });
}

/** Takes away what a setup left that was killed after its last change and before it gave the lock back. */
export async function clearDeadLock(
  { clients, names, spec }: Context,
  { holder, isAlive }: Operator,
): Promise<void> {
  const objects = openS3Objects(clients, { bucket: names.bucket.name, account: spec.account });
  if ((await objects.get(PROVISION_LEASE)) === undefined) return;
  const taken = await takeLease(objects, PROVISION_LEASE, holder, isAlive);
  if ('release' in taken) await taken.release();
}
