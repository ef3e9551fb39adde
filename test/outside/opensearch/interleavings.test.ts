import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openMemoryImages } from '../../../src/adapters/memory/images.ts';
import { createMemoryLabeler } from '../../../src/adapters/memory/labeler.ts';
import { callCap } from '../../../src/adapters/workers/settling.ts';
import { type Change, seenImage } from '../../../src/runtime/image/change.ts';
import { createGovernor } from '../../../src/runtime/image/governor.ts';
import { settle } from '../../../src/runtime/image/settle.ts';
import type { IndexReader, IndexWriter, ListedImage } from '../../../src/runtime/ports.ts';
import { describeOnNodes } from './node.ts';
import { openTestIndex } from './open.ts';
import { type Turn, takeTurns } from './turns.ts';

/** Each history has an image of its own in one index, so that many run at once: most of the time is the server's. */
const AT_ONCE = 20;
const ROUNDS = 16;

/** What happens to the bucket, with the event that tells of it and how often that is delivered. */
const step = fc.record({
  content: fc.constantFrom('dog', 'cat', 'sea', 'tree', 'corrupt', undefined),
  deliveries: fc.constantFrom(1, 1, 1, 1, 1, 2),
  /** Turns until it happens: the others may come to their end before, or stand in the middle. */
  after: fc.nat(8),
});
const history = fc.record({
  steps: fc.array(step, { minLength: 3, maxLength: 4 }),
  backfills: fc.constantFrom(0, 0, 1),
  choices: fc.array(fc.nat(20), { minLength: 10, maxLength: 20 }),
  /** Who stands still before one of its calls (look-up, head, write) until the others are through: as late as may be. */
  late: fc.array(fc.record({ actor: fc.nat(20), call: fc.constantFrom(2, 3, 4, 4, 4) }), { maxLength: 2 }),
});
type History = typeof history extends fc.Arbitrary<infer T> ? T : never;

await describeOnNodes('create, delete and backfill in any order', (endpoint) => {
  let writer: IndexWriter;
  let reader: IndexReader;
  let histories = 0;
  let conflicts = 0;

  beforeAll(async () => {
    ({ writer, reader } = await openTestIndex(endpoint));
  });
  afterAll(async () => {
    await reader.close();
    await writer.close();
  });

  async function run(one: History): Promise<void> {
    const { steps, backfills, choices, late } = one;
    const key = `${histories++}.jpg`;
    const images = openMemoryImages('photos');
    let done = 0;
    let now = 1_000_000;

    const mutate = async (turn: Turn) => {
      for (const { content, after } of steps) {
        for (let times = 0; times <= after; times++) await turn();
        if (content === undefined) images.remove(key);
        else images.put(key, content);
        done++;
      }
    };
    /** Told some time after it happened: what comes first, and how late, is a matter of turns. */
    const deliver = (at: number) => async (turn: Turn) => {
      await turn(() => done > at);
      const order = String(at + 1).padEnd(64, '0');
      const kind = steps[at]?.content === undefined ? 'removed' : 'created';
      await settleOne([{ kind, key, order, row: -1 }], 'live', turn);
    };
    const backfill = (number: number) => async (turn: Turn) => {
      const listed: ListedImage[] = [];
      for await (const batch of images.list({})) listed.push(...batch);
      await settleOne(listed.map(seenImage), `run-${number}`, turn);
    };
    const settleOne = (changes: Change[], asRun: string, turn: Turn) => {
      const labeler = createMemoryLabeler();
      const inTurn = <T>(call: () => Promise<T>) => turn().then(call);
      return settle(changes, {
        images: { ...images, head: (key) => inTurn(() => images.head(key)) },
        labeler,
        index: {
          ...writer,
          lookUp: (keys) => inTurn(() => writer.lookUp(keys)),
          write: (writes) =>
            inTurn(async () => {
              const results = await writer.write(writes);
              conflicts += results.filter(({ result }) => result === 'conflict').length;
              return results;
            }),
        },
        archive: async () => {},
        governor: createGovernor({
          share: Number.POSITIVE_INFINITY,
          clock: { now: () => now++, sleep: async () => {} },
        }),
        cap: callCap(Number.POSITIVE_INFINITY),
        policy: {
          bucket: images.bucket,
          labeling: labeler.labeling,
          relabel: 'none',
          run: asRun,
          maxBytes: labeler.maxBytes,
          etagIsContent: false,
        },
        concurrency: 1,
        draining: new AbortController().signal,
        now: () => now++,
        sleep: async () => {},
      });
    };

    const deliveries = steps.flatMap(({ deliveries: times }, at) =>
      Array.from({ length: times }, () => deliver(at)),
    );
    const workers = [...deliveries, ...Array.from({ length: backfills }, (_, number) => backfill(number))];
    const lateCalls = new Map(late.map(({ actor, call }) => [1 + (actor % workers.length), call]));
    let others = workers.length + 1 - lateCalls.size;
    const actors = [mutate, ...workers].map((act, actor) => async (turn: Turn) => {
      let calls = 0;
      await act((isReady = () => true) => {
        const waits = ++calls === lateCalls.get(actor);
        return turn(() => isReady() && (!waits || others === 0));
      });
      if (!lateCalls.has(actor)) others--;
    });
    await takeTurns(actors, choices);
    const [document, head] = [await reader.get(key), await images.head(key)];
    if (head === undefined) expect(document?.state ?? 'deleted', fc.stringify(one)).toBe('deleted');
    else {
      const content = images.content(key);
      const labels = content === 'corrupt' ? [] : [{ name: content, confidence: 100 }];
      const state = content === 'corrupt' ? 'failed' : 'indexed';
      expect(document, fc.stringify(one)).toMatchObject({ etag: head.etag, size: head.size, state, labels });
    }
  }

  test(`${AT_ONCE * ROUNDS} of them end as the bucket is`, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(history, { minLength: AT_ONCE, maxLength: AT_ONCE }), async (many) => {
        await Promise.all(many.map(run));
      }),
      // The message has the one that failed; to make it smaller would take minutes.
      { numRuns: ROUNDS, endOnFailure: true },
    );
    // Else the turns brought nobody into another's way, and this test shows nothing.
    expect(conflicts).toBeGreaterThan(100);
  }, 180_000);
});
