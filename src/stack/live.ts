import { callCap, settling } from '../adapters/workers/settling.ts';
import type { Outcome } from '../runtime/contract.ts';
import type { Change } from '../runtime/image/change.ts';
import { createFollower } from '../runtime/image/follow.ts';
import { LIVE_LEASE } from '../runtime/run/layout.ts';
import { liveActive, takeLease } from '../runtime/run/lease.ts';
import { extensionOf, extensionReason } from '../runtime/run/select.ts';
import { assertWritable } from './record.ts';
import type { Stack } from './stack.ts';

export interface LiveOptions {
  /** Only catch up with what changed while nobody followed. */
  once: boolean;
  signal: AbortSignal;
  /** Told about every image that was looked at. */
  onOutcome(change: Change, outcome: Outcome): void;
  /** Told once everything until now is caught up with. */
  onCaughtUp(): void;
  /** A part of the folder that can't be followed. */
  onProblem(error: unknown): void;
}

/**
 * Keeps the index current with the folder: catches up, then follows until the signal.
 * @throws RekbackError `live-active`, `folder-empty`, `stack-newer`
 */
export async function live(stack: Stack, options: LiveOptions): Promise<void> {
  assertWritable(stack.record);
  const objects = await stack.objects();
  const { holder, isAlive } = await stack.leases();
  const lease = await takeLease(objects, LIVE_LEASE, holder('rekback live'), isAlive);
  if (!('release' in lease)) throw liveActive(lease);
  const draining = AbortSignal.any([options.signal, lease.lost]);
  const opened: { close(): Promise<void> }[] = [{ close: () => lease.release() }];
  const open = <T extends { close(): Promise<void> }>(thing: T): T => {
    opened.unshift(thing);
    return thing;
  };
  try {
    // Watching begins before catching up, so that nothing falls between the two.
    const watch = options.once ? undefined : open(await stack.watch(options.onProblem));
    const index = open(await stack.indexWriter());
    const reader = open(await stack.indexReader());
    const labeler = await stack.labeler();
    const { prefix, settings } = stack.record;
    const context = await settling({
      images: await stack.images(),
      labeler,
      index,
      labeling: labeler.labeling,
      relabel: 'none',
      run: 'live',
      rate: settings.rate || undefined,
      concurrency: settings.concurrency || undefined,
      cap: callCap(Number.POSITIVE_INFINITY),
      draining,
    });
    const { formats } = labeler;
    const within = prefix === undefined ? {} : { prefix };
    const follower = createFollower({
      ...context,
      ...within,
      objects,
      formats,
      onOutcome: options.onOutcome,
    });
    await follower.catchUp(reader);
    if (!draining.aborted) options.onCaughtUp();
    if (watch === undefined) return;
    draining.addEventListener('abort', () => void watch.close());
    if (draining.aborted) await watch.close();
    for await (const keys of watch.changes()) {
      const wanted = keys.filter(
        (key) => key.startsWith(prefix ?? '') && extensionReason(extensionOf(key), formats) === undefined,
      );
      await follower.apply(wanted.map((key) => ({ kind: 'created', key, order: '', row: -1 })));
    }
  } finally {
    for (const thing of opened) await thing.close();
  }
}
