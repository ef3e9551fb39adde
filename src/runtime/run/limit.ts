import type { ObjectStore } from '../ports.ts';
import { runLimit } from './layout.ts';
import { readJson } from './record.ts';

/** How many labeler calls a run may still make, given out to workers that do not talk to each other. */
export interface Limit {
  /** Calls that nobody has reserved. */
  left: number;
  /** Of chunks that are worked on: calls that were given out, and calls that the chunk had cost before. */
  reserved: Record<string, { calls: number; before: number }>;
  /** Whether a worker asked in vain. */
  reached?: boolean;
}

/** Sets the limit of a run from now on; `undefined` for none. What was reserved under an earlier one is void. */
export async function setLimit(objects: ObjectStore, run: string, calls: number | undefined): Promise<void> {
  if (calls === undefined || calls === Number.POSITIVE_INFINITY) return objects.remove(runLimit(run));
  const limit: Limit = { left: calls, reserved: {} };
  await objects.put(runLimit(run), Buffer.from(JSON.stringify(limit)));
}

export const readLimit = (objects: ObjectStore, run: string): Promise<Limit | undefined> =>
  readJson<Limit>(objects, runLimit(run));

export interface Reservation {
  /** Calls that may be made: at most those wanted, Infinity without a limit. */
  calls: number;
  /** Whether other chunks hold some, of which what they don't use comes back. */
  othersHold: boolean;
}

/**
 * Reserves calls for a chunk before it is worked on, so that the limit is hard however many workers there are.
 *
 * @param before - calls that the chunk has cost so far; what an earlier attempt, killed, had reserved and not used is
 *   known by it and given back first
 */
export async function reserveCalls(
  objects: ObjectStore,
  run: string,
  chunk: number,
  { wanted, before }: { wanted: number; before: number },
): Promise<Reservation> {
  let reservation: Reservation = { calls: Number.POSITIVE_INFINITY, othersHold: false };
  await change(objects, run, (limit) => {
    giveBack(limit, chunk, before);
    const calls = Math.min(wanted, limit.left);
    reservation = { calls, othersHold: Object.keys(limit.reserved).length > 0 };
    limit.left -= calls;
    if (calls > 0) limit.reserved[chunk] = { calls, before };
    else if (!reservation.othersHold) limit.reached = true;
  });
  return reservation;
}

/** Gives back what a chunk had reserved and did not use. @param after - calls that the chunk has cost by now */
export const returnCalls = (objects: ObjectStore, run: string, chunk: number, after: number): Promise<void> =>
  change(objects, run, (limit) => giveBack(limit, chunk, after));

function giveBack(limit: Limit, chunk: number, after: number): void {
  const reservation = limit.reserved[chunk];
  if (reservation === undefined) return;
  limit.left += Math.max(0, reservation.calls - (after - reservation.before));
  delete limit.reserved[chunk];
}

async function change(objects: ObjectStore, run: string, edit: (limit: Limit) => void): Promise<void> {
  for (;;) {
    const stored = await objects.get(runLimit(run));
    if (stored === undefined) return;
    const limit: Limit = JSON.parse(stored.body.toString('utf8'));
    edit(limit);
    const body = Buffer.from(JSON.stringify(limit));
    if ((await objects.put(runLimit(run), body, { ifVersion: stored.version })) !== 'conflict') return;
  }
}
