import { expect, test } from 'vitest';
import type { Document } from '../../../src/runtime/contract.ts';
import { Killed, memoryStack } from './memory-stack.ts';

const CONTENTS = ['dog', 'cat, animal', 'corrupt', '', 'dog, cat', 'dog'];
const RUN_MARKS = /^\d{8}-\d{6}-/;

function stackWithImages() {
  const stack = memoryStack();
  for (const [at, content] of CONTENTS.entries()) stack.images.put(`${at}.jpg`, content);
  stack.images.put('notes.txt', 'no image');
  return stack;
}

type Stack = ReturnType<typeof stackWithImages>;

async function documents({ index }: Stack): Promise<Partial<Document>[]> {
  const all: Partial<Document>[] = [];
  for await (const batch of index.scan({})) {
    all.push(
      ...batch.map(({ observedAt: _, run, ...rest }) => ({
        ...rest,
        run: run.replace(RUN_MARKS, 'run-').slice(0, 4),
      })),
    );
  }
  return all;
}

const LEDGER = {
  total: 7,
  indexed: 4,
  skipped: { 'not-an-image': 1 },
  failed: { corrupt: 1, empty: 1 },
  pending: 0,
};

test('an undisturbed run accounts for every image and pays once for each content', async () => {
  const stack = stackWithImages();
  const { run } = await stack.backfill();
  expect(run).toMatchObject({ state: 'succeeded', ...LEDGER, labelCalls: 4 });
  // The last image has the content of the first, and the empty one needs no call.
  expect(stack.labeler.calls).toEqual(['0.jpg', '1.jpg', '2.jpg', '4.jpg']);
});

test('killed at any write, before or after it, the same command again ends in the same state and ledger', async () => {
  const whole = stackWithImages();
  const { writes } = await whole.backfill();
  const wanted = await documents(whole);
  expect(writes).toBeGreaterThan(8);
  for (let write = 0; write < writes; write++) {
    for (const when of ['before', 'after'] as const) {
      const at = `${when} write ${write}`;
      const stack = stackWithImages();
      await expect(stack.backfill({ kill: { write, when } }), at).rejects.toThrow(Killed);
      const { run } = await stack.backfill();
      expect(run, at).toMatchObject({ state: 'succeeded' });
      expect(await documents(stack), at).toEqual(wanted);
      // A run that had ended when it was killed is followed by one that finds everything unchanged.
      const first = run.indexed > 0 || run.pending > 0;
      if (first) expect(run, at).toMatchObject(LEDGER);
      else
        expect(run, at).toMatchObject({
          total: 7,
          skipped: { unchanged: 4, 'failed-before': 2 },
          labelCalls: 0,
        });
      // One image is in flight at a time here, and answers that were archived are never asked for again.
      expect(stack.labeler.calls.length, at).toBeLessThanOrEqual(4 + 4);
    }
  }
});

test('killed at every write of one run in turn, it still ends, each image once', async () => {
  const stack = stackWithImages();
  let attempts = 0;
  for (let write = 0; ; write++) {
    attempts++;
    const ended = await stack.backfill({ kill: { write, when: 'after' } }).catch((error: unknown) => {
      if (!(error instanceof Killed)) throw error;
      return undefined;
    });
    if (ended === undefined) continue;
    expect(ended.run.state).toBe('succeeded');
    break;
  }
  expect(attempts).toBeGreaterThan(3);
  const states = (await documents(stack)).map(({ key, state }) => `${key} ${state}`);
  expect(states).toEqual([
    '0.jpg indexed',
    '1.jpg indexed',
    '2.jpg failed',
    '3.jpg failed',
    '4.jpg indexed',
    '5.jpg indexed',
  ]);
});
