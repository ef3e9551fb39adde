import type { ResolvedQuery } from '../../runtime/query/tree.ts';
import { decodePostings } from './postings.ts';

/** One byte per row of a segment: 0 for no match, else confidence + 1. */
export type Scores = Uint8Array;

/** The score of confidence 100, which is also what `not` gives. */
export const TOP_SCORE = 101;

export interface Segmented {
  span: number;
  /** The stored posting list of a label, in a buffer that is the caller's own; `undefined` where no row carries it. */
  postings(label: string): Uint8Array<ArrayBuffer> | undefined;
}

/** Scores of every row, dead ones included; `undefined` when none can match. */
export function evaluate(
  query: ResolvedQuery,
  minConfidence: number,
  segment: Segmented,
): Scores | undefined {
  switch (query.kind) {
    case 'labels':
      return anyLabel(query.labels, (query.minConfidence ?? minConfidence) + 1, segment);
    case 'not': {
      const scores = evaluate(query.part, minConfidence, segment);
      if (!scores) return new Uint8Array(segment.span).fill(TOP_SCORE);
      for (let i = 0; i < scores.length; i++) scores[i] = scores[i] === 0 ? TOP_SCORE : 0;
      return scores;
    }
    case 'and': {
      let lowest: Scores | undefined;
      for (const part of query.parts) {
        const scores = evaluate(part, minConfidence, segment);
        if (!scores) return undefined;
        lowest = lowest ? lower(lowest, scores) : scores;
      }
      return lowest ?? new Uint8Array(segment.span).fill(TOP_SCORE);
    }
    case 'or': {
      let highest: Scores | undefined;
      for (const part of query.parts) {
        const scores = evaluate(part, minConfidence, segment);
        if (scores) highest = highest ? higher(highest, scores) : scores;
      }
      return highest;
    }
  }
}

/** The highest value of each row over these labels, of those that reach `least`. */
function anyLabel(labels: readonly string[], least: number, segment: Segmented): Scores | undefined {
  let scores: Scores | undefined;
  for (const label of labels) {
    const blob = segment.postings(label);
    if (!blob) continue;
    const { offsets, values } = decodePostings(blob);
    if (offsets) {
      scores ??= new Uint8Array(segment.span);
      for (let i = 0; i < offsets.length; i++) {
        const value = values[i] as number;
        const offset = offsets[i] as number;
        if (value >= least && value > (scores[offset] as number)) scores[offset] = value;
      }
    } else {
      if (least > 1) for (let i = 0; i < values.length; i++) if ((values[i] as number) < least) values[i] = 0;
      scores = scores ? higher(scores, values) : values;
    }
  }
  return scores;
}

function lower(into: Scores, other: Scores): Scores {
  for (let i = 0; i < into.length; i++) {
    const value = other[i] as number;
    if (value < (into[i] as number)) into[i] = value;
  }
  return into;
}

function higher(into: Scores, other: Scores): Scores {
  for (let i = 0; i < into.length; i++) {
    const value = other[i] as number;
    if (value > (into[i] as number)) into[i] = value;
  }
  return into;
}

/** Rows whose bit is clear score 0. */
export function keepLive(scores: Scores, live: Uint8Array): void {
  for (let byte = 0; byte < live.length; byte++) {
    const bits = live[byte] as number;
    if (bits === 0xff) continue;
    const end = Math.min(byte * 8 + 8, scores.length);
    for (let i = byte * 8; i < end; i++) if ((bits & (1 << (i & 7))) === 0) scores[i] = 0;
  }
}

/** How many rows have each score. */
export function countScores(scores: Scores): Uint32Array {
  const counts = new Uint32Array(TOP_SCORE + 1);
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i] as number;
    if (score !== 0) counts[score] = (counts[score] as number) + 1;
  }
  return counts;
}
