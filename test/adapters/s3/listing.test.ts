import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ListPage, listInOrder } from '../../../src/adapters/s3/listing.ts';
import { compareKeys } from '../../../src/runtime/key-order.ts';

/** A listing of these keys whose answers come in any order: each waits for a turn that `choose` gives. */
function listingOf(keys: readonly string[], pageSize: number, choose: (waiting: number) => number) {
  const sorted = [...keys].sort(compareKeys);
  const seen = { requests: 0, most: 0 };
  const waiting: (() => void)[] = [];
  let timer = false;
  const turn = () => {
    timer = false;
    seen.most = Math.max(seen.most, waiting.length);
    waiting.splice(choose(waiting.length) % waiting.length, 1)[0]?.();
    schedule();
  };
  const schedule = () => {
    if (timer || waiting.length === 0) return;
    timer = true;
    setImmediate(turn);
  };
  const page: ListPage = async (after) => {
    seen.requests++;
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      schedule();
    });
    const from = sorted.findIndex((key) => compareKeys(key, after) > 0);
    const rest = after === '' ? sorted : from < 0 ? [] : sorted.slice(from);
    return { images: rest.slice(0, pageSize).map((key) => ({ key })), more: rest.length > pageSize };
  };
  return { page, seen, sorted };
}

async function collect(batches: AsyncIterable<readonly { key: string }[]>): Promise<string[]> {
  const keys: string[] = [];
  for await (const batch of batches) keys.push(...batch.map(({ key }) => key));
  return keys;
}

const numbered = (count: number, name: (number: number) => string) =>
  Array.from({ length: count }, (_, number) => name(number));
const hexOf = (number: number) => ((number * 2_654_435_761) >>> 0).toString(16).padStart(8, '0');

describe('every key once, in order', () => {
  it('whatever the keys and the order of the answers', async () => {
    const character = fc.constantFrom(
      'a',
      'b',
      '/',
      '0',
      '9',
      '-',
      'é',
      '\ud7ff',
      '\ue000',
      '\u{1f600}',
      '\n',
    );
    const anyKey = fc.array(character, { minLength: 1, maxLength: 5 }).map((parts) => parts.join(''));
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(anyKey, { maxLength: 300 }),
        fc.integer({ min: 1, max: 7 }),
        fc.infiniteStream(fc.nat()),
        async (keys, pageSize, turns) => {
          const { page, seen, sorted } = listingOf(keys, pageSize, () => turns.next().value ?? 0);
          expect(await collect(listInOrder(page, ''))).toEqual(sorted);
          expect(seen.most).toBeLessThanOrEqual(16);
          expect(seen.requests).toBeLessThanOrEqual(2 * Math.ceil(keys.length / pageSize) + 2);
        },
      ),
      { numRuns: 150 },
    );
  });

  it.each<[string, string[]]>([
    ['numbers', numbered(40_000, (number) => `photos/IMG_${String(number).padStart(7, '0')}.jpg`)],
    ['hashes', [...new Set(numbered(40_000, hexOf))]],
    [
      'days',
      numbered(40_000, (number) => {
        const day = new Date(Date.UTC(2015, 0, 1 + Math.floor(number / 12)));
        return `${day.toISOString().slice(0, 10).replaceAll('-', '/')}/${number}.jpg`;
      }),
    ],
    ['folders of uneven size', numbered(40_000, (number) => `${(number % 97) ** 2 % 89}/${number}.jpg`)],
  ])('%s, by several requests at once', async (_, keys) => {
    const { page, seen, sorted } = listingOf(keys, 100, () => 0);
    expect(await collect(listInOrder(page, ''))).toEqual(sorted);
    expect(seen.most).toBeGreaterThanOrEqual(8);
    expect(seen.requests).toBeLessThan(keys.length / 100 + 250);
  });
});

describe('bounds', () => {
  it('one request for what one answer holds', async () => {
    const { page, seen } = listingOf(['a', 'b'], 1000, () => 0);
    expect(await collect(listInOrder(page, ''))).toEqual(['a', 'b']);
    expect(seen.requests).toBe(1);
  });

  it('reads no further than it may when nobody takes what it found', async () => {
    const { page, seen } = listingOf(numbered(100_000, hexOf), 10, () => 0);
    const batches = listInOrder(page, '');
    await batches.next();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(seen.requests).toBeLessThan(300);
    await batches.return(undefined);
  });

  it('throws what a request threw, after what came before it', async () => {
    const keys = numbered(1_000, hexOf);
    const { page } = listingOf(keys, 10, () => 0);
    let calls = 0;
    const failing: ListPage = (after, signal) => {
      if (++calls === 20) throw new Error('no answer');
      return page(after, signal);
    };
    await expect(collect(listInOrder(async (...given) => failing(...given), ''))).rejects.toThrow(
      'no answer',
    );
  });

  it('ends its requests when it is stopped', async () => {
    const stop = new AbortController();
    const signals: AbortSignal[] = [];
    const hanging: ListPage = (_, signal) => {
      signals.push(signal);
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    };
    const listing = collect(listInOrder(hanging, '', stop.signal));
    stop.abort(new Error('stopped'));
    await expect(listing).rejects.toThrow('stopped');
    expect(signals.every((signal) => signal.aborted)).toBe(true);
  });
});
