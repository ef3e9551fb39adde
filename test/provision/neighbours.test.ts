import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { STACK_TAG } from '../../src/stack/aws-spec.ts';
import type { World } from '../aws/kernel/world.ts';
import { startWorld } from '../aws/world.ts';
import {
  everything,
  givenImages,
  planWhole,
  type StackOptions,
  setUpWhole,
  tearDownWhole,
  testSession,
} from './stack.ts';
import { tagsInDouble } from './tags-in-double.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(() => world.stop());

/** All that is there without what is of one of two neighbours alone, or its part of something that both have. */
function without(one: RegExp, neighbour: RegExp): string {
  const mentions = (value: unknown, name: RegExp) => name.test(JSON.stringify(value));
  const stays = (value: unknown) => !mentions(value, one) || mentions(value, neighbour);
  const keep = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.filter(stays).map(keep);
    if (typeof value !== 'object' || value === null) return value;
    const members = Object.entries(value).filter(([key, member]) => !one.test(key) && stays(member));
    // Of two things that are known by random ids alone the second one is numbered.
    return Object.fromEntries(members.map(([key, member]) => [key.replace(/#\d+$/, ''), keep(member)]));
  };
  return JSON.stringify(keep(JSON.parse(everything(world))), undefined, 1);
}

/** Sets `one` up beside what is there, changes it, and tears it down; `unharmed` looks after each step. */
async function liveBeside(one: StackOptions, unharmed: () => Promise<void>): Promise<void> {
  const before = everything(world);
  await setUpWhole(world, one);
  await unharmed();
  const changes = { maxVcpus: 2, tags: ['team=photos'], live: 'none' as const };
  const { changes: made } = await setUpWhole(world, { ...one, choice: { ...one.choice, ...changes } });
  expect(made.length).toBeGreaterThan(10);
  await unharmed();
  const removed = await tearDownWhole(world, one);
  expect(removed?.left).toEqual([]);
  await unharmed();
  expect(everything(world)).toBe(before);
}

/** Nothing of it differs from what it was, nor from what it is to be. */
async function watch(neighbour: StackOptions, part: () => string): Promise<() => Promise<void>> {
  await setUpWhole(world, neighbour);
  const before = part();
  expect(before.length).toBeGreaterThan(10_000);
  return async () => {
    expect(part()).toBe(before);
    expect((await planWhole(world, neighbour)).changes).toEqual([]);
  };
}

describe('a stack beside another', () => {
  it('of its name in another Region is of no account to that', async () => {
    await givenImages(world, 'images-here', 'eu-west-1');
    await givenImages(world, 'images-there', 'us-east-1');
    const there = { name: 'photos', region: 'us-east-1', bucket: 'images-there' };
    const here = { name: 'photos', region: 'eu-west-1', bucket: 'images-here' };
    const unharmed = await watch(there, () => without(/eu-west-1|images-here/, /us-east-1|images-there/));
    world.journal.clear();
    await liveBeside(here, unharmed);
    const mutations = world.journal.mutating();
    expect(mutations.length).toBeGreaterThan(100);
    for (const { operation, input } of mutations) {
      expect(JSON.stringify(input), operation).not.toMatch(/us-east-1|images-there/);
    }
    expect(new Set(mutations.filter(({ service }) => service !== 'iam').map(({ region }) => region))).toEqual(
      new Set(['eu-west-1']),
    );
  });

  it.each(['s3', 'eventbridge'] as const)(
    'on one bucket, of another prefix, both told by %s',
    async (live) => {
      await givenImages(world);
      const stack = (name: string) => ({
        name,
        choice: { prefix: `${name}/`, live, enableEventBridge: live === 'eventbridge' },
      });
      const unharmed = await watch(stack('dogs'), () => without(/\bcats\b/, /\bdogs\b/));
      await liveBeside(stack('cats'), unharmed);
    },
  );

  it('whose name begins with its own', async () => {
    await givenImages(world);
    const stack = (name: string, prefix: string) => ({ name, choice: { prefix } });
    await setUpWhole(world, stack('cats-live', 'live/'));
    const neighbour = async () =>
      expect((await planWhole(world, stack('cats-live', 'live/'))).changes).toEqual([]);
    await liveBeside(stack('cats', 'cats/'), neighbour);
  });

  it.each(['', 'cats/2024/', 'c'])('is refused where S3 would have to tell both: %j', async (prefix) => {
    await givenImages(world);
    await setUpWhole(world, { name: 'cats', choice: { prefix: 'cats/' } });
    const before = everything(world);
    world.journal.clear();
    await expect(setUpWhole(world, { name: 'more', choice: { prefix } })).rejects.toMatchObject({
      code: 'notification-overlap',
      message: expect.stringContaining('rekback-cats-images'),
      suggestions: expect.arrayContaining([expect.stringContaining('--live eventbridge')]),
    });
    expect(world.journal.mutating()).toEqual([]);
    expect(everything(world)).toBe(before);
    // Nothing is told twice where a stack is not told at all.
    const { changes } = await setUpWhole(world, { name: 'more', choice: { prefix, live: 'none' } });
    expect(changes.length).toBeGreaterThan(20);
  });
});

describe('what others have under our names', () => {
  it.each<readonly [string, string]>([
    ['bucket', 'rekback-photos-111122223333-eu-west-1'],
    ['log-group', '/rekback/photos/jobs'],
    ['log-group', '/rekback/photos/live'],
    ['queue', 'rekback-photos-dead-letters'],
    ['queue', 'rekback-photos-live'],
    ...['execution', 'planner', 'worker', 'live', 'admin', 'search'].map(
      (purpose) => ['role', `rekback-photos-eu-west-1-${purpose}`] as const,
    ),
    ['repository', 'rekback/photos'],
    ['security-group', 'rekback-photos'],
    ['compute-environment', 'rekback-photos-control'],
    ['compute-environment', 'rekback-photos-workers'],
    ['job-queue', 'rekback-photos-control'],
    ['job-queue', 'rekback-photos-workers'],
    ['job-definition', 'rekback-photos-planner'],
    ['job-definition', 'rekback-photos-worker'],
    ['function', 'rekback-photos-live'],
    ['event-source-mapping', 'rekback-photos-live'],
    ['rule', 'rekback-photos-job-state'],
    ['rule', 'rekback-photos-live'],
    ['domain', 'rekback-photos'],
  ])('%s %s: is refused by name, before anything is written', async (type, name) => {
    await givenImages(world);
    const options = {
      name: 'photos',
      session: testSession(world),
      choice: { live: 'eventbridge' as const, enableEventBridge: true },
    };
    const { context } = await setUpWhole(world, options);
    const tags = () => tagsInDouble(world, context, `${type} ${name}`);
    if (type === 'bucket') {
      await tearDownWhole(world, options);
      await new S3Client(world.client()).send(
        new CreateBucketCommand({
          Bucket: name,
          CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' },
        }),
      );
    } else {
      // Somebody else's from now on: all but it is removed.
      tags()?.set(STACK_TAG, 'another');
      await tearDownWhole(world, options);
    }
    expect(tags()).toBeDefined();
    const before = everything(world);
    world.journal.clear();
    await expect(setUpWhole(world, options)).rejects.toMatchObject({
      code: 'foreign',
      message: expect.stringContaining(`the ${type} '${name}' is there already and is not this stack's`),
    });
    expect(world.journal.mutating()).toEqual([]);
    expect(everything(world)).toBe(before);
  });

  it('another account’s bucket of the stack’s name: is refused by name', async () => {
    await givenImages(world);
    const Bucket = 'rekback-photos-111122223333-eu-west-1';
    await new S3Client(world.client({ account: '444455556666' })).send(
      new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } }),
    );
    world.journal.clear();
    await expect(setUpWhole(world, { name: 'photos' })).rejects.toMatchObject({
      code: 'stack-denied',
      message: expect.stringMatching(`the bucket '${Bucket}' .*another account owns it`),
    });
    expect(world.journal.mutating()).toEqual([]);
  });
});
