import type { ObjectStore } from '../ports.ts';
import { liveUsage } from '../run/layout.ts';
import { readJson } from '../run/record.ts';

/**
 * Labeler calls of live changes on one UTC day, by hour. One object a day: a cap of a day that was spread over objects
 * could be passed by two who look at each other's hour too early.
 */
interface Usage {
  calls: number[];
}

const HOURS = 24;
const HOUR = 3_600_000;

/** UTC day and hour of a moment in epoch milliseconds. */
const dayOf = (now: number): string => new Date(now).toISOString().slice(0, 10);
const hourOf = (now: number): number => new Date(now).getUTCHours();

/** When the next UTC day begins; epoch milliseconds. */
export const nextDay = (now: number): number => Date.parse(`${dayOf(now)}T00:00:00Z`) + HOURS * HOUR;

/**
 * Reserves labeler calls before they are made, so that the cap is hard however many invocations there are. One that is
 * killed keeps what it had reserved: the day then ends below its cap, never above.
 *
 * @param wanted - most calls that may be needed
 * @param perDay - the cap of a UTC day; Infinity for none
 * @returns how many may be made
 */
export async function reserveLiveCalls(
  objects: ObjectStore,
  now: number,
  wanted: number,
  perDay: number,
): Promise<number> {
  let granted = 0;
  await change(objects, now, (calls) => {
    const left = perDay - sum(calls);
    granted = Math.max(0, Math.min(wanted, left));
    return granted;
  });
  return granted;
}

/** Gives back calls that were reserved at that moment and not made. */
export const returnLiveCalls = (objects: ObjectStore, reservedAt: number, unused: number): Promise<void> =>
  change(objects, reservedAt, () => -unused);

/** Calls of this UTC day, and of the 24 hours before now. */
export async function liveCallsOf(
  objects: ObjectStore,
  now: number,
): Promise<{ today: number; last24Hours: number }> {
  const [before, today] = await Promise.all([read(objects, now - HOURS * HOUR), read(objects, now)]);
  return { today: sum(today), last24Hours: sum(today) + sum(before.slice(hourOf(now) + 1)) };
}

const sum = (calls: readonly number[]): number => calls.reduce((total, each) => total + each, 0);

async function read(objects: ObjectStore, now: number): Promise<number[]> {
  return (await readJson<Usage>(objects, liveUsage(dayOf(now))))?.calls ?? [];
}

/** @param edit - by how many the calls of the hour change */
async function change(
  objects: ObjectStore,
  now: number,
  edit: (calls: readonly number[]) => number,
): Promise<void> {
  const key = liveUsage(dayOf(now));
  for (;;) {
    const stored = await objects.get(key);
    const usage: Usage =
      stored === undefined
        ? { calls: Array.from({ length: HOURS }, () => 0) }
        : JSON.parse(stored.body.toString('utf8'));
    const by = edit(usage.calls);
    if (by === 0) return;
    const calls = usage.calls.map((each, hour) => (hour === hourOf(now) ? Math.max(0, each + by) : each));
    const condition = stored === undefined ? { ifAbsent: true as const } : { ifVersion: stored.version };
    const body = Buffer.from(JSON.stringify({ calls } satisfies Usage));
    if ((await objects.put(key, body, condition)) !== 'conflict') return;
  }
}
