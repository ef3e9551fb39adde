import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openMemoryObjects } from '../../../src/adapters/memory/objects.ts';
import type { ObjectStore } from '../../../src/runtime/ports.ts';
import {
  describeHolder,
  type Holder,
  type IsAlive,
  type Lease,
  leaseHolder,
  runActive,
  takeLease,
} from '../../../src/runtime/run/lease.ts';

const KEY = 'leases/run.json';
const MINUTE = 60_000;

const holder = (id: string): Holder => ({
  id,
  what: 'rekback backfill now',
  user: 'ada',
  host: 'elsewhere',
  pid: 4711,
  started: 'once',
  since: '2026-01-01T00:00:00.000Z',
});

const alive: IsAlive = () => true;
const dead: IsAlive = () => false;
/** As of a process on another machine. */
const unknown: IsAlive = () => undefined;

let objects: ObjectStore;
beforeEach(() => {
  vi.useFakeTimers();
  objects = openMemoryObjects();
});
afterEach(() => {
  vi.useRealTimers();
});

async function take(id: string, isAlive: IsAlive): Promise<Lease> {
  const lease = await takeLease(objects, KEY, holder(id), isAlive);
  if (!('release' in lease)) throw new Error(`${lease.id} has it`);
  return lease;
}

test('one has it, the second learns who', async () => {
  await take('first', alive);
  expect(await takeLease(objects, KEY, holder('second'), alive)).toEqual(holder('first'));
  expect(await leaseHolder(objects, KEY, alive)).toEqual(holder('first'));
  expect(runActive(holder('first'))).toMatchObject({
    code: 'run-active',
    message: `a run is active: ${describeHolder(holder('first'))}`,
  });
  expect(describeHolder(holder('first'))).toBe(
    "'rekback backfill now' by ada on elsewhere (process 4711, since 2026-01-01T00:00:00.000Z)",
  );
});

test('a released lease is gone, and can be taken', async () => {
  const lease = await take('first', alive);
  await lease.release();
  expect(await objects.get(KEY)).toBeUndefined();
  expect(await leaseHolder(objects, KEY, alive)).toBeUndefined();
  await take('second', alive);
});

test('the lease of a dead process is taken over at once', async () => {
  await take('first', alive);
  expect(await leaseHolder(objects, KEY, dead)).toBeUndefined();
  await take('second', dead);
  expect(await leaseHolder(objects, KEY, alive)).toEqual(holder('second'));
});

test('one from another machine is taken over once it was not renewed for a minute', async () => {
  await take('first', alive);
  vi.clearAllTimers();
  await vi.advanceTimersByTimeAsync(MINUTE - 1);
  expect(await takeLease(objects, KEY, holder('second'), unknown)).toEqual(holder('first'));
  await vi.advanceTimersByTimeAsync(1);
  await take('second', unknown);
});

test('it is renewed for as long as it is held', async () => {
  const lease = await take('first', alive);
  await vi.advanceTimersByTimeAsync(10 * MINUTE);
  expect(await takeLease(objects, KEY, holder('second'), unknown)).toEqual(holder('first'));
  expect(lease.lost.aborted).toBe(false);
  await lease.release();
  await vi.advanceTimersByTimeAsync(10 * MINUTE);
  expect(await objects.get(KEY)).toBeUndefined();
});

test('a renewal that fails is made up for by the next', async () => {
  const { put } = objects;
  let failures = 0;
  const lease = await take('first', alive);
  objects.put = async (...args) => {
    if (++failures % 2 === 1) throw new Error('no space');
    return put(...args);
  };
  await vi.advanceTimersByTimeAsync(5 * MINUTE);
  expect(failures).toBeGreaterThan(4);
  expect(lease.lost.aborted).toBe(false);
  expect(await takeLease(objects, KEY, holder('second'), unknown)).toEqual(holder('first'));
});

test('who lost it is told, and leaves the other’s alone', async () => {
  const lease = await take('first', alive);
  await take('second', dead);
  await vi.advanceTimersByTimeAsync(MINUTE);
  expect(lease.lost.aborted).toBe(true);
  await lease.release();
  expect(await leaseHolder(objects, KEY, alive)).toEqual(holder('second'));
});

test.each(['', 'null', '{}', '[]', '"x"', '{"holder":{}}', '{"holder":{"id":"fi'])(
  'a damaged lease (%s) is nobody’s',
  async (body) => {
    await objects.put(KEY, Buffer.from(body));
    expect(await leaseHolder(objects, KEY, alive)).toBeUndefined();
    await take('second', alive);
  },
);

test.each([
  ['free', async () => {}],
  ['a dead process’s', () => take('dead', alive)],
])('of many that want a lease that is %s, one gets it', async (_, prepare) => {
  await prepare();
  const isAlive: IsAlive = ({ id }) => id !== 'dead';
  const takers = Array.from({ length: 20 }, (_, at) => takeLease(objects, KEY, holder(`${at}`), isAlive));
  const results = await Promise.all(takers);
  const won = results.filter((result) => 'release' in result);
  expect(won).toHaveLength(1);
  const present = await leaseHolder(objects, KEY, isAlive);
  for (const result of results) if (!('release' in result)) expect(result).toEqual(present);
});
