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

/** As long as it takes on a bad day, in milliseconds. */
const DELAYS: Partial<World['delays']> = {
  iamRead: 3_000,
  iamPropagation: 12_000,
  sqsPolicy: 5_000,
  s3Bucket: 4_000,
  s3Configuration: 3_000,
  batchEnvironment: 20_000,
  batchQueue: 5_000,
  lambdaFunction: 5_000,
  lambdaMapping: 20_000,
  openSearchDomain: 3 * 60_000,
  taggingAfterDelete: 4 * 60 * 60_000,
};

/** The states before and after an uninterrupted setup, and how many mutating calls lie between. */
async function uninterrupted(options = {}) {
  const before = everything(world);
  world.journal.clear();
  await setUpWhole(world, { session, ...options });
  return { before, made: everything(world), calls: world.journal.mutating().length };
}

it('killed at any call, status works, and another setup or a teardown ends as if nothing had happened', async () => {
  const start = world.store.snapshot();
  const { before, made, calls } = await uninterrupted();
  expect(calls).toBeGreaterThan(40);
  const failures = await tryAll(kills(calls), async (kill, note) => {
    world.store.restore(start);
    note(await killed(world, kill, (options) => setUpWhole(world, options), { session }));
    const broken = world.store.snapshot();
    await expectStatus(world, { session });
    await setUpWhole(world, { session });
    expectState(world, made, 'another setup');
    world.store.restore(broken);
    await tearDownWhole(world, { session });
    expectState(world, before, 'a teardown');
  });
  expect(failures).toEqual([]);
}, 300_000);

it('killed while AWS takes its time, too', async () => {
  const before = everything(world);
  Object.assign(world.delays, DELAYS);
  const { made, calls } = await uninterrupted();
  expect((await planWhole(world, { session })).changes).toEqual([]);
  expect(await tearDownWhole(world, { session })).toMatchObject({ left: [], kept: [] });
  expectState(world, before, 'a teardown');
  const some = kills(calls).filter((_, index) => index % 17 === 0);
  const failures = await tryAll(some, async (kill, note) => {
    note(await killed(world, kill, (options) => setUpWhole(world, options), { session }));
    await expectStatus(world, { session });
    await setUpWhole(world, { session });
    expectState(world, made, 'another setup');
    note(await killed(world, kill, (options) => tearDownWhole(world, options), { session }));
    await expectStatus(world, { session });
    const removed = await tearDownWhole(world, { session });
    if (removed?.left.length !== 0) throw new Error(`the teardown left ${JSON.stringify(removed?.left)}`);
    expectState(world, before, 'a teardown');
  });
  expect(failures).toEqual([]);
}, 120_000);
