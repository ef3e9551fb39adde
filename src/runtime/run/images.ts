import type { DocumentState, FailReason, RunRecord, SkipReason } from '../contract.ts';
import type { IndexReader, ObjectStore } from '../ports.ts';
import { runSkipped } from './layout.ts';
import { readJson, readResults, readRun, runIds } from './record.ts';

/** One image of `images list`. */
export interface ListedState {
  key: string;
  state: 'indexed' | 'skipped' | 'failed';
  reason: string | null;
  detail?: string;
  run: string;
}

/** Keys that planning set aside; `more` when there were too many to keep them all. */
export interface SkippedKeys {
  keys: readonly { key: string; reason: SkipReason }[];
}

interface Options {
  state: ListedState['state'];
  reason?: string;
  prefix?: string;
}

/** Images in one state, whatever knows of it: the index, or the runs for what the index does not record. */
export async function* listImages(
  objects: ObjectStore,
  index: IndexReader,
  options: Options,
): AsyncGenerator<ListedState> {
  const { state, reason, prefix = '' } = options;
  for await (const image of state === 'skipped'
    ? skipped(objects)
    : recorded(objects, index, state, prefix)) {
    if (image.key.startsWith(prefix) && (reason === undefined || image.reason === reason)) yield image;
  }
}

async function* recorded(
  objects: ObjectStore,
  index: IndexReader,
  state: 'indexed' | 'failed',
  prefix: string,
): AsyncGenerator<ListedState> {
  const states: DocumentState[] = [state];
  for await (const documents of index.scan({ states, ...(prefix === '' ? {} : { prefix }) })) {
    for (const { key, reason, detail, run } of documents) {
      yield { key, state, reason: reason ?? null, run, ...(detail === undefined ? {} : { detail }) };
    }
  }
  if (state === 'indexed') return;
  for (const [key, { reason, detail, run, since }] of await failuresByKey(objects)) {
    const document = await index.get(key);
    // Permanent failures are in the index already; a later success makes a passing one a thing of the past.
    if (document?.state === 'failed' || (document !== undefined && document.observedAt > since)) continue;
    yield { key, state, reason, detail, run };
  }
}

/** Whether a run was about everything, so that what older runs say is out of date once it ended. */
const isWhole = ({ selection: { from, prefix, sample } }: RunRecord) =>
  from.kind === 'listing' && prefix === undefined && sample === undefined;

/** What failed for reasons that may pass, from the newest run that met it. */
export async function failuresByKey(
  objects: ObjectStore,
): Promise<Map<string, { reason: FailReason; detail: string; run: string; since: number }>> {
  const failures = new Map<string, { reason: FailReason; detail: string; run: string; since: number }>();
  for (const id of (await runIds(objects)).reverse()) {
    const run = await readRun(objects, id);
    for (const result of await readResults(objects, id)) {
      for (const { key, reason, detail } of result.failures) {
        if (!failures.has(key))
          failures.set(key, { reason, detail, run: id, since: Date.parse(run.startedAt) });
      }
    }
    if (isWhole(run) && run.state === 'succeeded') break;
  }
  return failures;
}

/** What the newest run that was about everything did not look at, and why; of the newest run where none was. */
async function* skipped(objects: ObjectStore): AsyncGenerator<ListedState> {
  const ids = await runIds(objects);
  let run = ids.at(-1);
  for (const id of ids.reverse()) {
    if (!isWhole(await readRun(objects, id))) continue;
    run = id;
    break;
  }
  if (run === undefined) return;
  const planned = await readJson<SkippedKeys>(objects, runSkipped(run));
  for (const { key, reason } of planned?.keys ?? []) yield { key, state: 'skipped', reason, run };
  for (const { skips } of await readResults(objects, run)) {
    for (const { key, reason } of skips) yield { key, state: 'skipped', reason, run };
  }
}
