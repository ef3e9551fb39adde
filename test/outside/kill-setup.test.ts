import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Stop } from '../aws/kernel/faults.ts';
import type { World } from '../aws/kernel/world.ts';
import { startWorld } from '../aws/world.ts';
import { rekback, startRekback } from '../cli.ts';
import { BUCKET, everything, givenImages, IMAGE } from '../provision/stack.ts';

const SETUP = ['setup', '--bucket', BUCKET, '--image-uri', IMAGE, '--backfill', 'auto', '--yes', '--json'];
const STATUS = ['status', '--stack', BUCKET, '--json'];
const TEARDOWN = ['teardown', '--stack', BUCKET, '--yes', '--json'];
/** Of setups, and as many of teardowns. */
const KILLS = 6;

let home: string;
/** Side by side, each with commands of its own. */
const worlds: World[] = [];

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'rekback-kill-setup-'));
  for (const _ of Array(2)) worlds.push(await startWorld());
});
afterAll(async () => {
  await Promise.all(worlds.map((world) => world.stop()));
  await rm(home, { recursive: true, force: true });
});

const envOf = (world: World) => ({ ...world.env(), REKBACK_HOME: join(home, new URL(world.url).port) });

async function newAccount(world: World): Promise<void> {
  world.check();
  world.reset();
  world.clock.runOnRealTime();
  await givenImages(world);
}

async function run(world: World, args: readonly string[]) {
  const { stdout, stderr, code } = await rekback(args, { env: envOf(world) });
  expect({ stderr, code }).toMatchObject({ code: 0 });
  return JSON.parse(stdout);
}

/** Runs a command in a process that gets SIGKILL at that call. */
async function runKilled(
  world: World,
  args: readonly string[],
  stop: Pick<Stop, 'call' | 'when'>,
): Promise<void> {
  const child = await startRekback(args, { env: envOf(world) });
  child.stdin.end();
  child.stdout.resume();
  child.stderr.resume();
  const ended = once(child, 'close');
  world.faults.stopAt({ ...stop, of: 'mutating', onStop: () => child.kill('SIGKILL') });
  expect(await ended).toEqual([null, 'SIGKILL']);
  world.faults.resume();
}

/** All that is there, but for what tells of a time or of a world's address, and so hashes to something else. */
const stateOf = (world: World) =>
  everything(world).replace(
    /("(?:stack|index)\.json": \[\s*\{\s*"body": "<)\d+ bytes \w+(>"[^}]*\}\s*,\s*"etag": ")\w+/g,
    '$1$2',
  );

async function uninterrupted(world: World) {
  await newAccount(world);
  const before = stateOf(world);
  world.journal.clear();
  await run(world, SETUP);
  const made = stateOf(world);
  const setupCalls = world.journal.mutating().length;
  world.journal.clear();
  expect((await run(world, TEARDOWN)).left).toEqual([]);
  expect(stateOf(world)).toBe(before);
  return { before, made, setupCalls, teardownCalls: world.journal.mutating().length };
}

test('the same command again goes on from where a SIGKILL ended it', async () => {
  const [first] = worlds;
  if (first === undefined) throw new Error('no world');
  const { before, made, setupCalls, teardownCalls } = await uninterrupted(first);
  const at = (calls: number, index: number): Pick<Stop, 'call' | 'when'> => ({
    call: 1 + Math.round((index * (calls - 2)) / (KILLS - 1)),
    when: index % 2 === 0 ? 'before' : 'after',
  });
  const indices = Array.from({ length: KILLS }, (_, index) => index)[Symbol.iterator]();
  const lane = async (world: World) => {
    for (const index of indices) {
      await newAccount(world);
      const setupKill = at(setupCalls, index);
      await runKilled(world, SETUP, setupKill);
      await run(world, SETUP);
      expect(stateOf(world), `setup killed ${setupKill.when} call ${setupKill.call}`).toBe(made);
      const teardownKill = at(teardownCalls, KILLS - 1 - index);
      await runKilled(world, TEARDOWN, teardownKill);
      const where = `teardown killed ${teardownKill.when} call ${teardownKill.call}`;
      expect((await run(world, STATUS)).stack, where).toBe(BUCKET);
      expect((await run(world, TEARDOWN)).left, where).toEqual([]);
      expect(stateOf(world), where).toBe(before);
    }
  };
  await Promise.all(worlds.map(lane));
  for (const world of worlds) world.check();
}, 300_000);
