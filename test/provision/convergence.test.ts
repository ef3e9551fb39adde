import { DescribeDomainCommand, OpenSearchClient } from '@aws-sdk/client-opensearch';
import { S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openS3Objects } from '../../src/adapters/s3/objects.ts';
import { changeNotifications } from '../../src/aws/change-notifications.ts';
import type { Session } from '../../src/aws/session.ts';
import { describeTeardown, planTeardown } from '../../src/provision/teardown.ts';
import type { RunRecord } from '../../src/runtime/contract.ts';
import { INVENTORY_CONSUMED, PROVISION_LEASE, RUN_LEASE } from '../../src/runtime/run/layout.ts';
import { type Holder, takeLease } from '../../src/runtime/run/lease.ts';
import { writeRun } from '../../src/runtime/run/record.ts';
import { stackBucketName } from '../../src/stack/aws-spec.ts';
import { findAwsStacks } from '../../src/stack/find-aws.ts';
import type { World } from '../aws/kernel/world.ts';
import { startWorld } from '../aws/world.ts';
import { testWaiting } from './context.ts';
import { expectState } from './interruption.ts';
import {
  BUCKET,
  everything,
  givenImages,
  inspectWhole,
  planWhole,
  setUpWhole,
  tearDownWhole,
  testSession,
} from './stack.ts';

let world: World;
let session: Session;
beforeAll(async () => {
  world = await startWorld();
});
beforeEach(async () => {
  await givenImages(world);
  session = testSession(world);
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(() => world.stop());

function stackBucket() {
  const { account, region, clients } = session;
  const bucket = stackBucketName({ name: BUCKET, account, region });
  return { bucket, account, objects: openS3Objects(clients, { bucket, account }) };
}

const colleague: Holder = {
  id: 'theirs',
  what: 'rekback setup',
  user: 'bob',
  host: 'build-7',
  pid: 4711,
  started: '',
  since: '2026-01-02T03:04:05.000Z',
};
const BUSY = {
  code: 'stack-busy',
  message: `stack 'images' is being changed: 'rekback setup' by bob on build-7 (process 4711, since 2026-01-02T03:04:05.000Z)`,
};
const atWork = (holder: Holder) => (holder.id === colleague.id ? true : undefined);

describe('a second setup', () => {
  it('brings the trigger of the first inventory not back once it has done its work', async () => {
    await setUpWhole(world, { session });
    const { bucket, account, objects } = stackBucket();
    await objects.put(INVENTORY_CONSUMED, Buffer.from('{}'));
    await changeNotifications(
      session.clients(S3Client),
      { Bucket: bucket, ExpectedBucketOwner: account },
      { ids: ['rekback-images-inventory'], entries: [] },
      { waiting: testWaiting(world) },
    );
    world.journal.clear();
    expect((await setUpWhole(world, { session })).record.aws.backfill).toBe('auto');
    expect(world.journal.mutating()).toEqual([]);
    const stack = await inspectWhole(world, { session });
    const trigger = stack?.inspected.find(({ resource }) => resource.name === 'rekback-images-inventory');
    expect(trigger?.found.state).toBe('absent');
  });

  it('takes the trigger away where only the mark was left', async () => {
    await setUpWhole(world, { session });
    await stackBucket().objects.put(INVENTORY_CONSUMED, Buffer.from('{}'));
    const { changes } = await setUpWhole(world, { session });
    expect(changes.map(({ action, resource }) => `${action} ${resource.type} ${resource.name}`)).toEqual([
      'remove notification rekback-images-inventory',
    ]);
    world.journal.clear();
    await setUpWhole(world, { session });
    expect(world.journal.mutating()).toEqual([]);
  });
});

describe('a refusal', () => {
  it.each([
    ['sqs:CreateQueue', 'create the queue', 'CreateQueue'],
    ['iam:PutRolePolicy', 'create the role', 'PutRolePolicy'],
    ['batch:CreateComputeEnvironment', 'create the compute-environment', 'CreateComputeEnvironment'],
    ['s3:PutInventoryConfiguration', 'create the inventory', 'PutBucketInventoryConfiguration'],
    ['es:CreateDomain', 'create the domain', 'CreateDomain'],
    ['lambda:CreateFunction', 'create the function', 'CreateFunction'],
  ])(
    'of %s names resource, call, request, cause and what to do; then the rest is made',
    async (action, what, call) => {
      const allow = world.deny(action);
      const failure = await setUpWhole(world, { session }).catch((error: unknown) => error);
      const refused = world.journal.mutating().filter((entry) => entry.status >= 400);
      expect(failure).toMatchObject({
        code: 'provision-failed',
        message: expect.stringMatching(
          new RegExp(
            `^can't ${what} '[^']*rekback-images[^']*': AccessDenied\\w*: .* \\(${call}, request \\S+\\)$`,
          ),
        ),
        suggestions: [
          'see which rights are missing: rekback doctor',
          'run the same command again: it goes on where this one ended',
        ],
      });
      const { requestId } = refused[0] ?? {};
      expect(String(failure)).toContain(action);
      expect(
        refused.map((entry) => entry.requestId).some((id) => String(failure).includes(id)),
        requestId,
      ).toBe(true);
      allow();
      await setUpWhole(world, { session });
      expect((await planWhole(world, { session })).changes.map(({ resource }) => resource.name)).toEqual([]);
    },
  );

  it('of a removal is told with what is left; then the rest is removed', async () => {
    const before = everything(world);
    await setUpWhole(world, { session });
    const allow = world.deny('sqs:DeleteQueue');
    const removed = await tearDownWhole(world, { session });
    expect(removed?.left).toContainEqual({
      type: 'queue',
      name: 'rekback-images-live',
      reason: expect.stringMatching(
        /^can't remove the queue '.*': AccessDenied.* \(DeleteQueue, request \S+\)$/,
      ),
    });
    allow();
    expect((await tearDownWhole(world, { session }))?.left).toEqual([]);
    expectState(world, before, 'the second teardown');
  });
});

it('after an interrupt nothing more is begun, the lock is given back, and the same command finishes', async () => {
  const before = everything(world);
  for (const [command, verb] of [
    [setUpWhole, 'create'],
    [tearDownWhole, 'remove'],
  ] as const) {
    const interrupt = new AbortController();
    const events: string[] = [];
    const running = command(world, {
      session,
      signal: interrupt.signal,
      report: ({ event, type }) => {
        if (interrupt.signal.aborted && event === 'change-started') events.push(type);
        if (event === 'change-ended' && type === 'queue') interrupt.abort(new Error('interrupted'));
      },
    });
    await expect(running, verb).rejects.toThrow('interrupted');
    expect(events).toEqual([]);
    expect(await stackBucket().objects.get(PROVISION_LEASE)).toBeUndefined();
    await command(world, { session });
  }
  expectState(world, before, 'the teardown');
});

describe('two operators', () => {
  it('the second is told who is at it and changes nothing', async () => {
    await setUpWhole(world, { session });
    const { objects } = stackBucket();
    const lease = await takeLease(objects, PROVISION_LEASE, colleague, atWork);
    const options = { session, isAlive: atWork };
    world.journal.clear();
    await expect(setUpWhole(world, { ...options, choice: { maxVcpus: 8 } })).rejects.toMatchObject(BUSY);
    await expect(tearDownWhole(world, options)).rejects.toMatchObject(BUSY);
    // Of what is as it should be nothing has to be changed.
    await setUpWhole(world, options);
    const changed = world.journal.mutating().filter(({ status }) => status < 400);
    expect(changed).toEqual([]);
    if ('release' in lease) await lease.release();
  });

  it('one that is dead is in nobody’s way', async () => {
    await setUpWhole(world, { session });
    const { objects } = stackBucket();
    await takeLease(objects, PROVISION_LEASE, colleague, () => false);
    await setUpWhole(world, { session, isAlive: () => false });
    expect(await objects.get(PROVISION_LEASE)).toBeUndefined();
    await takeLease(objects, PROVISION_LEASE, colleague, () => false);
    expect((await tearDownWhole(world, { session, isAlive: () => false }))?.left).toEqual([]);
  });

  it('a teardown says which run it would end', async () => {
    await setUpWhole(world, { session });
    const { objects } = stackBucket();
    await writeRun(objects, {
      format: 1,
      id: '20260102-030405-0000',
      state: 'running',
      startedAt: '2026-01-02T03:04:05.000Z',
    } as RunRecord);
    const lease = await takeLease(objects, RUN_LEASE, { ...colleague, what: 'rekback backfill now' }, atWork);
    const stack = await inspectWhole(world, { session });
    if (stack === undefined) throw new Error('no stack');
    expect(await describeTeardown(stack, planTeardown(stack, false), false)).toContain(
      'Run 20260102-030405-0000 is active and will be ended.',
    );
    if ('release' in lease) await lease.release();
  });
});

it('--keep-index keeps the domain; a later setup takes it over, and a later teardown removes it', async () => {
  const before = everything(world);
  const domain = async () => {
    const describe = new DescribeDomainCommand({ DomainName: 'rekback-images' });
    return (await session.clients(OpenSearchClient).send(describe)).DomainStatus?.Created;
  };
  await setUpWhole(world, { session });
  const made = everything(world);
  const removed = await tearDownWhole(world, { session }, true);
  expect(removed).toMatchObject({ left: [], kept: [{ type: 'domain' }, { type: 'index-roles' }] });
  expect(await domain()).toBe(true);
  expect(await findAwsStacks(session)).toEqual([{ name: BUCKET, images: BUCKET }]);
  const stack = await inspectWhole(world, { session });
  expect(stack?.inspected.find(({ resource }) => resource.type === 'domain')?.found.state).not.toBe('absent');
  world.journal.clear();
  await setUpWhole(world, { session });
  expect(world.journal.of('es', 'CreateDomain')).toEqual([]);
  expect(everything(world).replace(/"(body|etag)": .*/g, '')).toBe(made.replace(/"(body|etag)": .*/g, ''));
  await tearDownWhole(world, { session }, true);
  expect((await tearDownWhole(world, { session }))?.left).toEqual([]);
  expectState(world, before, 'the last teardown');
});
