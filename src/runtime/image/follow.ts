import { randomUUID } from 'node:crypto';
import type { Outcome } from '../contract.ts';
import { RekbackError } from '../errors.ts';
import type { IndexReader, ObjectStore } from '../ports.ts';
import { archivePart, LIVE_ARCHIVE } from '../run/layout.ts';
import { encodePart } from './archive.ts';
import type { Change } from './change.ts';
import { reconcile } from './reconcile.ts';
import { type SettleContext, settle } from './settle.ts';

export type FollowContext = Omit<SettleContext, 'archive' | 'onOutcome'> & {
  objects: ObjectStore;
  formats: ReadonlySet<string>;
  prefix?: string;
  onOutcome: (change: Change, outcome: Outcome) => void;
};

/** Keeps the index current outside of runs: settles changes and archives the answers below `live`. */
export function createFollower(context: FollowContext) {
  // Unique per process, so that two followers never write the same object.
  const session = `${new Date().toISOString().replaceAll(/[-:.]/g, '')}-${randomUUID().slice(0, 8)}`;
  let part = 0;
  const apply = (changes: readonly Change[]) =>
    settle(changes, {
      ...context,
      archive: async (entries) => {
        const body = await encodePart(context.policy.labeling, entries);
        await context.objects.put(archivePart(`${LIVE_ARCHIVE}${session}/`, part), body);
        part++;
      },
    });
  return {
    apply,
    /**
     * Catches up with everything that changed while nobody followed.
     * @throws RekbackError `folder-empty` rather than take an unmounted disk for thousands of deleted images
     */
    async catchUp(index: IndexReader): Promise<void> {
      const { images, formats, prefix, draining } = context;
      const options = { formats, signal: draining, ...(prefix === undefined ? {} : { prefix }) };
      await assertNotEmptied(context, index);
      // Removed images last: one that was only renamed finds its labels under the old name, and costs no call.
      const removed: Change[] = [];
      for await (const changes of reconcile(images, index, options)) {
        if (draining.aborted) return;
        await apply(changes.filter(({ kind }) => kind !== 'removed'));
        removed.push(...changes.filter(({ kind }) => kind === 'removed'));
      }
      await apply(removed);
    },
  };
}

async function assertNotEmptied({ images, prefix }: FollowContext, index: IndexReader): Promise<void> {
  for await (const batch of images.list(prefix === undefined ? {} : { prefix })) if (batch.length > 0) return;
  const { images: known } = await index.stats();
  if (known.indexed === 0) return;
  throw new RekbackError(
    'folder-empty',
    `'${images.bucket}' is empty, yet ${known.indexed} images of it are indexed`,
    {
      suggestions: ['check that its disk is mounted', 'if the images are really gone: rekback teardown'],
    },
  );
}
