import { compareKeys } from '../../runtime/key-order.ts';
import type { ListedImage } from '../../runtime/ports.ts';

/** The objects after a key, in S3's order, as many as one answer has; `more`: there are others behind them. */
export type ListPage = (
  after: string,
  signal: AbortSignal,
) => Promise<{ images: ListedImage[]; more: boolean }>;

/** Requests under way at once. */
const REQUESTS = 16;

/** Pages of 1,000 kept for later, at most: some 60 MB. */
const KEPT_PAGES = 200;

/** Pages that a stretch should have: with fewer, the stretches that are read side by side run out. */
const STRETCH_PAGES = 8;
const MOST_STRETCHES = 32;

/**
 * Pages between two splits of a stretch. With 4, 400,000 keys (numbers, hashes, dates or UUIDs as names) are listed 5 to 7
 * times as fast as by one request after the other, with 10 to 20 % more requests; with 1 there are up to 65 % more.
 */
const SPLIT_EVERY = 4;

/** Neighbouring keys, read one page after the other; several stretches are read side by side. */
interface Stretch {
  /** The next page begins behind this key. */
  after: string;
  /** The last key that may belong to it; undefined: up to the end. */
  upTo: string | undefined;
  pages: ListedImage[][];
  /** First and last key of its newest page. */
  span: readonly [string, string] | undefined;
  read: number;
  /** `read` when it was split last. */
  splitAt: number;
  busy: boolean;
  done: boolean;
}

const stretch = (after: string, upTo: string | undefined): Stretch => ({
  after,
  upTo,
  pages: [],
  span: undefined,
  read: 0,
  splitAt: 0,
  busy: false,
  done: false,
});

/**
 * Everything below a prefix in key order, read by several requests at once. A listing can only be asked to begin behind a
 * key, so what lies ahead is guessed from the keys at hand: the page from `img_4000` to `img_4999` says that `img_5` is a
 * good place to begin another. How many characters are kept is learnt from how long the stretches turn out to be. A wrong
 * guess costs one request that finds nothing or what another finds too; there is at most one guess for each page.
 *
 * @throws what `page` throws, and the signal's reason
 */
export async function* listInOrder(
  page: ListPage,
  prefix: string,
  signal: AbortSignal = new AbortController().signal,
): AsyncGenerator<ListedImage[]> {
  signal.throwIfAborted();
  const stopping = new AbortController();
  const either = AbortSignal.any([signal, stopping.signal]);
  const floor = Array.from(prefix).length;
  const stretches = [stretch('', undefined)];
  let requests = 0;
  let kept = 0;
  /** How many of the characters that a page's keys share a guess leaves out. */
  let lift = 0;
  let fault: { error: unknown } | undefined;
  let wake = () => {};

  const mayRead = (each: Stretch) =>
    !each.busy &&
    !each.done &&
    (each === stretches[0]
      ? each.pages.length < STRETCH_PAGES
      : kept < KEPT_PAGES && each.pages.length < 2 * STRETCH_PAGES);

  const maySplit = (each: Stretch) =>
    !each.done &&
    each.read > each.splitAt &&
    (each === stretches.at(-1) || each.read - each.splitAt >= SPLIT_EVERY);

  const split = (): Stretch | undefined => {
    if (stretches.length >= MOST_STRETCHES || kept >= KEPT_PAGES) return undefined;
    const at = stretches.findIndex(maySplit);
    const left = stretches[at];
    if (left === undefined) return undefined;
    left.splitAt = left.read;
    const point = guess(left, floor, lift);
    if (point === undefined) return undefined;
    const right = stretch(point, left.upTo);
    left.upTo = point;
    stretches.splice(at + 1, 0, right);
    return right;
  };

  const learn = ({ upTo, read }: Stretch) => {
    if (upTo === undefined) return;
    if (read === 0 || read > 4 * STRETCH_PAGES) lift = Math.max(0, lift - 1);
    else if (read < STRETCH_PAGES) lift++;
  };

  const request = (each: Stretch) => {
    each.busy = true;
    requests++;
    page(each.after, either)
      .then(({ images, more }) => {
        const end = each.upTo;
        const own = end === undefined ? images : images.filter(({ key }) => compareKeys(key, end) <= 0);
        const [first, last] = [own[0]?.key, own.at(-1)?.key];
        each.done = !more || own.length < images.length;
        if (first !== undefined && last !== undefined) {
          each.after = last;
          each.span = [first, last];
          each.read++;
          each.pages.push(own);
          kept++;
        }
        if (each.done) learn(each);
      })
      .catch((error: unknown) => {
        fault ??= { error };
      })
      .finally(() => {
        each.busy = false;
        requests--;
        pump();
        wake();
      });
  };

  /** Begins as many requests as may be, those that are wanted first before others. */
  const pump = () => {
    while (fault === undefined && !either.aborted && requests < REQUESTS) {
      const next = stretches.find(mayRead) ?? split();
      if (next === undefined) return;
      request(next);
    }
  };

  try {
    for (let head = stretches[0]; head !== undefined; head = stretches[0]) {
      signal.throwIfAborted();
      if (fault !== undefined) throw fault.error;
      const next = head.pages.shift();
      pump();
      if (next !== undefined) {
        kept--;
        yield next;
      } else if (head.done && !head.busy) {
        stretches.shift();
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    stopping.abort();
  }
}

/**
 * Where a part of the stretch may begin that is some pages ahead: behind everything that begins like its newest page.
 * Undefined where nothing like that lies within the stretch.
 */
function guess({ span, upTo }: Stretch, floor: number, lift: number): string | undefined {
  if (span === undefined) return undefined;
  const [first, last] = span.map((key) => Array.from(key)) as [string[], string[]];
  let shared = 0;
  while (shared < last.length && first[shared] === last[shared]) shared++;
  for (let length = Math.max(floor + 1, shared - lift); length <= shared + 1; length++) {
    const point = behind(last.slice(0, length));
    if (point !== undefined && (upTo === undefined || compareKeys(point, upTo) < 0)) return point;
  }
  return undefined;
}

/** The first text, in key order, after all that begin with these characters. */
function behind(characters: readonly string[]): string | undefined {
  const last = characters.at(-1)?.codePointAt(0);
  if (last === undefined || last >= 0x10ffff) return undefined;
  // Surrogates are no characters.
  const next = last === 0xd7ff ? 0xe000 : last + 1;
  return characters.slice(0, -1).join('') + String.fromCodePoint(next);
}
