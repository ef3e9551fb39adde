import type { Selection } from '../runtime/contract.ts';
import { seenImage } from '../runtime/image/change.ts';
import { decide } from '../runtime/image/decide.ts';
import type { Ledger } from '../runtime/progress.ts';
import { readChunk } from '../runtime/rows/chunk.ts';
import { planRun } from '../runtime/run/plan.ts';
import { EVERYTHING } from '../runtime/run/start.ts';
import type { Stack } from './open.ts';
import { openSelectedRows } from './rows.ts';

/** What a backfill would do, without doing any of it. */
export interface DryRun {
  total: number;
  /** Already labelled or set aside, by reason. */
  skipped: Ledger['skipped'];
  /** Images to be looked at; a changed one whose content is known already costs no call. */
  toLabel: number;
  /** US dollars, at most. */
  cost: number;
}

/** Plans a run and asks the index about every image, and writes nothing. */
export async function dryRun(
  stack: Stack,
  selection: Selection = EVERYTHING,
  signal: AbortSignal,
): Promise<DryRun> {
  const images = await stack.images();
  const labeler = await stack.labeler();
  const index = await stack.indexReader();
  const prefix = selection.prefix ?? stack.record.prefix;
  let toLabel = 0;
  const skipped: Ledger['skipped'] = {};
  const add = (reason: string, count = 1) => {
    skipped[reason] = (skipped[reason] ?? 0) + count;
  };
  const policy = {
    bucket: images.bucket,
    labeling: labeler.labeling,
    relabel: selection.relabel,
    run: '',
    maxBytes: labeler.maxBytes,
    etagIsContent: images.etagIsContent,
  };
  const plan = await planRun({
    rows: await openSelectedRows(selection, images, await stack.objects()),
    formats: labeler.formats,
    compress: false,
    put: async (_, body) => {
      for (const image of await readChunk(body)) {
        const document = await index.get(image.key);
        const known = document === undefined ? null : { version: '', document };
        const step = decide({ change: seenImage(image, -1), known }, policy);
        if (step.step === 'done' && step.outcome.outcome === 'skipped') add(step.outcome.reason);
        else toLabel++;
      }
    },
    signal,
    ...(prefix === undefined ? {} : { prefix }),
    ...(selection.sample === undefined ? {} : { sample: selection.sample }),
  });
  await index.close();
  for (const [reason, count] of Object.entries(plan.skipped)) add(reason, count);
  return { total: plan.total, skipped, toLabel, cost: toLabel * labeler.callPrice };
}
