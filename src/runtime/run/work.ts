import { CHUNK_ROWS, type Outcome, type RunRecord } from '../contract.ts';
import { RekbackError } from '../errors.ts';
import { encodePart, readPart } from '../image/archive.ts';
import { seenImage } from '../image/change.ts';
import type { Case } from '../image/decide.ts';
import { type SettleContext, settle } from '../image/settle.ts';
import type { ObjectStore } from '../ports.ts';
import { readChunk } from '../rows/chunk.ts';
import { archivePart, chunkArchive, chunkResult, chunkRows } from './layout.ts';
import { type ChunkResult, count, emptyResult } from './ledger.ts';

/** What settling needs beside what the chunk itself brings. */
export type WorkContext = Omit<SettleContext, 'archive' | 'recovered' | 'onOutcome'> & {
  objects: ObjectStore;
  /** Told after each row, and after each answer that was kept. */
  onRow?: (key: string, outcome: Outcome) => void;
  onCall?: () => void;
};

/**
 * Works on one chunk and records its result. Run again after any interruption, it goes on: rows that it had written
 * are counted once, answers that it had archived are not paid for again.
 *
 * @returns the recorded result; not `complete` when draining or the call cap came first
 * @throws SystemicError after recording what was done until then
 */
export async function workChunk(run: RunRecord, chunk: number, context: WorkContext): Promise<ChunkResult> {
  const { objects } = context;
  const stored = await objects.get(chunkRows(run.id, chunk));
  if (stored === undefined) {
    throw new RekbackError('chunk-missing', `chunk ${chunk} of run '${run.id}' is gone from the stack`, {
      suggestions: [`end the run with: rekback backfill cancel ${run.id}`, 'then start another'],
    });
  }
  const changes = (await readChunk(stored.body)).map((image, at) =>
    seenImage(image, chunk * CHUNK_ROWS + at),
  );
  const archived = await readChunkArchive(objects, chunkArchive(run.id, chunk));
  const result = emptyResult(chunk, changes.length);
  result.labelCalls = archived.calls;

  let part = archived.parts;
  const settling = settle(changes, {
    ...context,
    recovered: archived.answers,
    archive: async (entries) => {
      const body = await encodePart(run.labeling, entries);
      await objects.put(archivePart(chunkArchive(run.id, chunk), part), body);
      part++;
      for (const { answer } of entries) {
        if (answer === undefined) continue;
        result.labelCalls++;
        context.onCall?.();
      }
    },
    onOutcome: ({ key }, outcome) => {
      count(result, key, outcome);
      context.onRow?.(key, outcome);
    },
  });
  try {
    await settling;
  } finally {
    result.complete = result.pending === 0;
    await objects.put(chunkResult(run.id, chunk), Buffer.from(JSON.stringify(result)));
  }
  return result;
}

/** Labeler calls that a chunk has cost so far. */
export const chunkCalls = async (objects: ObjectStore, run: string, chunk: number): Promise<number> =>
  (await readChunkArchive(objects, chunkArchive(run, chunk))).calls;

/** What earlier attempts at a chunk paid for. */
async function readChunkArchive(objects: ObjectStore, prefix: string) {
  const answers = new Map<string, NonNullable<Case['answer']>>();
  let parts = 0;
  let calls = 0;
  for await (const { key } of objects.list(prefix)) {
    parts++;
    for (const { document, answer } of (await readPart(objects, key)).entries) {
      if (answer === undefined) continue;
      calls++;
      answers.set(document.key, { etag: document.etag, answer });
    }
  }
  return { answers, parts, calls };
}
