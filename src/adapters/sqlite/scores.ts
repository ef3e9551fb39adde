import type { ResolvedQuery } from '../../runtime/query/tree.ts';
import { clear, dropBelow, higher, invert, lower, wordsOf } from './lanes.ts';
import {
  type DensePostings,
  decodePostings,
  denseBytes,
  isLive,
  type Postings,
  type SparsePostings,
} from './postings.ts';

/** The score of confidence 100, which is also what `not` gives. A score is confidence + 1, as in posting lists. */
export const TOP_SCORE = 101;

export interface PostingsSource {
  span: number;
  /** The stored posting list of a label, in a buffer that is the caller's own; `undefined` where no row carries it. */
  postings(label: string): Uint8Array<ArrayBuffer> | undefined;
}

/**
 * The score of every matching row of a segment, dead ones included (and in a dense list whatever lies past the last
 * row); `undefined` when none can match.
 */
export function evaluate(
  query: ResolvedQuery,
  minConfidence: number,
  segment: PostingsSource,
): Postings | undefined {
  switch (query.kind) {
    case 'labels':
      return anyLabel(query.labels, (query.minConfidence ?? minConfidence) + 1, segment);
    case 'not': {
      const scores = toDense(evaluate(query.part, minConfidence, segment), segment.span);
      invert(wordsOf(scores.values), TOP_SCORE);
      return scores;
    }
    case 'and':
      return allParts(query.parts, minConfidence, segment);
    case 'or': {
      let highest: Postings | undefined;
      for (const part of query.parts) {
        const scores = evaluate(part, minConfidence, segment);
        highest = highest && scores ? raise(toDense(highest, segment.span), scores, 1) : (highest ?? scores);
      }
      return highest;
    }
  }
}

/** The highest value of each row over these labels, of those that reach `least`. */
function anyLabel(labels: readonly string[], least: number, segment: PostingsSource): Postings | undefined {
  let found: Postings | undefined;
  for (const label of labels) {
    const blob = segment.postings(label);
    if (!blob) continue;
    const postings = decodePostings(blob);
    found = found ? raise(toDense(found, segment.span), postings, least) : atLeast(postings, least);
  }
  return found;
}

/** What a `not` takes away needs no list of all the rows that it leaves. */
function allParts(
  parts: readonly ResolvedQuery[],
  minConfidence: number,
  segment: PostingsSource,
): Postings | undefined {
  let kept: Postings | undefined;
  for (const part of parts) {
    if (part.kind === 'not') continue;
    const scores = evaluate(part, minConfidence, segment);
    if (!scores) return undefined;
    kept = kept ? meet(kept, scores) : scores;
  }
  kept ??= toDense(undefined, segment.span, TOP_SCORE);
  for (const part of parts) {
    if (part.kind !== 'not') continue;
    const removed = evaluate(part.part, minConfidence, segment);
    if (removed) kept = without(kept, removed, segment.span);
  }
  return kept;
}

function toDense(scores: Postings | undefined, span: number, fill = 0): DensePostings {
  if (scores && !scores.offsets) return scores;
  const values = new Uint8Array(denseBytes(span)).fill(fill);
  if (scores) {
    const { offsets, values: sparse } = scores;
    for (let i = 0; i < offsets.length; i++) values[offsets[i] as number] = sparse[i] as number;
  }
  return { values };
}

function atLeast(postings: Postings, least: number): Postings {
  if (least <= 1) return postings;
  if (postings.offsets) return filter(postings, (value) => (value >= least ? value : 0));
  dropBelow(wordsOf(postings.values), least);
  return postings;
}

/** Both at once, the higher value of each row; values below `least` don't count. */
function raise(into: DensePostings, postings: Postings, least: number): DensePostings {
  const { offsets, values } = postings;
  if (offsets) {
    const scores = into.values;
    for (let i = 0; i < offsets.length; i++) {
      const offset = offsets[i] as number;
      const value = values[i] as number;
      if (value > (scores[offset] as number) && value >= least) scores[offset] = value;
    }
  } else {
    atLeast(postings, least);
    higher(wordsOf(into.values), wordsOf(values));
  }
  return into;
}

/** Rows of both lists, with the lower value. */
function meet(a: Postings, b: Postings): Postings {
  if (a.offsets && b.offsets) return meetSparse(a, b);
  if (a.offsets) return filter(a, (value, offset) => Math.min(value, b.values[offset] as number));
  if (b.offsets) return filter(b, (value, offset) => Math.min(value, a.values[offset] as number));
  lower(wordsOf(a.values), wordsOf(b.values));
  return a;
}

function meetSparse(a: SparsePostings, b: SparsePostings): SparsePostings {
  let at = 0;
  return filter(a, (value, offset) => {
    while (at < b.offsets.length && (b.offsets[at] as number) < offset) at++;
    return b.offsets[at] === offset ? Math.min(value, b.values[at] as number) : 0;
  });
}

function without(kept: Postings, removed: Postings, span: number): Postings {
  if (kept.offsets) {
    const gone = toDense(removed, span).values;
    return filter(kept, (value, offset) => (gone[offset] === 0 ? value : 0));
  }
  const { values } = kept;
  if (removed.offsets) for (const offset of removed.offsets) values[offset] = 0;
  else clear(wordsOf(values), wordsOf(removed.values));
  return kept;
}

/** The rows for which `score` gives more than 0, with what it gives. */
export function filter(
  list: SparsePostings,
  score: (value: number, offset: number) => number,
): SparsePostings {
  const offsets = new Uint16Array(list.offsets.length);
  const values = new Uint8Array(list.offsets.length);
  let count = 0;
  for (let i = 0; i < list.offsets.length; i++) {
    const offset = list.offsets[i] as number;
    const value = score(list.values[i] as number, offset);
    if (value === 0) continue;
    offsets[count] = offset;
    values[count++] = value;
  }
  return { offsets: offsets.subarray(0, count), values: values.subarray(0, count) };
}

/** Without the rows whose bit is clear, and without what lies past the last row. */
export function keepLive(scores: Postings, live: Uint8Array | undefined, span: number): Postings {
  if (scores.offsets) {
    return live ? filter(scores, (value, offset) => (isLive(live, offset) ? value : 0)) : scores;
  }
  const { values } = scores;
  values.fill(0, span);
  for (let byte = 0; live && byte < live.length; byte++) {
    const bits = live[byte] as number;
    if (bits === 0xff) continue;
    const end = Math.min(byte * 8 + 8, span);
    for (let i = byte * 8; i < end; i++) if ((bits & (1 << (i & 7))) === 0) values[i] = 0;
  }
  return scores;
}

/** How many rows have each score; index 0 means nothing. */
export function countScores({ offsets, values }: Postings): Uint32Array {
  const counts = new Uint32Array(256);
  const add = (score: number) => {
    counts[score] = (counts[score] as number) + 1;
  };
  if (offsets) {
    for (let i = 0; i < values.length; i++) add(values[i] as number);
  } else {
    for (const word of wordsOf(values)) {
      if (word === 0) continue;
      add(word & 0xff);
      add((word >>> 8) & 0xff);
      add((word >>> 16) & 0xff);
      add(word >>> 24);
    }
  }
  counts[0] = 0;
  return counts;
}
