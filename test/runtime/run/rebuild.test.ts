import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openMemoryIndex } from '../../../src/adapters/memory/index.ts';
import type { Relabel } from '../../../src/runtime/contract.ts';
import { ARCHIVE } from '../../../src/runtime/run/layout.ts';
import { rebuildIndex } from '../../../src/runtime/run/rebuild.ts';
import { Killed, memoryStack, scanAll } from './memory-stack.ts';

const KEYS = ['a.jpg', 'b.jpg', 'c/a.jpg', 'd.jpg'];
const CONTENTS = ['dog', 'cat, animal', 'sea', 'corrupt', ''];

const key = fc.constantFrom(...KEYS);
const change = fc.oneof(
  fc.record({ do: fc.constant('put' as const), key, content: fc.constantFrom(...CONTENTS) }),
  fc.record({ do: fc.constantFrom('remove' as const, 'touch' as const), key }),
  fc.record({ do: fc.constant('rename' as const), key, to: key }),
);
const work = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('catch up' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('backfill' as const),
      relabel: fc.constantFrom<Relabel>('none', 'none', 'all', 'failed'),
      maxCalls: fc.constantFrom(1, 2, Number.POSITIVE_INFINITY),
    }),
  },
);
const kill = fc.record({
  do: fc.constant('kill' as const),
  what: fc.constantFrom('backfill' as const, 'catchUp' as const),
  write: fc.nat(14),
  when: fc.constantFrom('before' as const, 'after' as const),
});
type ValueOf<A> = A extends fc.Arbitrary<infer T> ? T : never;
type Step = ValueOf<typeof change> | ValueOf<typeof work> | ValueOf<typeof kill>;

beforeEach(() => {
  // Two observations are never of one moment here; in nature, one of them costs more than a millisecond.
  let clock = Date.parse('2026-01-01');
  vi.spyOn(Date, 'now').mockImplementation(() => ++clock);
});
afterEach(() => {
  vi.restoreAllMocks();
});

function historyOf() {
  const stack = memoryStack();
  const { images } = stack;
  images.put('kept.jpg', 'dog');
  async function doStep(step: Step): Promise<unknown> {
    switch (step.do) {
      case 'put':
        return images.put(step.key, step.content);
      case 'remove':
        return images.remove(step.key);
      case 'touch':
        return images.touch(step.key);
      case 'rename': {
        const content = images.content(step.key);
        if (content === undefined) return;
        images.remove(step.key);
        return images.put(step.to, content);
      }
      case 'catch up':
        return stack.catchUp({ concurrency: 3 });
      case 'backfill': {
        const { maxCalls, relabel } = step;
        const selection =
          relabel === 'none' ? {} : { selection: { from: { kind: 'listing' as const }, relabel } };
        return stack.backfill({ maxCalls, concurrency: 3, ...selection }).catch((error) => {
          if (error.code !== 'run-unfinished') throw error;
        });
      }
      case 'kill': {
        const { what, write, when } = step;
        return stack[what]({ kill: { write, when } }).catch((error: unknown) => {
          if (!(error instanceof Killed)) throw error;
        });
      }
    }
  }

  /** Every document of an index made from the archive alone. */
  async function rebuilt() {
    const calls = stack.labeler.calls.length;
    const index = openMemoryIndex({ bucket: images.bucket });
    const { documents, parts } = await rebuildIndex(stack.objects, index);
    expect(stack.labeler.calls).toHaveLength(calls);
    const all = await scanAll(index);
    expect(documents).toBe(all.length);
    return { index, all, parts };
  }
  return { ...stack, doStep, rebuilt };
}

test('an index made from the archive is the same in every field, and costs no call', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(change, work), { maxLength: 25 }), async (steps) => {
      const { index, doStep, rebuilt } = historyOf();
      for (const step of steps) await doStep(step);
      expect((await rebuilt()).all).toEqual(await scanAll(index));
    }),
    { numRuns: 300 },
  );
});

test('after kills too, once it has caught up with what only the archive knew', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.oneof(change, work, kill), { maxLength: 25 }), async (steps) => {
      const { index, images, doStep, rebuilt, backfill, catchUp } = historyOf();
      for (const step of steps) await doStep(step);
      for (let round = 0; round < 2; round++) await backfill();
      await catchUp();
      const present = async (from: typeof index) =>
        (await scanAll(from))
          .filter(({ key: each }) => images.content(each) !== undefined)
          .map(({ key: each, etag, state, labels, lastModified }) => ({
            each,
            etag,
            state,
            labels,
            lastModified,
          }));
      const { index: other } = await rebuilt();
      expect(await present(other)).toEqual(await present(index));
    }),
    { numRuns: 300 },
  );
});

test('a damaged object of the archive is named, and nothing is made of the rest unseen', async () => {
  const { objects, doStep, rebuilt } = historyOf();
  await doStep({ do: 'backfill', relabel: 'none', maxCalls: Number.POSITIVE_INFINITY });
  const keys: string[] = [];
  for await (const { key: each } of objects.list(ARCHIVE)) keys.push(each);
  const [first = ''] = keys;
  const body = (await objects.get(first))?.body ?? Buffer.alloc(0);
  for (const damaged of [
    body.subarray(0, -1),
    Buffer.alloc(0),
    Buffer.from('text'),
    Buffer.from(body).fill(7, 12, 20),
  ]) {
    await objects.put(first, damaged);
    await expect(rebuilt()).rejects.toMatchObject({
      code: 'archive-unreadable',
      message: expect.stringContaining(`'${first}'`),
    });
  }
});

test('an empty archive gives an empty index', async () => {
  expect(await historyOf().rebuilt()).toMatchObject({ all: [], parts: 0 });
});
