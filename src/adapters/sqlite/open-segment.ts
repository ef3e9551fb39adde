import { compareKeys } from '../../runtime/key-order.ts';
import type { Connection } from './connection.ts';
import { prefixEnd } from './key-prefix.ts';
import { isLive } from './postings.ts';
import type { PostingsSource } from './scores.ts';
import { postingsId, readKeyOrder, readLive, type Segment } from './segment.ts';

/** A segment as searches keep it until the next write; its larger parts are read when they are first needed. */
export class OpenSegment implements PostingsSource {
  readonly first: number;
  readonly span: number;
  /** `undefined`: all rows are live. */
  readonly live: Uint8Array | undefined;
  readonly #id: number;
  readonly #connection: Connection;
  readonly #labelId: (name: string) => number | undefined;
  #order: Uint16Array | undefined;
  #ranks: Uint16Array | undefined;

  constructor(connection: Connection, segment: Segment, labelId: (name: string) => number | undefined) {
    this.first = segment.first;
    this.span = segment.span;
    this.live = segment.count === segment.span ? undefined : readLive(connection, segment.id);
    this.#id = segment.id;
    this.#connection = connection;
    this.#labelId = labelId;
  }

  postings(label: string): Uint8Array<ArrayBuffer> | undefined {
    const id = this.#labelId(label);
    if (id === undefined) return undefined;
    const row = this.#connection.row('SELECT entries FROM postings WHERE id = ?', postingsId(this.#id, id));
    return row?.[0] as Uint8Array<ArrayBuffer> | undefined;
  }

  /** Offsets of the live rows, ascending by key. */
  get order(): Uint16Array {
    if (!this.#order) {
      const { live } = this;
      const order = readKeyOrder(this.#connection, this.#id);
      this.#order = live ? order.filter((offset) => isLive(live, offset)) : order;
    }
    return this.#order;
  }

  /** Of each live row by its offset: its place in `order`. */
  get ranks(): Uint16Array {
    if (!this.#ranks) {
      const { order } = this;
      const ranks = new Uint16Array(this.span);
      for (let rank = 0; rank < order.length; rank++) ranks[order[rank] as number] = rank;
      this.#ranks = ranks;
    }
    return this.#ranks;
  }

  /** The part of the order that a prefix allows. */
  range(prefix: string): { from: number; end: number } {
    const next = prefixEnd(prefix);
    return { from: this.rankOf(prefix), end: next === undefined ? this.order.length : this.rankOf(next) };
  }

  /** How many of the keys come before this one, or with `including` are this one. */
  rankOf(key: string, including = false): number {
    const isBefore = (rank: number) => {
      const compared = compareKeys(this.key(rank), key);
      return compared < 0 || (including && compared === 0);
    };
    let low = 0;
    let high = this.order.length;
    // A segment holds a range of a listing more often than not: then its ends tell.
    if (!isBefore(low)) return low;
    if (isBefore(high - 1)) return high;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore(middle)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The key of the row at this place in `order`. */
  key(rank: number): string {
    const row = this.#connection.row('SELECT json_quote(key) FROM images WHERE row = ?', this.row(rank));
    return JSON.parse(row?.[0] as string) as string;
  }

  /** The row at this place in `order`. */
  row(rank: number): number {
    return this.first + (this.order[rank] as number);
  }
}
