import { openMemoryImages } from '../../../src/adapters/memory/images.ts';
import { openMemoryIndex } from '../../../src/adapters/memory/index.ts';
import { createMemoryLabeler } from '../../../src/adapters/memory/labeler.ts';
import { openMemoryObjects } from '../../../src/adapters/memory/objects.ts';
import { createLocalExecutor } from '../../../src/adapters/workers/executor.ts';
import type { Selection } from '../../../src/runtime/contract.ts';
import type { IndexWriter, ObjectStore } from '../../../src/runtime/ports.ts';
import type { Holder } from '../../../src/runtime/run/lease.ts';
import type { RunSummary } from '../../../src/runtime/run/record.ts';
import { startRun } from '../../../src/runtime/run/start.ts';

/** Thrown by every effect of a process that a test has killed. */
export class Killed extends Error {}

/** Where a process dies: before or after the write with this number (from 0). */
export interface Kill {
  write: number;
  when: 'before' | 'after';
}

/** A stack in memory, on which processes can be started and killed one after another. */
export function memoryStack(before?: (key: string) => void | Promise<void>) {
  const images = openMemoryImages();
  const objects = openMemoryObjects();
  const index = openMemoryIndex({ bucket: images.bucket });
  const labeler = createMemoryLabeler({}, before);
  const alive = new Set<string>();
  let processes = 0;

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
    const mortal = mortality(options.kill);
    const wrapped = { objects: mortal.objects(objects), index: mortal.index(index) };
    try {
      const run = await startRun({
        objects: wrapped.objects,
        executor: createLocalExecutor({
          objects: wrapped.objects,
          images,
          labeler: { ...labeler, detect: mortal.guard(labeler.detect.bind(labeler)) },
          openIndex: async () => wrapped.index,
          rows: async () => ({ kind: 'images', read: (signal) => images.list({ signal }) }),
          prefix: undefined,
          concurrency: options.concurrency ?? 1,
          rate: undefined,
        }),
        labeling: labeler.labeling,
        selection: options.selection,
        holder,
        isAlive: ({ id }) => alive.has(id),
        draining: options.draining ?? new AbortController().signal,
        maxCalls: options.maxCalls ?? Number.POSITIVE_INFINITY,
        report: () => {},
      });
      return { run, writes: mortal.writes() };
    } finally {
      alive.delete(holder.id);
    }
  }
  return { images, objects, index, labeler, backfill };
}

function mortality(kill: Kill | undefined) {
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
