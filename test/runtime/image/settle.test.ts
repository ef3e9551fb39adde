import { beforeEach, describe, expect, test } from 'vitest';
import { openMemoryImages } from '../../../src/adapters/memory/images.ts';
import { openMemoryIndex } from '../../../src/adapters/memory/index.ts';
import { createMemoryLabeler } from '../../../src/adapters/memory/labeler.ts';
import { callCap } from '../../../src/adapters/workers/settling.ts';
import type { ImageHead, Outcome } from '../../../src/runtime/contract.ts';
import { RetryableError, SystemicError, UnreadableError } from '../../../src/runtime/errors.ts';
import type { ArchiveEntry } from '../../../src/runtime/image/archive.ts';
import type { Change } from '../../../src/runtime/image/change.ts';
import { createGovernor } from '../../../src/runtime/image/governor.ts';
import { type SettleContext, settle } from '../../../src/runtime/image/settle.ts';
import type { IndexWriter } from '../../../src/runtime/ports.ts';

let stack: ReturnType<typeof newStack>;

function newStack() {
  const store = openMemoryImages();
  const index = openMemoryIndex({ bucket: store.bucket });
  const archived: ArchiveEntry[] = [];
  let attempts = 0;
  /** What a call does before it answers; `attempt` counts calls of all images from 1. */
  let before = (_key: string, _attempt: number): void | Promise<void> => {};
  const labeler = createMemoryLabeler({}, (key) => before(key, ++attempts));
  const context = (overrides: Partial<SettleContext> = {}): SettleContext => ({
    images: store,
    labeler,
    index,
    archive: async (entries) => void archived.push(...entries),
    governor: createGovernor({
      share: Number.POSITIVE_INFINITY,
      clock: { now: Date.now, sleep: async () => {} },
    }),
    cap: callCap(Number.POSITIVE_INFINITY),
    policy: {
      bucket: store.bucket,
      labeling: labeler.labeling,
      relabel: 'none',
      run: 'run-1',
      maxBytes: labeler.maxBytes,
      etagIsContent: true,
    },
    concurrency: 4,
    draining: new AbortController().signal,
    now: Date.now,
    sleep: async () => {},
    ...overrides,
  });
  return {
    images: store,
    index,
    labeler,
    archived,
    context,
    attempts: () => attempts,
    onCall(hook: typeof before) {
      before = hook;
    },
  };
}

beforeEach(() => {
  stack = newStack();
});

/** Puts an image for each content; the changes of a list of them. */
function put(...contents: string[]): Change[] {
  return contents.map((content, row) => {
    const key = `${String(row).padStart(4, '0')}.jpg`;
    stack.images.put(key, content);
    return { kind: 'seen', key, order: '', row, size: Buffer.byteLength(content) };
  });
}

const distinct = (count: number) => Array.from({ length: count }, (_, at) => `label ${at}`);
const kinds = (outcomes: readonly Outcome[]) =>
  outcomes.map((outcome) => ('reason' in outcome ? outcome.reason : outcome.outcome));
const count = (all: readonly string[], one: string) => all.filter((each) => each === one).length;
const indexed = async () => (await stack.index.stats()).images.indexed;

describe('an image’s failure is its own', () => {
  test('one in a hundred is corrupt, one can not be labelled now, one not be read: all others are indexed', async () => {
    const contents = distinct(1_000);
    for (let at = 0; at < 1_000; at += 100) {
      contents[at] = `corrupt ${at}`;
      contents[at + 1] = `throttled for ever ${at}`;
    }
    const changes = put(...contents);
    stack.onCall((key) => {
      if (stack.images.content(key)?.startsWith('throttled')) throw new RetryableError('try later');
    });
    const head = stack.images.head;
    stack.images.head = async (key) => {
      if (key === '0007.jpg') throw new UnreadableError('EACCES');
      return head(key);
    };
    const outcomes = await settle(changes, stack.context());
    outcomes.forEach((outcome, at) => {
      if (at % 100 === 0)
        expect(outcome).toEqual({ outcome: 'failed', reason: 'corrupt', detail: 'it says so itself' });
      else if (at % 100 === 1)
        expect(outcome).toEqual({ outcome: 'failed', reason: 'unavailable', detail: 'try later' });
      else if (at === 7)
        expect(outcome).toEqual({ outcome: 'failed', reason: 'unreadable', detail: 'EACCES' });
      else expect(outcome).toEqual({ outcome: 'indexed' });
    });
    expect((await stack.index.stats()).images).toEqual({ indexed: 979, failed: 10, deleted: 0 });
    // What may pass is tried five times, and nothing lasting is recorded of it.
    expect(stack.attempts()).toBe(979 + 10 + 10 * 5);
    expect(await stack.index.get('0001.jpg')).toBeUndefined();
  });

  test('an error of the labeler that nobody foresaw fails its image, not the run', async () => {
    const changes = put('a', 'b', 'c');
    stack.onCall((key) => {
      if (key === '0001.jpg') throw new TypeError('x is not a function');
    });
    expect(await settle(changes, stack.context())).toEqual([
      { outcome: 'indexed' },
      { outcome: 'failed', reason: 'unavailable', detail: 'x is not a function' },
      { outcome: 'indexed' },
    ]);
  });

  test('what fails now and then is tried until it passes', async () => {
    const changes = put(...distinct(20));
    stack.onCall((_, attempt) => {
      if (attempt % 2 === 1) throw new RetryableError('reset', { throttled: attempt % 4 === 1 });
    });
    const outcomes = await settle(changes, stack.context({ concurrency: 1 }));
    expect(count(kinds(outcomes), 'indexed')).toBe(20);
  });

  test('a document that the index refuses is told with its reason', async () => {
    const refuse: IndexWriter['write'] = async (writes) =>
      writes.map(() => ({ result: 'refused', detail: 'too many labels' }));
    const outcomes = await settle(put('dog'), stack.context({ index: { ...stack.index, write: refuse } }));
    expect(outcomes).toEqual([{ outcome: 'failed', reason: 'index-refused', detail: 'too many labels' }]);
  });
});

describe('what would fail for every image', () => {
  test.each([1, 4, 8])(
    'ends everything within %i calls, and keeps what was answered',
    async (concurrency) => {
      const changes = put(...distinct(100));
      stack.onCall((_, attempt) => {
        if (attempt >= 20) throw new SystemicError('access-denied', 'no right to label');
      });
      const told: string[] = [];
      const context = stack.context({
        concurrency,
        onOutcome: ({ key }, { outcome }) => told.push(`${key} ${outcome}`),
      });
      await expect(settle(changes, context)).rejects.toMatchObject({ code: 'access-denied' });
      expect(stack.attempts()).toBeLessThanOrEqual(19 + concurrency);
      expect(stack.labeler.calls).toHaveLength(19);
      expect(stack.archived.filter(({ answer }) => answer !== undefined)).toHaveLength(19);
      expect(await indexed()).toBe(19);
      expect(told.sort()).toEqual(stack.labeler.calls.map((key) => `${key} indexed`).sort());
    },
  );

  test('copies of one image do not multiply the calls', async () => {
    stack.onCall(() => {
      throw new SystemicError('access-denied', 'no right to label');
    });
    await expect(settle(put(...Array(50).fill('dog')), stack.context())).rejects.toThrow(SystemicError);
    expect(stack.attempts()).toBeLessThanOrEqual(4);
  });

  test('an archive that can not be written: nothing gets into the index', async () => {
    const archive = async () => {
      throw new SystemicError('disk-full', 'no space');
    };
    const settling = settle(put(...distinct(1_000)), stack.context({ archive }));
    await expect(settling).rejects.toMatchObject({ code: 'disk-full' });
    expect(await indexed()).toBe(0);
    // The first 250 answers are archived together; what can't be kept is asked no more.
    expect(stack.attempts()).toBeLessThan(260);
  });

  test('an index that is busy for a moment is waited for; one that stays so is named', async () => {
    let refusals = 0;
    const busy =
      (times: number) =>
      <A extends unknown[], R>(call: (...args: A) => Promise<R>) => {
        let left = times;
        return async (...args: A): Promise<R> => {
          if (left-- > 0) {
            refusals++;
            throw new RetryableError('held by another process');
          }
          return call(...args);
        };
      };
    const busyFor = (times: number): Partial<SettleContext> => {
      const { lookUp, findByEtag, write, close } = stack.index;
      const [index, archive] = [busy(times), busy(times)];
      return {
        index: {
          lookUp: index(lookUp),
          findByEtag: busy(times)(findByEtag),
          write: busy(times)(write),
          close,
        },
        archive: archive(stack.context().archive),
      };
    };
    const changes = put('dog', 'cat');
    expect(kinds(await settle(changes, stack.context(busyFor(2))))).toEqual(['indexed', 'indexed']);
    expect(refusals).toBe(8);
    stack.images.put('0000.jpg', 'bird');
    await expect(settle(changes, stack.context(busyFor(1_000)))).rejects.toMatchObject({
      code: 'stack-unavailable',
      message: 'held by another process',
    });
  });
});

describe('draining', () => {
  test.each([1, 4])(
    'finishes the %i images in flight, and leaves the others pending',
    async (concurrency) => {
      const drain = new AbortController();
      stack.onCall(async (_, attempt) => {
        if (attempt === 10) drain.abort();
        await new Promise(setImmediate);
      });
      const changes = put(...distinct(50));
      const outcomes = kinds(await settle(changes, stack.context({ concurrency, draining: drain.signal })));
      const done = count(outcomes, 'indexed');
      expect(done).toBe(stack.labeler.calls.length);
      expect(done).toBeGreaterThanOrEqual(10);
      expect(done).toBeLessThan(10 + concurrency);
      expect(count(outcomes, 'pending')).toBe(50 - done);
      expect(stack.archived).toHaveLength(done);
      expect(await indexed()).toBe(done);
    },
  );

  test('does not wait for what would have to be tried again', async () => {
    const drain = new AbortController();
    stack.onCall(() => {
      drain.abort();
      throw new RetryableError('try later');
    });
    const outcomes = await settle(put('dog', 'cat'), stack.context({ draining: drain.signal }));
    expect(kinds(outcomes)).toEqual(['pending', 'pending']);
    expect(stack.attempts()).toBeLessThanOrEqual(2);
  });

  test('before anything began leaves all as it is', async () => {
    const outcomes = await settle(put('dog'), stack.context({ draining: AbortSignal.abort() }));
    expect(kinds(outcomes)).toEqual(['pending']);
    expect(stack.attempts()).toBe(0);
  });
});

describe('a cap on calls is hard', () => {
  for (const cap of [0, 1, 2, 3, 4, 5]) {
    test.each([1, 2, 8])(`${cap} calls with %i in flight`, async (concurrency) => {
      const changes = put(...distinct(12));
      stack.onCall(() => new Promise(setImmediate));
      const outcomes = kinds(await settle(changes, stack.context({ concurrency, cap: callCap(cap) })));
      expect(stack.attempts()).toBe(cap);
      expect(count(outcomes, 'indexed')).toBe(cap);
      expect(count(outcomes, 'pending')).toBe(12 - cap);
    });
  }

  test('a call that was not answered is not counted', async () => {
    stack.onCall((key) => {
      if (key === '0000.jpg') throw new RetryableError('try later');
    });
    const outcomes = await settle(put(...distinct(5)), stack.context({ concurrency: 1, cap: callCap(2) }));
    expect(kinds(outcomes)).toEqual(['unavailable', 'indexed', 'indexed', 'pending', 'pending']);
  });

  test('what needs no call is not held up by the calls of its copies', async () => {
    const outcomes = await settle(put('dog', 'dog', 'dog', '', 'cat'), stack.context({ cap: callCap(1) }));
    expect(kinds(outcomes)).toEqual(['indexed', 'indexed', 'indexed', 'empty', 'pending']);
  });
});

describe('one content is paid for once', () => {
  test('however many images have it', async () => {
    stack.onCall(() => new Promise(setImmediate));
    const contents = Array.from({ length: 400 }, (_, at) => `label ${at % 7}`);
    const outcomes = await settle(put(...contents), stack.context({ concurrency: 8 }));
    expect(count(kinds(outcomes), 'indexed')).toBe(400);
    expect(stack.labeler.calls).toHaveLength(7);
    expect(stack.archived.filter(({ answer }) => answer !== undefined)).toHaveLength(7);
  });

  test('also when the first call for it fails', async () => {
    stack.onCall(async (_, attempt) => {
      await new Promise(setImmediate);
      if (attempt <= 5) throw new RetryableError('try later');
    });
    const outcomes = kinds(await settle(put(...Array(8).fill('dog')), stack.context({ concurrency: 8 })));
    expect(outcomes).toEqual(['unavailable', ...Array(7).fill('indexed')]);
    expect(stack.labeler.calls).toHaveLength(1);
  });

  test('unless equal etags prove nothing', async () => {
    const { policy } = stack.context();
    await settle(put('dog', 'dog'), stack.context({ policy: { ...policy, etagIsContent: false } }));
    expect(stack.labeler.calls).toHaveLength(2);
  });

  test('also after an attempt that was killed with the answer archived', async () => {
    const [change] = put('dog');
    if (change === undefined) throw new Error('no change');
    const { etag = '' } = (await stack.images.head(change.key)) ?? {};
    const answer = { labels: [{ name: 'Dog', confidence: 90 }] };
    const recovered = new Map([[change.key, { etag, answer }]]);
    expect(kinds(await settle([change], stack.context({ recovered })))).toEqual(['indexed']);
    expect(stack.labeler.calls).toEqual([]);
    // Archived anew, but not as a call: it was counted when it was made.
    expect(stack.archived).toEqual([{ document: expect.objectContaining({ key: change.key }) }]);
    stack.images.put(change.key, 'cat');
    await settle([{ ...change, size: 3, row: 1 }], stack.context({ recovered }));
    expect(stack.labeler.calls).toEqual([change.key]);
  });
});

describe('with another writer at the same documents', () => {
  /** Writes to the key of every write before it, this often. */
  function rival(times: number): IndexWriter {
    let left = times;
    return {
      ...stack.index,
      async write(writes) {
        if (left-- > 0) {
          for (const { document } of writes) {
            const [known] = await stack.index.lookUp([document.key]);
            const other = { ...document, etag: `other ${left}`, size: -1, labels: [] };
            await stack.index.write([{ document: { ...other, run: 'rival' }, expected: known?.version }]);
          }
        }
        return stack.index.write(writes);
      },
    };
  }

  test.each([1, 2, 5])('%i times overtaken, it ends with the image as it is, paid once', async (times) => {
    const outcomes = await settle(put('dog', 'cat'), stack.context({ index: rival(times) }));
    expect(kinds(outcomes)).toEqual(['indexed', 'indexed']);
    expect((await stack.index.get('0000.jpg'))?.labels).toEqual([{ name: 'dog', confidence: 100 }]);
    expect(stack.labeler.calls).toHaveLength(2);
  });

  test('overtaken again and again, the image is left to another run and named', async () => {
    const outcomes = await settle(put('dog'), stack.context({ index: rival(1_000) }));
    expect(outcomes).toEqual([
      {
        outcome: 'failed',
        reason: 'unavailable',
        detail: 'the document was changed by others 5 times in a row',
      },
    ]);
    expect(stack.labeler.calls).toHaveLength(1);
  });
});

test('what is written was archived before', async () => {
  const write: IndexWriter['write'] = async (writes) => {
    for (const { document } of writes) {
      const entry = stack.archived.find((archived) => archived.document.key === document.key);
      expect(entry?.document).toEqual(document);
    }
    return stack.index.write(writes);
  };
  await settle(put(...distinct(600), 'corrupt', ''), stack.context({ index: { ...stack.index, write } }));
  expect(stack.archived).toHaveLength(602);
  expect.assertions(602 + 1);
});

test('two changes of one image follow each other', async () => {
  const [change] = put('dog');
  if (change === undefined) throw new Error('no change');
  const again: Change = { ...change, row: 1 };
  const { lastModified = 0 } = (await stack.images.head(change.key)) ?? {};
  const outcomes = await settle([change, { ...again, lastModified }, again], stack.context());
  expect(kinds(outcomes)).toEqual(['indexed', 'unchanged', 'unchanged']);
});

describe('images that a store lists for less than a look at each', () => {
  const rows = (...keys: string[]): Change[] =>
    keys.map((key, row) => ({ kind: 'seen', key, order: '', row, etag: key, size: 3, lastModified: 1 }));
  let heads: string[];
  /** A store that lists all but those named. */
  const settleRows = (changes: readonly Change[], unlisted: readonly string[] = [], fails = false) => {
    heads = [];
    const { images, context } = stack;
    const listing: typeof images = {
      ...images,
      head: (key) => {
        heads.push(key);
        return images.head(key);
      },
      headMany: async (keys) => {
        if (fails) throw new RetryableError('busy');
        const found = new Map<string, ImageHead>();
        for (const key of keys) {
          if (!unlisted.includes(key)) found.set(key, { etag: key, size: 3, lastModified: 1 });
        }
        return found;
      },
    };
    return settle(changes, context({ images: listing }));
  };

  beforeEach(() => {
    for (const [at, key] of ['a.jpg', 'b.jpg', 'c.jpg'].entries()) stack.images.put(key, `label ${at}`);
  });

  test('are not looked at one by one, but for those that the list did not tell of', async () => {
    const outcomes = await settleRows(rows('a.jpg', 'b.jpg', 'c.jpg'), ['b.jpg']);
    expect(kinds(outcomes)).toEqual(['indexed', 'indexed', 'indexed']);
    expect(heads).toEqual(['b.jpg']);
  });

  test('are looked at where the list fails', async () => {
    await settleRows(rows('a.jpg', 'b.jpg'), [], true);
    expect(heads.sort()).toEqual(['a.jpg', 'b.jpg']);
  });

  test('are looked at where the labeler can’t read them: gone, or archived', async () => {
    expect(kinds(await settleRows(rows('a.jpg', 'gone.jpg')))).toEqual(['indexed', 'gone']);
    expect(heads).toEqual(['gone.jpg']);
  });

  test('are looked at where an event tells of them', async () => {
    const event = (key: string): Change => ({ kind: 'created', key, order: '1', row: -1 });
    await settleRows([event('a.jpg'), event('b.jpg')]);
    expect(heads.sort()).toEqual(['a.jpg', 'b.jpg']);
  });
});
