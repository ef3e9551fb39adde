import { RekbackError } from '../../runtime/errors.ts';
import { compareKeys } from '../../runtime/key-order.ts';
import type { SearchRequest, SearchResult } from '../../runtime/ports.ts';
import type { Connection } from './connection.ts';
import { DOCUMENT_COLUMNS, type DocumentNames, toDocument } from './documents.ts';
import { prefixEnd } from './key-prefix.ts';
import { isLive } from './postings.ts';
import { countScores, evaluate, keepLive, TOP_SCORE } from './scores.ts';
import { postingsId, readKeyOrder, readLive, readSegments, type Segment } from './segments.ts';

/** A segment as searches keep it until the next write; its larger parts are read when first needed. */
interface OpenSegment extends Segment {
  live: Uint8Array | undefined;
  /** Live rows only. */
  order?: Uint16Array;
}

interface Place {
  score: number;
  key: string;
}

/** One segment's matches within a request's prefix and page. */
interface Matches {
  segment: OpenSegment;
  scores: Uint8Array;
  /** The part of the key order that the prefix allows. */
  from: number;
  end: number;
  /** Where the page goes on among the rows that score as the last row of the page before. */
  resume: { score: number; from: number };
  /** Rows of the page and of all later ones, by score. */
  counts: Uint32Array;
}

interface Candidate {
  score: number;
  offset: number;
}

/** Answers searches over one connection, each within one read transaction. */
export class Searcher {
  readonly #connection: Connection;
  readonly #bucket: string;
  readonly #names: DocumentNames;
  #generation = -1;
  #segments: OpenSegment[] = [];

  constructor(connection: Connection, bucket: string, names: DocumentNames) {
    this.#connection = connection;
    this.#bucket = bucket;
    this.#names = names;
  }

  /** To be called inside a read transaction. */
  search(request: SearchRequest): SearchResult {
    const after = request.after === undefined ? undefined : decodePlace(request.after);
    this.#refresh();
    let total = 0;
    const matches: Matches[] = [];
    for (const segment of this.#segments) {
      const found = this.#match(segment, request, after);
      if (!found) continue;
      total += found.total;
      matches.push(found.matches);
    }
    if (request.limit === 0) return { total, totalExact: true, images: [] };
    const page = this.#firstPage(matches, request.limit);
    const images = page.rows.map((row) => this.#document(row));
    const result: SearchResult = { total, totalExact: true, images };
    if (page.last) result.next = encodePlace(page.last);
    return result;
  }

  #refresh(): void {
    const generation = Number(this.#connection.row(`SELECT value FROM meta WHERE name = 'generation'`)?.[0]);
    if (generation === this.#generation) return;
    this.#segments = readSegments(this.#connection).map((segment) => ({
      ...segment,
      live: segment.count === segment.span ? undefined : readLive(this.#connection, segment.id),
    }));
    this.#generation = generation;
  }

  #match(
    segment: OpenSegment,
    request: SearchRequest,
    after: Place | undefined,
  ): { total: number; matches: Matches } | undefined {
    const scores = evaluate(request.query, request.minConfidence, {
      span: segment.span,
      postings: (label) => this.#postings(segment, label),
    });
    if (!scores) return undefined;
    if (segment.live) keepLive(scores, segment.live);

    let from = 0;
    let end = segment.count;
    let counts: Uint32Array;
    if (request.prefix) {
      const last = prefixEnd(request.prefix);
      from = this.#position(segment, request.prefix);
      if (last !== undefined) end = this.#position(segment, last);
      counts = this.#countOrdered(segment, scores, from, end);
    } else {
      counts = countScores(scores);
    }
    let total = 0;
    for (const count of counts) total += count;
    if (total === 0) return undefined;

    const resume = { score: 0, from };
    if (after) {
      resume.score = after.score;
      resume.from = Math.min(Math.max(this.#position(segment, after.key, true), from), end);
      counts.fill(0, after.score);
      counts[after.score] = this.#countOrdered(segment, scores, resume.from, end)[after.score] ?? 0;
    }
    return { total, matches: { segment, scores, from, end, resume, counts } };
  }

  #postings(segment: OpenSegment, label: string): Uint8Array<ArrayBuffer> | undefined {
    const id = this.#names.labels.find(label);
    if (id === undefined) return undefined;
    const row = this.#connection.row('SELECT entries FROM postings WHERE id = ?', postingsId(segment.id, id));
    return row?.[0] as Uint8Array<ArrayBuffer> | undefined;
  }

  #countOrdered(segment: OpenSegment, scores: Uint8Array, from: number, end: number): Uint32Array {
    const order = this.#order(segment);
    const counts = new Uint32Array(TOP_SCORE + 1);
    for (let i = from; i < end; i++) {
      const score = scores[order[i] as number] as number;
      if (score !== 0) counts[score] = (counts[score] as number) + 1;
    }
    return counts;
  }

  /** The best `limit` rows of all segments: a merge of their own best ones, which reads keys only where scores tie. */
  #firstPage(matches: readonly Matches[], limit: number): { rows: number[]; last: Place | undefined } {
    let remaining = 0;
    let lowest = 1;
    for (let score = TOP_SCORE; score > 0; score--) {
      const before = remaining;
      for (const { counts } of matches) remaining += counts[score] as number;
      if (before < limit && remaining >= limit) lowest = score;
    }
    const lists: { segment: OpenSegment; candidates: Candidate[]; at: number; key: string }[] = [];
    for (const found of matches) {
      const candidates = this.#candidates(found, lowest, limit);
      const [first] = candidates;
      if (first)
        lists.push({
          segment: found.segment,
          candidates,
          at: 0,
          key: this.#key(found.segment, first.offset),
        });
    }

    const rows: number[] = [];
    let last: Place | undefined;
    while (rows.length < limit) {
      let best: (typeof lists)[number] | undefined;
      let score = 0;
      for (const list of lists) {
        const candidate = list.candidates[list.at];
        if (!candidate || candidate.score < score) continue;
        if (!best || candidate.score > score || compareKeys(list.key, best.key) < 0) {
          best = list;
          score = candidate.score;
        }
      }
      if (!best) break;
      rows.push(best.segment.first + (best.candidates[best.at]?.offset ?? 0));
      last = { score, key: best.key };
      const next = best.candidates[++best.at];
      if (next) best.key = this.#key(best.segment, next.offset);
    }
    return { rows, last: remaining > rows.length ? last : undefined };
  }

  /** A segment's own best rows in their final order: all above the lowest score that is needed, up to `limit` at it. */
  #candidates(found: Matches, lowest: number, limit: number): Candidate[] {
    const { segment, scores, from, end, resume, counts } = found;
    let highest = TOP_SCORE;
    while (highest >= lowest && counts[highest] === 0) highest--;
    if (highest < lowest) return [];
    const order = this.#order(segment);
    const wanted = new Uint32Array(TOP_SCORE + 1);
    let missing = 0;
    for (let score = lowest; score <= highest; score++) {
      wanted[score] = Math.min(counts[score] as number, limit);
      missing += wanted[score] as number;
    }
    const candidates: Candidate[] = [];
    for (let i = from; i < end && missing > 0; i++) {
      const offset = order[i] as number;
      const score = scores[offset] as number;
      if (score < lowest || score > highest || wanted[score] === 0) continue;
      if (i < resume.from && score === resume.score) continue;
      wanted[score] = (wanted[score] as number) - 1;
      missing--;
      candidates.push({ score, offset });
    }
    // Stable: rows of one score stay in the order of their keys.
    return candidates.sort((a, b) => b.score - a.score);
  }

  #order(segment: OpenSegment): Uint16Array {
    if (!segment.order) {
      const { live } = segment;
      const order = readKeyOrder(this.#connection, segment.id);
      segment.order = live ? order.filter((offset) => isLive(live, offset)) : order;
    }
    return segment.order;
  }

  /** How many of the segment's keys come before this one (`past`: or are this one). */
  #position(segment: OpenSegment, key: string, past = false): number {
    const order = this.#order(segment);
    let low = 0;
    let high = order.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const compared = compareKeys(this.#key(segment, order[middle] as number), key);
      if (compared < 0 || (past && compared === 0)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #key(segment: OpenSegment, offset: number): string {
    const row = this.#connection.row(
      'SELECT json_quote(key) FROM images WHERE row = ?',
      segment.first + offset,
    );
    return JSON.parse(row?.[0] as string) as string;
  }

  #document(row: number): SearchResult['images'][number] {
    const columns =
      this.#connection.row(`SELECT ${DOCUMENT_COLUMNS} FROM images i WHERE i.row = ?`, row) ?? [];
    const { bucket, key, size, lastModified, labels } = toDocument(columns, this.#bucket, this.#names);
    return { bucket, key, size, lastModified, labels };
  }
}

function encodePlace({ score, key }: Place): string {
  return Buffer.from(`${score} ${key}`).toString('base64url');
}

function decodePlace(cursor: string): Place {
  const [, score, key] = /^(\d{1,3}) (.+)$/s.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  if (key === undefined || Number(score) < 1 || Number(score) > TOP_SCORE) {
    throw new RekbackError('cursor-invalid', `"${cursor}" is no place in a search's results`, {
      suggestions: ['Take "next" of the page before, as it is.'],
      exitCode: 2,
    });
  }
  return { score: Number(score), key };
}
