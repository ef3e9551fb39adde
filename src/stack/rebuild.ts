import { LIVE_LEASE, RUN_LEASE } from '../runtime/run/layout.ts';
import { leaseHolder, liveActive, runActive, takeLease } from '../runtime/run/lease.ts';
import { type Rebuilt, rebuildIndex } from '../runtime/run/rebuild.ts';
import { assertWritable } from './record.ts';
import type { Stack } from './stack.ts';

/**
 * Replaces the stack's index by one made from the label archive.
 * @throws RekbackError `run-active`, `live-active` (what they write meanwhile would be missing), `archive-unreadable`
 */
export async function rebuild(stack: Stack): Promise<Rebuilt> {
  assertWritable(stack.record);
  const objects = await stack.objects();
  const { holder, isAlive } = await stack.leases();
  const me = holder('rekback index rebuild');
  const lease = await takeLease(objects, RUN_LEASE, me, isAlive);
  if (!('release' in lease)) throw runActive(lease);
  try {
    const follower = await leaseHolder(objects, LIVE_LEASE, isAlive);
    if (follower !== undefined) throw liveActive(follower);
    const { index, replace } = await stack.newIndex();
    const rebuilt = await rebuildIndex(objects, index);
    await index.close();
    await replace();
    return rebuilt;
  } finally {
    await lease.release();
  }
}
