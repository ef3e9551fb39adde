import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import type { Session } from '../../src/aws/session.ts';
import type { World } from '../aws/kernel/world.ts';
import { startWorld } from '../aws/world.ts';
import { expectState, expectStatus, killed, kills, tryAll } from './interruption.ts';
import { everything, givenImages, planWhole, setUpWhole, tearDownWhole, testSession } from './stack.ts';

let world: World;
let session: Session;

beforeAll(async () => {
  world = await startWorld();
});
beforeEach(async () => {
  // Records and leases tell the time: a stack that is made twice is to be the same.
  vi.useFakeTimers({ toFake: ['Date'] });
  await givenImages(world);
  session = testSession(world, 'eu-west-1', true);
  // AWS makes the default network when it is first asked for.
  await planWhole(world, { session });
});
afterEach(() => {
  vi.useRealTimers();
  world.check();
  world.reset();
});
afterAll(() => world.stop());

/** For a minute SQS refuses queues of the name of one that was deleted. */
const QUEUE_NAMES_FREE = 61_000;

it('killed at any call, status works, and another teardown or a setup ends as if nothing had happened', async () => {
  const before = everything(world);
  await setUpWhole(world, { session });
  const made = everything(world);
  const start = world.store.snapshot();
  world.journal.clear();
  expect((await tearDownWhole(world, { session }))?.left).toEqual([]);
  const calls = world.journal.mutating().length;
  expect(calls).toBeGreaterThan(40);
  const failures = await tryAll(kills(calls), async (kill, note) => {
    world.store.restore(start);
    note(await killed(world, kill, (options) => tearDownWhole(world, options), { session }));
    const broken = world.store.snapshot();
    await expectStatus(world, { session });
    await tearDownWhole(world, { session });
    expectState(world, before, 'another teardown');
    world.store.restore(broken);
    await world.clock.advance(QUEUE_NAMES_FREE);
    await setUpWhole(world, { session });
    expectState(world, made, 'a setup');
  });
  expect(failures).toEqual([]);
}, 300_000);
