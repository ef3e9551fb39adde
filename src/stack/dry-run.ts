import type { Document, Outcome, Selection } from '../runtime/contract.ts';
import { RekbackError, UnreadableError } from '../runtime/errors.ts';
import { seenImage } from '../runtime/image/change.ts';
import { decide, type Policy } from '../runtime/image/decide.ts';
import type { ImageStore, IndexReader, ListedImage } from '../runtime/ports.ts';
import type { Ledger } from '../runtime/progress.ts';
import { readChunk } from '../runtime/rows/chunk.ts';
import { planRun } from '../runtime/run/plan.ts';
import { readPlan, summarise } from '../runtime/run/record.ts';
import { findUnfinished } from '../runtime/run/start.ts';
import type { Stack } from './stack.ts';

/** What a backfill would do, without doing any of it. */
export interface DryRun {
  /** The unfinished run that it would go on with; null for a new one. */
  run: string | null;
  total: number;
  /** Already labelled or set aside, by reason. */
  skipped: Ledger['skipped'];
  /** What can be known without the labeler. */
  failed: Ledger['failed'];
  /** Images that the labeler would be asked about; one whose content is known from another key costs no call then. */
  toLabel: number;
  /** US dollars, at most. */
  cost: number;
}

/** Images asked about at once: an index that is far away answers each after some milliseconds. */
const LOOKS_AT_ONCE = 32;

/** Plans a run and asks the index about every image, or looks up the run that would be gone on with; writes nothing. */
export async function dryRun(
  stack: Stack,
  selection: Selection | undefined,
  signal: AbortSignal,
): Promise<DryRun> {
  const objects = await stack.objects();
  const { callPrice } = await stack.labeler();
  const unfinished = selection === undefined ? await findUnfinished(objects) : undefined;
  if (unfinished !== undefined && (await readPlan(objects, unfinished.id)) !== undefined) {
    const { isAlive } = await stack.leases();
    const { id, total, indexed, skipped, failed, pending } = await summarise(objects, unfinished, isAlive);
    const done = indexed === 0 ? skipped : { ...skipped, unchanged: (skipped.unchanged ?? 0) + indexed };
    return { run: id, total, skipped: done, failed, toLabel: pending, cost: pending * callPrice };
  }
  return count(stack, selection ?? unfinished?.selection ?? stack.everything, signal);
}

async function count(stack: Stack, selection: Selection, signal: AbortSignal): Promise<DryRun> {
  const images = await stack.images();
  const labeler = await stack.labeler();
  const index = await readerOf(stack);
  const prefix = selection.prefix ?? stack.record.prefix;
  const policy: Policy = {
    bucket: images.bucket,
    labeling: labeler.labeling,
    relabel: selection.relabel,
    run: '',
    maxBytes: labeler.maxBytes,
    etagIsContent: images.etagIsContent,
  };
  const counted = { toLabel: 0, skipped: {} as Ledger['skipped'], failed: {} as Ledger['failed'] };
  const add = (counts: Record<string, number>, reason: string, more = 1) => {
    counts[reason] = (counts[reason] ?? 0) + more;
  };
  try {
    const plan = await planRun({
      rows: await stack.rows(selection),
      formats: labeler.formats,
      compress: false,
      put: async (_, body) => {
        const queue = (await readChunk(body))[Symbol.iterator]();
        const look = async () => {
          for (const image of queue) {
            signal.throwIfAborted();
            const outcome = await foresee(image, await index?.get(image.key), images, policy);
            if (outcome.outcome === 'pending') counted.toLabel++;
            else if (outcome.outcome === 'skipped') add(counted.skipped, outcome.reason);
            else if (outcome.outcome === 'failed') add(counted.failed, outcome.reason);
          }
        };
        await Promise.all(Array.from({ length: LOOKS_AT_ONCE }, look));
      },
      signal,
      ...(prefix === undefined ? {} : { prefix }),
      ...(selection.sample === undefined ? {} : { sample: selection.sample }),
    });
    for (const [reason, more] of Object.entries(plan.skipped)) add(counted.skipped, reason, more);
    return { run: null, total: plan.total, ...counted, cost: counted.toLabel * labeler.callPrice };
  } finally {
    await index?.close();
  }
}

/** Undefined for a stack without an index yet: every image is new to it. */
function readerOf(stack: Stack): Promise<IndexReader | undefined> {
  return stack.indexReader().catch((error: unknown) => {
    if (error instanceof RekbackError && error.code === 'nothing-labelled') return undefined;
    throw error;
  });
}

/** How an image would end without the labeler; `pending` where that one has to be asked. */
async function foresee(
  image: ListedImage,
  document: Document | undefined,
  images: ImageStore,
  policy: Policy,
): Promise<Outcome> {
  const asked = {
    change: seenImage(image, -1),
    known: document === undefined ? null : { version: '', document },
  };
  const first = decide(asked, policy);
  if (first.step === 'done') return first.outcome;
  try {
    const second = decide(
      { ...asked, head: await headOf(image, document, images), observedAt: Date.now() },
      policy,
    );
    return second.step === 'done' || second.step === 'write' ? second.outcome : { outcome: 'pending' };
  } catch (error) {
    if (!(error instanceof UnreadableError)) throw error;
    return { outcome: 'failed', reason: 'unreadable', detail: error.message };
  }
}

/** A new image is taken at its row's word, so that not every file is read for a count. */
async function headOf(
  { key, size, lastModified }: ListedImage,
  document: Document | undefined,
  images: ImageStore,
) {
  if (document === undefined && size !== undefined)
    return { etag: '', size, lastModified: lastModified ?? 0 };
  return (await images.head(key)) ?? null;
}
