import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { blueprint } from '../../src/provision/blueprint.ts';
import { inspectAll } from '../../src/provision/plan.ts';
import type { World } from '../aws/kernel/world.ts';
import { startWorld } from '../aws/world.ts';
import { BUCKET, everything, givenImages, planWhole, setUpWhole, tearDownWhole } from './stack.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(() => world.stop());

describe('setup and teardown of a whole stack', () => {
  it('makes everything, nothing a second time, and leaves the account as it was', async () => {
    await givenImages(world);
    const before = everything(world);
    const { context, record } = await setUpWhole(world);
    const states = await inspectAll(blueprint(context, record));
    expect(
      states.filter(({ found }) => found.state !== 'present').map(({ resource }) => resource.type),
    ).toEqual(['image', 'former-security-groups', 'rule', 'event-bridge']);
    const made = everything(world);
    world.journal.clear();
    expect((await setUpWhole(world)).changes).toEqual([]);
    expect(world.journal.mutating()).toEqual([]);
    expect(everything(world)).toBe(made);
    const removed = await tearDownWhole(world);
    expect(removed?.left).toEqual([]);
    expect(everything(world)).toBe(before);
    expect((await planWhole(world, { name: BUCKET })).changes.length).toBeGreaterThan(25);
  });
});
