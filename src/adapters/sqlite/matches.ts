import type { SearchRequest } from '../../runtime/ports.ts';
import type { OpenSegment } from './open-segment.ts';
import type { Postings, SparsePostings } from './postings.ts';
import { countScores, evaluate, filter, keepLive, TOP_SCORE } from './scores.ts';

/** Where one page of results ends. */
export interface Place {
  score: number;
  key: string;
}

/** What one segment has for a request. */
export interface Matches {
  segment: OpenSegment;
  /** All that match, on whatever page. */
  total: number;
  /** Those of this page and later ones. */
  scores: Postings;
  /** How many of these there are by score. */
  counts: Uint32Array;
}

/**
 * One result, to be compared as a number: the best first. Its score is in the upper bits, its place in the segment's
 * order of keys in the lower 16.
 */
export type Candidate = number;

export const scoreOf = (candidate: Candidate): number => TOP_SCORE - (candidate >>> 16);
export const rankOf = (candidate: Candidate): number => candidate & 0xffff;
const toCandidate = (score: number, rank: number): Candidate => ((TOP_SCORE - score) << 16) | rank;

/** Up to here sorting is faster than walking along a full segment's order of keys (measured: 50 µs against 120 µs). */
const SORTED_AT_MOST = 4_096;

export function matchSegment(
  segment: OpenSegment,
  request: SearchRequest,
  after: Place | undefined,
): Matches | undefined {
  const range = request.prefix ? segment.range(request.prefix) : undefined;
  if (range && range.from === range.end) return undefined;
  const found = evaluate(request.query, request.minConfidence, segment);
  if (!found) return undefined;
  const live = keepLive(found, segment.live, segment.span);
  let scores = range ? keepRange(segment, live, range) : live;
  let counts = countScores(scores);
  const total = sum(counts);
  if (total === 0) return undefined;
  if (after) {
    scores = keepAfter(segment, scores, after);
    counts = countScores(scores);
  }
  return { segment, total, scores, counts };
}

function keepRange(
  segment: OpenSegment,
  scores: Postings,
  { from, end }: { from: number; end: number },
): Postings {
  if (from === 0 && end === segment.order.length) return scores;
  if (scores.offsets) {
    const { ranks } = segment;
    return filter(scores, (value, offset) => {
      const rank = ranks[offset] as number;
      return rank >= from && rank < end ? value : 0;
    });
  }
  const offsets = segment.order.subarray(from, end);
  return filter(
    { offsets, values: new Uint8Array(offsets.length) },
    (_, offset) => scores.values[offset] as number,
  );
}

function keepAfter(segment: OpenSegment, scores: Postings, after: Place): Postings {
  const { ranks } = segment;
  const from = segment.rankOf(after.key, true);
  const keep = (score: number, offset: number) =>
    score < after.score || (score === after.score && (ranks[offset] as number) >= from) ? score : 0;
  if (scores.offsets) return filter(scores, keep);
  const { values } = scores;
  for (let offset = 0; offset < segment.span; offset++)
    values[offset] = keep(values[offset] as number, offset);
  return scores;
}

/** The segment's own best, in their final order: all above `lowest`, and at it no more than `limit`. */
export function bestCandidates(matches: Matches, lowest: number, limit: number): ArrayLike<Candidate> {
  const count = sum(matches.counts.subarray(lowest));
  if (count === 0) return [];
  return matches.scores.offsets && count <= SORTED_AT_MOST
    ? sortedCandidates(matches.segment, matches.scores, lowest, count)
    : orderedCandidates(matches, lowest, limit);
}

function sortedCandidates(
  { ranks }: OpenSegment,
  { offsets, values }: SparsePostings,
  lowest: number,
  count: number,
): Uint32Array {
  const candidates = new Uint32Array(count);
  let at = 0;
  for (let i = 0; i < offsets.length; i++) {
    const score = values[i] as number;
    if (score >= lowest) candidates[at++] = toCandidate(score, ranks[offsets[i] as number] as number);
  }
  return candidates.sort();
}

function orderedCandidates(matches: Matches, lowest: number, limit: number): Uint32Array {
  const { segment, counts } = matches;
  const { order } = segment;
  const scores = denseScores(matches);
  const wanted = counts.map((count, score) => (score < lowest ? 0 : Math.min(count, limit)));
  const candidates = new Uint32Array(sum(wanted));
  let at = 0;
  for (let rank = 0; at < candidates.length; rank++) {
    const score = scores[order[rank] as number] as number;
    if (score < lowest || wanted[score] === 0) continue;
    wanted[score] = (wanted[score] as number) - 1;
    candidates[at++] = toCandidate(score, rank);
  }
  return candidates.sort();
}

function denseScores({ segment, scores }: Matches): Uint8Array {
  const { offsets, values } = scores;
  if (!offsets) return values;
  const dense = new Uint8Array(segment.span);
  for (let i = 0; i < offsets.length; i++) dense[offsets[i] as number] = values[i] as number;
  return dense;
}

function sum(counts: Uint32Array): number {
  let total = 0;
  for (const count of counts) total += count;
  return total;
}
