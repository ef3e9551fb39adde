import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { handleBatch } from '../../src/entry/live/batch.ts';
import { RetryableError, SystemicError, UnreadableError } from '../../src/runtime/errors.ts';
import { createGovernor } from '../../src/runtime/image/governor.ts';
import { liveCallsOf } from '../../src/runtime/live/usage.ts';
import { created, ENDLESS, liveParts, messageOf, rawMessage, removed } from './live-parts.ts';

const idsOf = ({ batchItemFailures }: { batchItemFailures: { itemIdentifier: string }[] }) =>
  batchItemFailures.map(({ itemIdentifier }) => itemIdentifier).sort();

const TEN = Array.from({ length: 10 }, (_, at) => `${at}.jpg`);

test('all 1,024 ways in which messages of a batch of ten can fail: those come again, and no others', async () => {
  for (let mask = 0; mask < 2 ** TEN.length; mask++) {
    const fails = (key: string) => (mask >> TEN.indexOf(key)) & 1;
    const { parts, images, index, onCall, postponed } = liveParts();
    for (const key of TEN) images.put(key, 'dog');
    onCall((key) => {
      if (fails(key)) throw new RetryableError('not now');
    });
    const failed = TEN.filter(fails);
    expect(idsOf(await handleBatch(TEN.map(created), parts, ENDLESS))).toEqual(failed);
    expect([...postponed.keys()].sort()).toEqual(failed);
    expect((await index.stats()).images.indexed).toBe(TEN.length - failed.length);
  }
});

test('a message of several records comes again as long as one of them is not done', async () => {
  const { parts, images, onCall, labeler } = liveParts();
  images.put('a.jpg', 'dog');
  images.put('b.jpg', 'cat');
  onCall((key) => {
    if (key === 'b.jpg') throw new RetryableError('not now');
  });
  const message = messageOf('m', { 'a.jpg': 'ObjectCreated:Put', 'b.jpg': 'ObjectCreated:Put' });
  expect(idsOf(await handleBatch([message], parts, ENDLESS))).toEqual(['m']);
  onCall(() => {});
  expect(idsOf(await handleBatch([message], parts, ENDLESS))).toEqual([]);
  // What was done the first time costs nothing the second.
  expect(labeler.calls).toEqual(['a.jpg', 'b.jpg']);
});

describe('what ends for good is done', () => {
  test.each([
    ['nonsense', /not JSON/],
    ['{"Records":[{}]}', /malformed/],
    ['{"source":"aws.ec2","detail":{}}', /foreign.*aws\.ec2/],
  ])('%s: told once, and its neighbours are not held up', async (body, told) => {
    const { parts, images, index, logged } = liveParts();
    images.put('a.jpg', 'dog');
    const answer = await handleBatch([rawMessage('bad', body), created('a.jpg')], parts, ENDLESS);
    expect(idsOf(answer)).toEqual([]);
    expect(logged).toEqual([{ level: 'warn', messageId: 'bad', message: expect.stringMatching(told) }]);
    expect(await index.get('a.jpg')).toMatchObject({ state: 'indexed' });
  });

  test('a test message', async () => {
    const { parts, logged } = liveParts();
    const test = rawMessage('t', '{"Event":"s3:TestEvent"}');
    expect(idsOf(await handleBatch([test], parts, ENDLESS))).toEqual([]);
    expect(logged).toEqual([]);
  });

  test('an image that the labeler refuses, one that is gone, one that was removed', async () => {
    const { parts, images, index } = liveParts();
    images.put('bad.jpg', 'corrupt');
    const messages = [created('bad.jpg'), created('gone.jpg'), removed('removed.jpg')];
    expect(idsOf(await handleBatch(messages, parts, ENDLESS))).toEqual([]);
    expect(await index.get('bad.jpg')).toMatchObject({ state: 'failed', reason: 'corrupt' });
    expect(await index.get('gone.jpg')).toMatchObject({ state: 'deleted' });
    expect(await index.get('removed.jpg')).toMatchObject({ state: 'deleted' });
  });

  test('what is no image, or outside of the prefix: nobody looks at it', async () => {
    const { parts, settling } = liveParts({ prefix: 'in/' });
    const head = vi.spyOn(settling.images, 'head');
    const messages = [created('in/a.txt'), created('out/a.jpg')];
    expect(idsOf(await handleBatch(messages, parts, ENDLESS))).toEqual([]);
    expect(head).not.toHaveBeenCalled();
  });
});

describe('what may pass comes again', () => {
  test.each([
    ['unreadable', new UnreadableError('not today')],
    ['unavailable', new RetryableError('not now')],
  ])('%s', async (code, error) => {
    const { parts, images, onCall, logged } = liveParts();
    images.put('a.jpg', 'dog');
    onCall(() => {
      throw error;
    });
    expect(idsOf(await handleBatch([created('a.jpg')], parts, ENDLESS))).toEqual(['a.jpg']);
    expect(logged).toEqual([expect.objectContaining({ level: 'warn', code, key: 'a.jpg' })]);
  });

  test('an image that trips the code up in a way nobody foresaw, and only that one', async () => {
    const { parts, images, index, settling } = liveParts();
    for (const key of TEN) images.put(key, 'dog');
    const { head } = settling.images;
    settling.images.head = async (key) => {
      if (key === '3.jpg') throw new TypeError('undefined is not a function');
      return head(key);
    };
    expect(idsOf(await handleBatch(TEN.map(created), parts, ENDLESS))).toEqual(['3.jpg']);
    expect((await index.stats()).images.indexed).toBe(9);
  });

  test('everything where every image would fail: with the cause and what to do in the log', async () => {
    const { parts, images, index, onCall, logged, postponed } = liveParts();
    for (const key of TEN) images.put(key, 'dog');
    let calls = 0;
    onCall(() => {
      if (++calls > 4)
        throw new SystemicError('labeler-denied', 'may not be called', { suggestions: ['ask'] });
    });
    const failed = idsOf(await handleBatch(TEN.map(created), parts, ENDLESS));
    const { indexed } = (await index.stats()).images;
    expect(failed).toHaveLength(TEN.length - indexed);
    expect(indexed).toBeGreaterThan(0);
    expect(logged).toEqual([
      { level: 'error', code: 'labeler-denied', message: 'may not be called', suggestions: ['ask'] },
    ]);
    // A person may put it right: not half a day later.
    for (const seconds of postponed.values()) expect(seconds).toBeLessThanOrEqual(3600);
  });

  test('an index that is gone loses nothing, and what was paid for is not paid for again', async () => {
    const { parts, images, index, labeler, settling } = liveParts();
    for (const key of TEN) images.put(key, 'dog');
    const { write } = settling.index;
    settling.index.write = async () => {
      throw new SystemicError('index-missing', 'there is no index');
    };
    const messages = TEN.map(created);
    for (let time = 0; time < 3; time++) {
      expect(idsOf(await handleBatch(messages, parts, ENDLESS))).toEqual(TEN);
    }
    settling.index.write = write;
    expect(idsOf(await handleBatch(messages, parts, ENDLESS))).toEqual([]);
    expect((await index.stats()).images.indexed).toBe(10);
    expect([...labeler.calls].sort()).toEqual(TEN);
  });

  test('where a message cannot be put off, it comes after the time of its queue', async () => {
    const { parts, images, onCall, logged } = liveParts({
      postpone: () => Promise.reject(new Error('no such queue')),
    });
    images.put('a.jpg', 'dog');
    onCall(() => {
      throw new RetryableError('not now');
    });
    expect(idsOf(await handleBatch([created('a.jpg')], parts, ENDLESS))).toEqual(['a.jpg']);
    expect(logged.at(-1)).toMatchObject({ level: 'error', message: 'no such queue' });
  });
});

test('once the invocation is about to end, what is in flight is finished and the rest put off', async () => {
  const { parts, images, index, settling, postponed } = liveParts();
  for (const key of TEN) images.put(key, 'dog');
  const end = new AbortController();
  let time = 0;
  const governor = createGovernor({
    share: 1,
    random: () => 0,
    clock: {
      now: () => time,
      sleep: async (milliseconds) => {
        time += milliseconds;
        if (time >= 5_000) end.abort(new Error('the end'));
      },
    },
  });
  settling.governor = governor;
  const failed = idsOf(await handleBatch(TEN.map(created), parts, end.signal));
  const { indexed } = (await index.stats()).images;
  expect(indexed).toBeGreaterThan(2);
  expect(failed).toHaveLength(10 - indexed);
  expect(postponed.size).toBe(failed.length);
});

describe('a day of so many labeler calls', () => {
  test('is never passed by two at once, ends at the cap, and the next one begins anew', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 25 }), async (cap) => {
        const one = liveParts({ maxPerDay: cap });
        const other = liveParts({ maxPerDay: cap, objects: one.objects });
        const keys = (from: number) => Array.from({ length: 20 }, (_, at) => `${from + at}.jpg`);
        const batches = [one, other].flatMap((live, who) => {
          for (const key of keys(100 * who)) live.images.put(key, 'dog');
          const all = keys(100 * who).map(created);
          return [all.slice(0, 10), all.slice(10)].map((messages) => ({ live, messages }));
        });
        const answers = await Promise.all(
          batches.map(({ live, messages }) => handleBatch(messages, live.parts, ENDLESS)),
        );
        const calls = one.labeler.calls.length + other.labeler.calls.length;
        expect(calls).toBeLessThanOrEqual(cap);
        expect(answers.flatMap(idsOf)).toHaveLength(40 - calls);
        // One after the other use up what is left.
        for (const { live, messages } of batches) await handleBatch(messages, live.parts, ENDLESS);
        expect(one.labeler.calls.length + other.labeler.calls.length).toBe(Math.min(40, cap));
        for (const live of [one, other]) live.invocation.now += 24 * 3_600_000;
        for (const { live, messages } of batches) await handleBatch(messages, live.parts, ENDLESS);
        expect(one.labeler.calls.length + other.labeler.calls.length).toBe(Math.min(40, 2 * cap));
      }),
      { numRuns: 30 },
    );
  });

  test('waits until the next one, and says so; what needs no call goes on', async () => {
    const { parts, images, index, postponed, logged } = liveParts({ maxPerDay: 1 });
    images.put('a.jpg', 'dog');
    images.put('b.jpg', 'dog');
    const messages = [created('a.jpg'), created('b.jpg'), removed('c.jpg')];
    expect(idsOf(await handleBatch(messages, parts, ENDLESS))).toHaveLength(1);
    expect(await index.get('c.jpg')).toMatchObject({ state: 'deleted' });
    // At half past ten UTC it is longer until midnight than a message can be hidden.
    expect([...postponed.values()]).toEqual([11.5 * 3600]);
    expect(logged).toEqual([expect.objectContaining({ level: 'warn', code: 'live-capped' })]);
  });

  test('counts answers only: what failed and what was refused without a call is given back', async () => {
    const { parts, images, objects, onCall, invocation } = liveParts({ maxPerDay: 100 });
    images.put('a.jpg', 'dog');
    images.put('down.jpg', 'dog');
    images.put('empty.jpg', '');
    onCall((key) => {
      if (key === 'down.jpg') throw new RetryableError('not now');
    });
    const messages = ['a.jpg', 'down.jpg', 'empty.jpg', 'gone.jpg'].map(created);
    await handleBatch(messages, parts, ENDLESS);
    expect(await liveCallsOf(objects, invocation.now)).toEqual({ today: 1, last24Hours: 1 });
  });

  test('without a cap they are counted too', async () => {
    const { parts, images, objects, invocation } = liveParts();
    images.put('a.jpg', 'dog');
    await handleBatch([created('a.jpg')], parts, ENDLESS);
    const { now } = invocation;
    expect(await liveCallsOf(objects, now + 13 * 3_600_000)).toEqual({ today: 1, last24Hours: 1 });
    expect(await liveCallsOf(objects, now + 13.5 * 3_600_000)).toEqual({ today: 0, last24Hours: 1 });
    expect(await liveCallsOf(objects, now + 24 * 3_600_000)).toEqual({ today: 0, last24Hours: 0 });
  });
});

describe('inventories and jobs', () => {
  const inventory = rawMessage(
    'i',
    JSON.stringify({
      Records: [
        {
          eventName: 'ObjectCreated:Put',
          s3: { bucket: { name: 'rekback-photos' }, object: { key: 'inventory/x/manifest.checksum' } },
        },
      ],
    }),
  );
  const job = rawMessage(
    'j',
    JSON.stringify({
      source: 'aws.batch',
      detail: { jobId: 'j:1', jobName: 'rekback-photos-1-plan', status: 'FAILED' },
    }),
  );

  test('are handed on; what fails there comes again, and changes beside it are done', async () => {
    const seen: unknown[] = [];
    const { parts, images, logged } = liveParts({
      inventoryArrived: async (manifest) => {
        seen.push(manifest);
        return 'waiting';
      },
      jobEnded: async (ended) => {
        seen.push(ended);
        throw new SystemicError('stack-unavailable', 'no answer');
      },
    });
    images.put('a.jpg', 'dog');
    expect(idsOf(await handleBatch([inventory, job, created('a.jpg')], parts, ENDLESS))).toEqual(['i', 'j']);
    expect(seen).toEqual([
      'inventory/x/manifest.json',
      { kind: 'job', jobId: 'j:1', jobName: 'rekback-photos-1-plan', status: 'FAILED', isChild: true },
    ]);
    expect(logged).toEqual([expect.objectContaining({ code: 'stack-unavailable' })]);
  });

  test('need no index', async () => {
    const { parts } = liveParts({ settling: () => Promise.reject(new Error('no index yet')) });
    expect(idsOf(await handleBatch([inventory, job], parts, ENDLESS))).toEqual([]);
  });
});
