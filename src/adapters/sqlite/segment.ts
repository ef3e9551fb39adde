import type { Connection } from './connection.ts';

/** The rows [first, first + span), of which `count` are live. */
export interface Segment {
  id: number;
  first: number;
  span: number;
  count: number;
}

/** Posting lists of segment s have ids from s · 2^24 on, one per label. */
export const LABEL_IDS = 2 ** 24;

export function postingsId(segment: number, label: number): number {
  return segment * LABEL_IDS + label;
}

/** In the order of their rows. */
export function readSegments(connection: Connection): Segment[] {
  const segments: Segment[] = [];
  for (const [id, first, span, count] of connection.rows(
    'SELECT id, first, span, count FROM segments ORDER BY first',
  )) {
    segments.push({ id: Number(id), first: Number(first), span: Number(span), count: Number(count) });
  }
  return segments;
}

/** `undefined`: all rows are live. */
export function readLive(connection: Connection, segment: number): Uint8Array | undefined {
  const live = connection.row('SELECT live FROM segments WHERE id = ?', segment)?.[0];
  return live instanceof Uint8Array ? live : undefined;
}

/** Offsets of a segment's rows, ascending by key; rows that died since are still among them. */
export function readKeyOrder(connection: Connection, segment: number): Uint16Array {
  const offsets = connection.row('SELECT offsets FROM key_orders WHERE segment = ?', segment)?.[0];
  return new Uint16Array((offsets as Uint8Array<ArrayBuffer>).buffer);
}
