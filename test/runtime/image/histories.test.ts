import fc from 'fast-check';
import { beforeEach, expect, test, vi } from 'vitest';
import type { Document } from '../../../src/runtime/contract.ts';
import { RekbackError, RetryableError } from '../../../src/runtime/errors.ts';
import { archiveAnswers, Killed, memoryStack, scanAll } from '../run/memory-stack.ts';

/** Few keys and contents, so that images overwrite, copy and follow one another. */
const KEYS = ['a.jpg', 'b.jpg', 'c/a.jpg', 'c/b.jpg', 'd.jpg', 'z.jpg'];
const CONTENTS = ['dog', 'cat, animal', 'sea', 'tree', 'corrupt 1', 'corrupt 2', '', 'unavailable'];

type Step =
  | { do: 'put'; key: string; content: string }
  | { do: 'remove'; key: string }
  | { do: 'touch'; key: string }
  | { do: 'rename'; key: string; to: string }
  | { do: 'backfill' | 'catch up'; ends: Ends; meanwhile: Meanwhile[]; concurrency: number }
  | { do: 'both'; meanwhile: Meanwhile[]; concurrency: number };

type WorkStep = Extract<Step, { concurrency: number }>;

/** How a process ends before its work is done. */
type Ends =
  | { kind: 'well' }
  | { kind: 'killed'; write: number; when: 'before' | 'after' }
  | { kind: 'drained' | 'capped'; calls: number };

/** What happens to the images while one of them is labelled. */
type Meanwhile = { do: 'put'; key: string; content: string } | { do: 'remove'; key: string } | { do: 'wait' };

const key = fc.constantFrom(...KEYS);
const content = fc.constantFrom(...CONTENTS);
const putStep = fc.record({ do: fc.constant('put' as const), key, content });
const meanwhile = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.constant({ do: 'wait' as const }) },
    { weight: 1, arbitrary: putStep },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), key }) },
  ),
  { maxLength: 6 },
);
const concurrency = fc.constantFrom(1, 3);
const ends: fc.Arbitrary<Ends> = fc.oneof(
  fc.constant({ kind: 'well' as const }),
  fc.record({
    kind: fc.constant('killed' as const),
    write: fc.nat(14),
    when: fc.constantFrom('before', 'after'),
  }),
  fc.record({ kind: fc.constantFrom('drained', 'capped'), calls: fc.nat(3) }),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: putStep },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('remove', 'touch'), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('rename' as const), key, to: key }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom('backfill', 'catch up'), ends, meanwhile, concurrency }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('both' as const), meanwhile, concurrency }) },
);

/** A stack on which steps are done, and which knows what they may cost. */
function world() {
  let changes = 0;
  let onCall = (): void | Promise<void> => {};
  const stack = memoryStack(async (_, text) => {
    await onCall();
    if (text === 'unavailable') throw new RetryableError('try later');
  });
  const { images, index, labeler } = stack;
  // Never removed, for an emptied store is not believed.
  images.put('kept.jpg', 'dog');

  const mutate = (at: Exclude<Meanwhile, { do: 'wait' }> | Extract<Step, { key: string }>) => {
    changes++;
    if (at.do === 'put') images.put(at.key, at.content);
    else if (at.do === 'remove') images.remove(at.key);
    else if (at.do === 'touch') images.touch(at.key);
    else {
      const moved = images.content(at.key);
      if (moved === undefined) return;
      images.remove(at.key);
      images.put(at.to, moved);
    }
  };

  /** Distinct contents that neither the index nor, for a backfill, the unfinished run's archive has an answer for. */
  async function unpaid(isBackfill: boolean): Promise<number> {
    const documents = await scanAll(index);
    const byKey = new Map(documents.map((document) => [document.key, document]));
    const labelled = new Set(documents.filter(({ state }) => state === 'indexed').map(({ etag }) => etag));
    const archived = isBackfill ? await archiveAnswers(stack) : new Set<string>();
    const contents = new Set<string>();
    for await (const listed of images.list({})) {
      for (const { key: listedKey } of listed) {
        const etag = (await images.head(listedKey))?.etag ?? '';
        const document = byKey.get(listedKey);
        const isKnown = document?.etag === etag || labelled.has(etag) || archived.has(etag);
        if (!isKnown) contents.add(etag);
      }
    }
    return contents.size;
  }

  /** Does it, and checks that it paid for nothing twice. */
  async function work(what: WorkStep['do'], during: readonly Meanwhile[], run: () => Promise<unknown>) {
    const processes = what === 'both' ? 2 : 1;
    const may = await unpaid(what === 'backfill');
    const [before, changesBefore] = [labeler.calls.length, changes];
    const queue = [...during];
    onCall = async () => {
      const next = queue.shift();
      if (next?.do === 'wait') await new Promise(setImmediate);
      else if (next !== undefined) mutate(next);
    };
    await run();
    onCall = () => {};
    const paid = labeler.calls.length - before;
    expect(paid).toBeLessThanOrEqual(processes * (may + changes - changesBefore));
  }

  async function doStep(at: Step): Promise<void> {
    if (!('concurrency' in at)) return mutate(at);
    const { concurrency: inFlight } = at;
    if (at.do === 'both') {
      const both = () =>
        Promise.all([stack.backfill({ concurrency: inFlight }), stack.catchUp({ concurrency: inFlight })]);
      return work('both', at.meanwhile, both);
    }
    const options = { concurrency: inFlight, ...(await endOf(at.ends)) };
    const act = () => (at.do === 'backfill' ? stack.backfill(options) : stack.catchUp(options));
    await work(at.do, at.meanwhile, () =>
      act().catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error;
      }),
    );
  }

  async function endOf(at: Ends) {
    switch (at.kind) {
      case 'well':
        return {};
      case 'killed':
        return { kill: { write: at.write, when: at.when } };
      case 'capped':
        return { maxCalls: at.calls };
      case 'drained': {
        const drain = new AbortController();
        const before = labeler.calls.length;
        // Looked at before each image, like a signal that comes at any time.
        Object.defineProperty(drain.signal, 'aborted', {
          get: () => labeler.calls.length - before >= at.calls,
        });
        return { draining: drain.signal };
      }
    }
  }
  return { ...stack, doStep, work };
}

/** What the index should say of an image. */
function expected(imageContent: string): Partial<Document> {
  if (imageContent === '') return { state: 'failed', reason: 'empty', labels: [] };
  if (imageContent.startsWith('corrupt')) return { state: 'failed', reason: 'corrupt', labels: [] };
  const labels = imageContent.split(', ').map((name) => ({ name, confidence: 100 }));
  return { state: 'indexed', labels: labels.sort((a, b) => (a.name < b.name ? -1 : 1)) };
}

beforeEach(() => {
  // Waits between attempts are a random part of some time; none here.
  vi.spyOn(Math, 'random').mockReturnValue(0);
});

test('whatever happened, the index ends equal to the images, and nothing was paid for twice', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 16 }), async (steps) => {
      const { images, index, doStep, work, backfill, catchUp } = world();
      for (const each of steps) await doStep(each);

      const runs: string[] = [];
      // The first may be the rest of a capped or interrupted run, whose rows are of long ago.
      for (let round = 0; round < 2; round++) {
        await work('backfill', [], async () => runs.push((await backfill()).run.state));
      }
      expect(runs).toEqual(['succeeded', 'succeeded']);
      let unavailable: string[] = [];
      await work('catch up', [], async () => {
        unavailable = [...(await catchUp()).outcomes]
          .filter(([, outcome]) => outcome.outcome === 'failed' && outcome.reason === 'unavailable')
          .map(([failed]) => failed);
      });

      const documents = new Map((await scanAll(index)).map((document) => [document.key, document]));
      for (const each of [...KEYS, 'kept.jpg']) {
        const present = images.content(each);
        const document = documents.get(each);
        if (present === undefined) expect(document?.state ?? 'deleted', each).toBe('deleted');
        else if (present === 'unavailable') expect(unavailable, each).toContain(each);
        else {
          const { etag, size, lastModified } = (await images.head(each)) ?? {};
          expect(document, each).toMatchObject({ ...expected(present), etag, size, lastModified });
        }
      }
    }),
    { numRuns: 300 },
  );
});

test('an image that was touched or renamed, or is a copy, costs nothing', async () => {
  const { images, labeler, backfill, catchUp, index } = memoryStack();
  for (let at = 1_000; at < 4_000; at++) images.put(`m${at}.jpg`, `label ${at}`);
  images.put('b.jpg', 'dog');
  await backfill({ concurrency: 8 });
  expect(labeler.calls).toHaveLength(3_001);
  images.touch('m1000.jpg');
  // To a name so late that what is gone by then would long have been removed.
  images.remove('b.jpg');
  images.put('z.jpg', 'dog');
  images.put('copy.jpg', 'label 1000');
  await catchUp({ concurrency: 8 });
  expect(labeler.calls).toHaveLength(3_001);
  expect(await index.get('z.jpg')).toMatchObject({ state: 'indexed', labels: [{ name: 'dog' }] });
  expect(await index.get('b.jpg')).toMatchObject({ state: 'deleted', labels: [] });
  expect((await index.stats()).images).toEqual({ indexed: 3_002, failed: 0, deleted: 1 });
});

test('an emptied store is not believed', async () => {
  const { images, backfill, catchUp, index } = memoryStack();
  images.put('a.jpg', 'dog');
  await backfill();
  images.remove('a.jpg');
  const caught = catchUp();
  await expect(caught).rejects.toThrow(RekbackError);
  await expect(caught).rejects.toMatchObject({ code: 'folder-empty' });
  expect((await index.stats()).images).toEqual({ indexed: 1, failed: 0, deleted: 0 });
});
