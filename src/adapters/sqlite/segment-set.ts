import type { Connection } from './connection.ts';
import { allLive, decodePostings, isLive, MAX_SPAN, PostingsBuilder, setLive } from './postings.ts';
import { LABEL_IDS, postingsId, readKeyOrder, readLive, readSegments, type Segment } from './segment.ts';

/** Sizes that decide when segments are merged; smaller ones let tests reach every case with few images. */
export interface SegmentLimits {
  /** Rows of the widest segment, ≤ 65,536. */
  maxSpan: number;
  /** So many neighbours of one size are merged into one. */
  mergeFactor: number;
}

/** Measured with batches of 1,000: factors of 4, 8 and 16 write equally fast, within 15 %. */
export const DEFAULT_LIMITS: SegmentLimits = { maxSpan: MAX_SPAN, mergeFactor: 8 };

/** Labels of one row that is to be appended, as `packLabels` packs them. */
export interface AppendedRow {
  row: number;
  labels: Uint32Array;
}

/**
 * The segments of one write transaction: rows are appended and killed, then `settle` keeps their number logarithmic and
 * the dead rows fewer than the live ones. To be called inside a transaction only.
 */
export class SegmentSet {
  readonly #connection: Connection;
  readonly #limits: SegmentLimits;
  #segments: Segment[];
  readonly #live = new Map<number, Uint8Array>();
  #nextId: number;
  changed = false;

  constructor(connection: Connection, limits: SegmentLimits) {
    this.#connection = connection;
    this.#limits = limits;
    this.#segments = readSegments(connection);
    this.#nextId = Math.max(0, ...this.#segments.map(({ id }) => id)) + 1;
  }

  /** The first row that no segment covers, nor any after it. */
  get nextRow(): number {
    const last = this.#segments.at(-1);
    return last ? last.first + last.span : 1;
  }

  /** Rows must follow each other without a hole, from `nextRow` on, and be in `images` already. */
  append(rows: readonly AppendedRow[]): void {
    for (let from = 0; from < rows.length; from += this.#limits.maxSpan) {
      const part = rows.slice(from, from + this.#limits.maxSpan);
      const [{ row: first } = { row: 0 }] = part;
      const segment = this.#create(first, part.length, part.length, undefined);
      this.#segments.push(segment);
      this.#insertAll(segment, part);
      this.#insertKeyOrder(segment, this.#sortKeys(first, part.length));
    }
  }

  /** Inverts the rows: one sorted array of (label, offset, value), packed into whole numbers, has each list in a run. */
  #insertAll(segment: Segment, rows: readonly AppendedRow[]): void {
    const entries = new Float64Array(rows.reduce((sum, { labels }) => sum + labels.length, 0));
    let at = 0;
    for (const { row, labels } of rows) {
      const offset = (row - segment.first) * 2 ** 8;
      for (const packed of labels) entries[at++] = (packed >>> 8) * 2 ** 24 + offset + (packed & 127) + 1;
    }
    entries.sort();
    let builder = new PostingsBuilder();
    let label = -1;
    for (const entry of entries) {
      const next = Math.floor(entry / 2 ** 24);
      if (next !== label) {
        this.#insertPostings(segment, label, builder);
        builder = new PostingsBuilder();
        label = next;
      }
      builder.add((entry >>> 8) & 0xffff, entry & 0xff);
    }
    this.#insertPostings(segment, label, builder);
  }

  /** To be called when the row's image is gone from it, or about to go. */
  kill(row: number): void {
    const segment = this.#segments.find(({ first, span }) => row >= first && row < first + span);
    if (!segment) return;
    let live = this.#live.get(segment.id);
    if (!live) {
      live = readLive(this.#connection, segment.id) ?? allLive(segment.span);
      this.#live.set(segment.id, live);
    }
    setLive(live, row - segment.first, false);
    segment.count--;
    this.changed = true;
  }

  settle(): void {
    this.#storeKilled();
    this.#compact();
    this.#merge();
  }

  #storeKilled(): void {
    for (const [id, live] of this.#live) {
      const segment = this.#segments.find((candidate) => candidate.id === id);
      if (!segment) continue;
      if (segment.count === 0) {
        this.#drop(segment);
      } else {
        this.#connection.run('UPDATE segments SET count = ?, live = ? WHERE id = ?', segment.count, live, id);
      }
    }
    this.#live.clear();
  }

  /**
   * While most rows are dead, the live ones of the deadest segment are appended anew. Judged over all segments: when a
   * whole index is labelled again its old segments die one after the other, and none is worth moving.
   */
  #compact(): void {
    for (;;) {
      let span = 0;
      let count = 0;
      let deadest: Segment | undefined;
      for (const segment of this.#segments) {
        span += segment.span;
        count += segment.count;
        const share = segment.count / segment.span;
        if (!deadest || share < deadest.count / deadest.span) deadest = segment;
      }
      if (!deadest || span <= count * 2) return;
      this.#move([deadest]);
    }
  }

  /** Gives the live rows of neighbouring segments new numbers at the end, without holes. */
  #move(parts: readonly Segment[]): void {
    const first = parts[0]?.first ?? 0;
    const moved: AppendedRow[] = [];
    const from: number[] = [];
    let row = this.nextRow;
    for (const [old, labels] of this.#connection.rows(
      'SELECT row, labels FROM images WHERE row >= ? AND row < ? ORDER BY row',
      first,
      first + extent(parts),
    )) {
      from.push(Number(old));
      moved.push({ row: row++, labels: new Uint32Array((labels as Uint8Array<ArrayBuffer>).buffer) });
    }
    for (const [i, { row: to }] of moved.entries()) {
      this.#connection.run('UPDATE images SET row = ? WHERE row = ?', to, from[i] ?? to);
    }
    for (const part of parts) this.#drop(part);
    this.append(moved);
  }

  /**
   * Segments grow by tiers of `mergeFactor`: as soon as so many of one tier stand at the end (smaller ones between them
   * count as well), they become one. A row is rewritten once per tier, and a tier has less than `mergeFactor` segments.
   */
  #merge(): void {
    const tier = ({ span }: Segment) =>
      Math.floor(Math.log(span) / Math.log(this.#limits.mergeFactor) + 1e-9);
    for (let top = 0; this.#limits.mergeFactor ** top <= this.#limits.maxSpan; top++) {
      let start = this.#segments.length;
      let same = 0;
      while (start > 0) {
        const candidate = this.#segments[start - 1] as Segment;
        if (tier(candidate) > top) break;
        if (tier(candidate) === top) same++;
        start--;
      }
      if (same >= this.#limits.mergeFactor) this.#mergeFrom(start);
    }
  }

  /** Joins the segments from the given one on, in groups that stay within the widest span. */
  #mergeFrom(start: number): void {
    const groups: Segment[][] = [];
    for (const segment of this.#segments.slice(start)) {
      const group = groups.at(-1);
      if (group && extent([...group, segment]) <= this.#limits.maxSpan) group.push(segment);
      else groups.push([segment]);
    }
    for (const group of groups) {
      if (group.length === 1) continue;
      // Where whole segments died between them, joining would make a segment of holes.
      if (extent(group) > countLive(group) * 2) this.#move(group);
      else this.#join(group);
    }
  }

  #join(parts: readonly Segment[]): void {
    const first = parts[0]?.first ?? 0;
    const span = extent(parts);
    const count = countLive(parts);
    const live = new Uint8Array(Math.ceil(span / 8));
    const builders = new Map<number, PostingsBuilder>();
    const orders: Uint16Array[] = [];
    for (const part of parts) {
      const shift = part.first - first;
      const partLive = readLive(this.#connection, part.id);
      for (let i = 0; i < part.span; i++)
        if (!partLive || isLive(partLive, i)) setLive(live, i + shift, true);
      for (const [id, entries] of this.#connection.rows(
        'SELECT id, entries FROM postings WHERE id >= ? AND id < ?',
        postingsId(part.id, 0),
        postingsId(part.id + 1, 0),
      )) {
        const label = Number(id) % LABEL_IDS;
        builderOf(builders, label).addAll(
          decodePostings(entries as Uint8Array<ArrayBuffer>),
          shift,
          partLive,
        );
      }
      orders.push(this.#shiftedOrder(part, shift, partLive));
    }
    for (const part of parts) this.#drop(part);
    const segment = this.#create(first, span, count, count === span ? undefined : live);
    this.#segments.push(segment);
    this.#segments.sort((a, b) => a.first - b.first);
    for (const [label, builder] of [...builders].sort(([a], [b]) => a - b)) {
      this.#insertPostings(segment, label, builder);
    }
    this.#insertKeyOrder(segment, this.#follow(orders, first) ? concat(orders) : this.#sortKeys(first, span));
  }

  /** The live rows of a part in key order, as offsets in the segment that it becomes a part of. */
  #shiftedOrder(part: Segment, shift: number, live: Uint8Array | undefined): Uint16Array {
    const order = readKeyOrder(this.#connection, part.id);
    return (live ? order.filter((offset) => isLive(live, offset)) : order).map((offset) => offset + shift);
  }

  /** Whether each part's keys all come before the next one's, as they do when a listing is worked through. */
  #follow(orders: readonly Uint16Array[], first: number): boolean {
    return orders.every((order, i) => {
      const before = orders[i - 1]?.at(-1);
      const after = order[0];
      if (before === undefined || after === undefined) return true;
      const [ordered] =
        this.#connection.row(
          'SELECT (SELECT key FROM images WHERE row = ?) < (SELECT key FROM images WHERE row = ?)',
          first + before,
          first + after,
        ) ?? [];
      return ordered === 1;
    });
  }

  #sortKeys(first: number, span: number): Uint16Array {
    const [offsets] =
      this.#connection.row(
        'SELECT json_group_array(row ORDER BY key) FROM images WHERE row >= ? AND row < ?',
        first,
        first + span,
      ) ?? [];
    return Uint16Array.from(JSON.parse(offsets as string) as number[], (row) => row - first);
  }

  #create(first: number, span: number, count: number, live: Uint8Array | undefined): Segment {
    const segment = { id: this.#nextId++, first, span, count };
    this.#connection.run(
      'INSERT INTO segments VALUES (?, ?, ?, ?, ?)',
      segment.id,
      first,
      span,
      count,
      live ?? null,
    );
    this.changed = true;
    return segment;
  }

  #insertPostings(segment: Segment, label: number, builder: PostingsBuilder): void {
    if (builder.empty) return;
    this.#connection.run(
      'INSERT INTO postings VALUES (?, ?)',
      postingsId(segment.id, label),
      builder.encode(segment.span),
    );
  }

  #insertKeyOrder(segment: Segment, order: Uint16Array): void {
    this.#connection.run(
      'INSERT INTO key_orders VALUES (?, ?)',
      segment.id,
      new Uint8Array(order.buffer, order.byteOffset, order.byteLength),
    );
  }

  #drop({ id }: Segment): void {
    this.#segments = this.#segments.filter((other) => other.id !== id);
    this.#connection.run(
      'DELETE FROM postings WHERE id >= ? AND id < ?',
      postingsId(id, 0),
      postingsId(id + 1, 0),
    );
    this.#connection.run('DELETE FROM key_orders WHERE segment = ?', id);
    this.#connection.run('DELETE FROM segments WHERE id = ?', id);
    this.changed = true;
  }
}

function builderOf(builders: Map<number, PostingsBuilder>, label: number): PostingsBuilder {
  let builder = builders.get(label);
  if (!builder) {
    builder = new PostingsBuilder();
    builders.set(label, builder);
  }
  return builder;
}

/** Rows from the first to the last, holes between the segments included. */
function extent(segments: readonly Segment[]): number {
  const [first] = segments;
  const last = segments.at(-1);
  return first && last ? last.first + last.span - first.first : 0;
}

function countLive(segments: readonly Segment[]): number {
  return segments.reduce((sum, { count }) => sum + count, 0);
}

function concat(arrays: readonly Uint16Array[]): Uint16Array {
  const whole = new Uint16Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    whole.set(array, at);
    at += array.length;
  }
  return whole;
}
