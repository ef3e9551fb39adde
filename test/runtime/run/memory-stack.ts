import { openMemoryImages } from '../../../src/adapters/memory/images.ts';
import { openMemoryIndex } from '../../../src/adapters/memory/index.ts';
import { createMemoryLabeler } from '../../../src/adapters/memory/labeler.ts';
import { openMemoryObjects } from '../../../src/adapters/memory/objects.ts';
import { createLocalExecutor } from '../../../src/adapters/workers/executor.ts';
import { callCap, settling } from '../../../src/adapters/workers/settling.ts';
import type { Document, Outcome, Selection } from '../../../src/runtime/contract.ts';
import { RekbackError } from '../../../src/runtime/errors.ts';
import { readPart } from '../../../src/runtime/image/archive.ts';
import { createFollower } from '../../../src/runtime/image/follow.ts';
import type { IndexReader, IndexWriter, ObjectStore } from '../../../src/runtime/ports.ts';
import { ARCHIVE } from '../../../src/runtime/run/layout.ts';
import type { Holder } from '../../../src/runtime/run/lease.ts';
import type { RunSummary } from '../../../src/runtime/run/record.ts';
import { findUnfinished, startRun } from '../../../src/runtime/run/start.ts';

/** Thrown by every effect of a process that a test has killed. */
export class Killed extends RekbackError {
  constructor() {
    super('killed', 'the process was killed');
  }
}

/** Where a process dies: before or after the write with this number (from 0). */
export interface Kill {
  write: number;
  when: 'before' | 'after';
}

/** A stack in memory, on which processes can be started and killed one after another. */
export function memoryStack(before?: (key: string, text: string) => void | Promise<void>) {
  const images = openMemoryImages();
  const objects = openMemoryObjects();
  const index = openMemoryIndex({ bucket: images.bucket });
  const labeler = createMemoryLabeler({}, before);
  const alive = new Set<string>();
  const isAlive = ({ id }: Holder) => alive.has(id);
  let processes = 0;

  /** Another process, alive until `end` is called. */
  function start(kill: Kill | undefined) {
    const holder: Holder = {
      id: `process-${++processes}`,
      what: 'test',
      user: 'tester',
      host: 'here',
      pid: processes,
      started: String(processes),
      since: '2026-01-01T00:00:00.000Z',
    };
    alive.add(holder.id);
    const mortal = mortality(kill);
    return {
      holder,
      objects: mortal.objects(objects),
      index: mortal.index(index),
      labeler: { ...labeler, detect: mortal.guard(labeler.detect.bind(labeler)) },
      writes: mortal.writes,
      end: () => alive.delete(holder.id),
    };
  }

  /** Runs one backfill in a process of its own. The writes it made are counted; `kill` ends it at one of them. */
  async function backfill(
    options: {
      selection?: Selection;
      maxCalls?: number;
      kill?: Kill;
      draining?: AbortSignal;
      concurrency?: number;
    } = {},
  ): Promise<{ run: RunSummary; writes: number }> {
    const process = start(options.kill);
    try {
      const run = await startRun({
        objects: process.objects,
        executor: createLocalExecutor({
          objects: process.objects,
          images,
          labeler: process.labeler,
          openIndex: async () => process.index,
          rows: async () => ({ kind: 'images', read: (signal) => images.list({ signal }) }),
          prefix: undefined,
          concurrency: options.concurrency ?? 1,
          rate: undefined,
        }),
        labeling: labeler.labeling,
        selection: options.selection,
        holder: process.holder,
        isAlive,
        draining: options.draining ?? new AbortController().signal,
        maxCalls: options.maxCalls ?? Number.POSITIVE_INFINITY,
        report: () => {},
      });
      return { run, writes: process.writes() };
    } finally {
      process.end();
    }
  }

  /** Catches up with the images in a process of its own, as following them begins. */
  async function catchUp(
    options: { kill?: Kill; draining?: AbortSignal; concurrency?: number } = {},
  ): Promise<{ outcomes: Map<string, Outcome>; writes: number }> {
    const process = start(options.kill);
    const outcomes = new Map<string, Outcome>();
    const context = await settling({
      images,
      labeler: process.labeler,
      index: process.index,
      labeling: labeler.labeling,
      relabel: 'none',
      run: 'live',
      rate: undefined,
      concurrency: options.concurrency ?? 1,
      cap: callCap(Number.POSITIVE_INFINITY),
      draining: options.draining ?? new AbortController().signal,
    });
    const follower = createFollower({
      ...context,
      objects: process.objects,
      formats: labeler.formats,
      onOutcome: ({ key }, outcome) => outcomes.set(key, outcome),
    });
    try {
      await follower.catchUp(index);
      return { outcomes, writes: process.writes() };
    } finally {
      process.end();
    }
  }
  return { images, objects, index, labeler, isAlive, backfill, catchUp };
}

/** The effects of a process that dies where `kill` says; then all of them throw `Killed`. */
export function mortality(kill: Kill | undefined) {
  let writes = 0;
  let dead = false;
  const guard =
    <A extends unknown[], R>(effect: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      if (dead) throw new Killed();
      return effect(...args);
    };
  const write = <A extends unknown[], R>(effect: (...args: A) => Promise<R>) =>
    guard(async (...args: A): Promise<R> => {
      const number = writes++;
      if (kill?.write === number && kill.when === 'before') {
        dead = true;
        throw new Killed();
      }
      const result = await effect(...args);
      if (kill?.write === number) {
        dead = true;
        throw new Killed();
      }
      return result;
    });
  return {
    guard,
    writes: () => writes,
    objects: (store: ObjectStore): ObjectStore => ({
      get: guard(store.get),
      put: write(store.put),
      remove: write(store.remove),
      async *list(prefix) {
        if (dead) throw new Killed();
        yield* store.list(prefix);
      },
    }),
    index: (index: IndexWriter): IndexWriter => ({
      lookUp: guard(index.lookUp),
      findByEtag: guard(index.findByEtag),
      write: write(index.write),
      close: async () => {},
    }),
  };
}

/** Every document, deleted ones too, in the order of keys. */
export async function scanAll(index: IndexReader): Promise<Document[]> {
  const documents: Document[] = [];
  for await (const batch of index.scan({})) documents.push(...batch);
  return documents;
}

/** Etags of the answers that the newest run has archived, if `backfill now` would go on with that run. */
export async function archiveAnswers({ objects }: { objects: ObjectStore }): Promise<Set<string>> {
  const answers = new Set<string>();
  const run = await findUnfinished(objects);
  if (run === undefined) return answers;
  for await (const { key } of objects.list(`${ARCHIVE}${run.id}/`)) {
    for (const { document, answer } of (await readPart(objects, key)).entries) {
      if (answer !== undefined) answers.add(document.etag);
    }
  }
  return answers;
}
