import { RekbackError } from '../../runtime/errors.ts';
import { compareKeys } from '../../runtime/key-order.ts';
import type { SearchRequest, SearchResult } from '../../runtime/ports.ts';
import type { Connection } from './connection.ts';
import { DOCUMENT_COLUMNS, type DocumentNames, toDocument } from './documents.ts';
import {
  bestCandidates,
  type Candidate,
  type Matches,
  matchSegment,
  type Place,
  rankOf,
  scoreOf,
} from './matches.ts';
import { OpenSegment } from './open-segment.ts';
import { TOP_SCORE } from './scores.ts';
import { readSegments } from './segment.ts';

/** Answers searches over one connection, each within one read transaction. */
export class Searcher {
  readonly #connection: Connection;
  readonly #bucket: string;
  readonly #names: DocumentNames;
  /** Of the segments that are kept; every write that changes segments counts it up. */
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
    const found: Matches[] = [];
    for (const segment of this.#segments) {
      const matches = matchSegment(segment, request, after);
      if (!matches) continue;
      total += matches.total;
      found.push(matches);
    }
    if (request.limit === 0) return { total, totalExact: true, images: [] };
    const { rows, last } = bestRows(found, request.limit);
    const result: SearchResult = { total, totalExact: true, images: rows.map((row) => this.#image(row)) };
    if (last) result.next = encodePlace(last);
    return result;
  }

  #refresh(): void {
    const generation = Number(this.#connection.row(`SELECT value FROM meta WHERE name = 'generation'`)?.[0]);
    if (generation === this.#generation) return;
    this.#segments = readSegments(this.#connection).map(
      (segment) => new OpenSegment(this.#connection, segment, this.#names.labels.find),
    );
    this.#generation = generation;
  }

  #image(row: number): SearchResult['images'][number] {
    const columns =
      this.#connection.row(`SELECT ${DOCUMENT_COLUMNS} FROM images i WHERE i.row = ?`, row) ?? [];
    const { bucket, key, size, lastModified, labels } = toDocument(columns, this.#bucket, this.#names);
    return { bucket, key, size, lastModified, labels };
  }
}

/** One segment's candidates, and how far the merge has come in them. */
interface Cursor {
  segment: OpenSegment;
  candidates: ArrayLike<Candidate>;
  at: number;
  score: number;
  key: string;
}

/**
 * The best rows of all segments, at most `limit`: a merge of each segment's own best. Only keys that come to the head
 * of a segment are read. `last` is where the next page goes on, if there is one.
 */
function bestRows(found: readonly Matches[], limit: number): { rows: number[]; last: Place | undefined } {
  let remaining = 0;
  let lowest = 1;
  for (let score = TOP_SCORE; score > 0; score--) {
    const above = remaining;
    for (const { counts } of found) remaining += counts[score] as number;
    if (above < limit && remaining >= limit) lowest = score;
  }
  const cursors: Cursor[] = [];
  for (const matches of found) {
    const candidates = bestCandidates(matches, lowest, limit);
    const cursor = { segment: matches.segment, candidates, at: -1, score: 0, key: '' };
    if (advance(cursor)) cursors.push(cursor);
  }
  const rows: number[] = [];
  let last: Place | undefined;
  while (rows.length < limit && cursors.length > 0) {
    const best = cursors.reduce((a, b) => (isBetter(b, a) ? b : a));
    rows.push(best.segment.row(rankOf(best.candidates[best.at] as number)));
    last = { score: best.score, key: best.key };
    if (!advance(best)) cursors.splice(cursors.indexOf(best), 1);
  }
  return { rows, last: remaining > rows.length ? last : undefined };
}

function advance(cursor: Cursor): boolean {
  const next = cursor.candidates[++cursor.at];
  if (next === undefined) return false;
  cursor.score = scoreOf(next);
  cursor.key = cursor.segment.key(rankOf(next));
  return true;
}

function isBetter(a: Cursor, b: Cursor): boolean {
  return a.score === b.score ? compareKeys(a.key, b.key) < 0 : a.score > b.score;
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
