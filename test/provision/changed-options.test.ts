import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import type { Session } from '../../src/aws/session.ts';
import type { SetupChoice } from '../../src/provision/options.ts';
import { PROVISION_LEASE } from '../../src/runtime/run/layout.ts';
import { addSubnet, addVpc } from '../aws/ec2/reach.ts';
import type { Entry } from '../aws/kernel/journal.ts';
import type { World } from '../aws/kernel/world.ts';
import { startWorld } from '../aws/world.ts';
import { expectState, killed, kills, tryAll } from './interruption.ts';
import { everything, givenImages, planWhole, setUpWhole, tearDownWhole, testSession } from './stack.ts';
import { writtenPolicies } from './written-policies.ts';

const ROLES = ['admin', 'execution', 'live', 'planner', 'search', 'worker'];
const each = (operation: string, names: readonly string[]) => names.map((name) => `${operation} ${name}`);
const RECORD = 's3 PutObject stack.json';
const NEW_REVISIONS = [
  ...each('batch DeregisterJobDefinition', ['planner', 'worker']),
  ...each('batch RegisterJobDefinition', ['planner', 'worker']),
];
const NETWORK = [...NEW_REVISIONS, ...each('batch UpdateComputeEnvironment', ['control', 'workers'])];

let world: World;
let session: Session;
let start: ReturnType<World['store']['snapshot']>;
let before: string;
let own: { subnets: string[]; securityGroups: string[] };

beforeAll(async () => {
  world = await startWorld();
  await givenImages(world);
  session = testSession(world, 'eu-west-1', true);
  await planWhole(world, { session });
  const where = { account: session.account, region: session.region };
  const { vpcId, groupId } = addVpc(world, where);
  own = { subnets: [addSubnet(world, where, { vpcId, out: 'nat' })], securityGroups: [groupId] };
  before = everything(world);
  vi.useFakeTimers({ toFake: ['Date'] });
  await setUpWhole(world, { session });
  vi.useRealTimers();
  start = world.store.snapshot();
});
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] });
  world.store.restore(start);
});
afterEach(() => {
  vi.useRealTimers();
  world.check();
});
afterAll(() => world.stop());

/** What was changed, by the name that it has within the stack; without the lock, which every change has. */
function touched(): string[] {
  const calls = world.journal.mutating().filter(({ input }) => nameIn(input) !== PROVISION_LEASE);
  return calls.map((call) => `${call.service} ${call.operation} ${nameIn(call.input)}`).sort();
}

function nameIn(input: Entry['input']): string {
  const values = input as Record<string, unknown>;
  const members = [
    'Key',
    'RoleName',
    'computeEnvironment',
    'jobDefinitionName',
    'jobDefinition',
    'Name',
    'Rule',
  ];
  const found = [...members, 'DomainName', 'GroupName', 'Bucket'].map((member) => values[member]);
  const name = String(found.find((value) => value !== undefined) ?? '');
  return name
    .replace(/^arn:.*\//, '')
    .replace(/-[0-9a-f]{12}\.json$/, '-HASH.json')
    .replace(/:\d+$/, '')
    .replace(/^rekback-images-(eu-west-1-)?(?!1)/, '')
    .replace(/^rekback-images-1.*/, "the stack's bucket");
}

const TABLE: [string, SetupChoice | (() => SetupChoice), string[]][] = [
  ['maxVcpus', { maxVcpus: 8 }, [RECORD, 'batch UpdateComputeEnvironment workers']],
  ['compute', { compute: 'fargate' }, [RECORD, 'batch UpdateComputeEnvironment workers']],
  [
    'prefix',
    { prefix: 'a b/' },
    [
      RECORD,
      's3 PutBucketInventoryConfiguration images',
      's3 PutBucketNotificationConfiguration images',
      ...each('iam PutRolePolicy', ['live', 'planner', 'worker']),
    ],
  ],
  ['live none', { live: 'none' }, [RECORD, 's3 PutBucketNotificationConfiguration images']],
  [
    'live eventbridge',
    { live: 'eventbridge', enableEventBridge: true },
    [
      RECORD,
      'events PutRule live',
      'events PutTargets live',
      's3 PutObject before/event-bridge-was-off.json',
      // First one way for events, then the other no more: none is lost between.
      ...each(
        's3 PutObject',
        [1, 2].map(() => 'before/notifications-images-HASH.json'),
      ),
      ...each('s3 PutBucketNotificationConfiguration', ['images', 'images']),
    ],
  ],
  ['inventoryFormat', { inventoryFormat: 'Parquet' }, [RECORD, 's3 PutBucketInventoryConfiguration images']],
  ['backfill', { backfill: 'manual' }, [RECORD, "s3 PutBucketNotificationConfiguration the stack's bucket"]],
  ['bucketChanges', { bucketChanges: 'print' }, [RECORD]],
  ['skipDestinationValidation', { skipDestinationValidation: true }, [RECORD]],
  [
    'imageUri',
    { imageUri: 'registry.example/photos@sha256:1' },
    [RECORD, 'iam PutRolePolicy execution', ...NEW_REVISIONS],
  ],
  [
    'indexEndpoint',
    { indexEndpoint: 'https://search.example.com' },
    [
      RECORD,
      'es DeleteDomain rekback-images',
      ...each('es DeleteRole', ['rekback-reader', 'rekback-writer']),
      ...each('es DeleteRolesMapping', ['rekback-reader', 'rekback-writer']),
      // Nobody has a right on an index that is no domain.
      ...each('iam DeleteRole', ['admin', 'search']),
      ...each('iam DeleteRolePolicy', ['admin', 'search']),
      ...each('iam PutRolePolicy', ['live', 'worker']),
      's3 PutObject index.json',
    ],
  ],
  [
    'kmsKey',
    { kmsKey: 'arn:aws:kms:eu-west-1:111122223333:key/1234' },
    [RECORD, ...each('iam PutRolePolicy', ['live', 'planner', 'worker'])],
  ],
  [
    'permissionsBoundary',
    { permissionsBoundary: 'arn:aws:iam::aws:policy/PowerUserAccess' },
    [RECORD, ...each('iam PutRolePermissionsBoundary', ROLES)],
  ],
  [
    'notify',
    { notify: ['arn:aws:sns:eu-west-1:111122223333:told', 'https://example.com/hook'] },
    [RECORD, 'iam PutRolePolicy live'],
  ],
  [
    'subnets of another VPC',
    () => ({ subnets: own.subnets }),
    [RECORD, 'ec2 CreateSecurityGroup rekback-images', 'ec2 DeleteSecurityGroup ', ...NETWORK],
  ],
  ['subnets and groups', () => own, [RECORD, 'ec2 DeleteSecurityGroup ', ...NETWORK]],
];

const chosen = (choice: SetupChoice | (() => SetupChoice)) =>
  typeof choice === 'function' ? choice() : choice;

it.each(TABLE)('%s changes what it is about, stays, and goes with the stack', async (_, given, wanted) => {
  const choice = chosen(given);
  world.journal.clear();
  const { record } = await setUpWhole(world, { session, choice });
  expect(touched()).toEqual([...wanted].sort());
  world.journal.clear();
  // Not named a second time: what was chosen stays.
  const again = await planWhole(world, { session, choice: { imageUri: undefined } });
  expect(again.changes.map(({ resource }) => resource.name)).toEqual([]);
  expect(again.record).toEqual(record);
  const removed = await tearDownWhole(world, { session });
  if (choice.bucketChanges === 'print') return;
  expect(removed?.left).toEqual([]);
  expectState(world, before, 'a teardown');
});

it('who is notified may publish to no other topic; others replace them, and none clears them', async () => {
  const topic = (name: string) => `arn:aws:sns:eu-west-1:111122223333:${name}`;
  const choose = async (...notify: string[]) => {
    world.journal.clear();
    const { record } = await setUpWhole(world, { session, choice: { notify } });
    const rights = writtenPolicies(world.journal.mutating()).find(({ name }) => name.endsWith('-live'));
    const publishes = rights?.document.Statement.find(({ Action }) =>
      [Action].flat().includes('sns:Publish'),
    );
    return { notify: record.aws.notify, publishes: publishes && [publishes.Resource].flat() };
  };
  expect(await choose(topic('a'), 'https://example.com/hook', topic('b'), topic('a'))).toEqual({
    notify: [topic('a'), 'https://example.com/hook', topic('b')],
    publishes: [topic('a'), topic('b')],
  });
  expect(await choose(topic('c'))).toEqual({ notify: [topic('c')], publishes: [topic('c')] });
  expect(await choose('none')).toEqual({ notify: undefined, publishes: undefined });
});

it('tags are put on everything that can carry them, and stay beside later ones', async () => {
  world.journal.clear();
  await setUpWhole(world, { session, choice: { tags: ['team=photos'] } });
  expect(touched().filter((call) => !/Tag|PutObject/.test(call))).toEqual([]);
  expect(touched().length).toBeGreaterThan(20);
  const { record, changes } = await setUpWhole(world, { session, choice: { tags: ['stage=test'] } });
  expect(record.aws.tags).toEqual({ team: 'photos', stage: 'test' });
  const fields = changes.flatMap(({ found }) => ('drift' in found ? found.drift : []));
  expect([...new Set(fields.map(({ field }) => field))].sort()).toEqual(['record', 'tags.stage']);
});

it("a stack's IAM path can't be changed, and nothing is", async () => {
  world.journal.clear();
  await expect(setUpWhole(world, { session, choice: { iamPath: '/teams/' } })).rejects.toMatchObject({
    code: 'fixed-setting',
    exitCode: 2,
  });
  expect(world.journal.mutating()).toEqual([]);
});

const ALL: () => SetupChoice = () => ({
  prefix: 'summer 2026/',
  live: 'eventbridge',
  enableEventBridge: true,
  inventoryFormat: 'Parquet',
  backfill: 'manual',
  compute: 'fargate',
  maxVcpus: 8,
  ...own,
  imageUri: 'registry.example/photos@sha256:1',
  skipDestinationValidation: true,
  kmsKey: 'arn:aws:kms:eu-west-1:111122223333:key/1234',
  permissionsBoundary: 'arn:aws:iam::aws:policy/PowerUserAccess',
  tags: ['team=photos'],
});

it('a change of all options killed at any call is finished by the same command, or by a teardown', async () => {
  const choice = ALL();
  world.journal.clear();
  await setUpWhole(world, { session, choice });
  const calls = world.journal.mutating().length;
  const made = everything(world);
  world.journal.clear();
  await setUpWhole(world, { session, choice: { imageUri: undefined } });
  expect(world.journal.mutating()).toEqual([]);
  const failures = await tryAll(
    kills(calls).filter((__, index) => index % 5 === 0),
    async (kill, note) => {
      world.store.restore(start);
      note(await killed(world, kill, (options) => setUpWhole(world, { ...options, choice }), { session }));
      const broken = world.store.snapshot();
      await setUpWhole(world, { session, choice });
      expectState(world, made, 'the same setup');
      world.store.restore(broken);
      const removed = await tearDownWhole(world, { session });
      if (removed?.left.length !== 0) throw new Error(`the teardown left ${JSON.stringify(removed?.left)}`);
      expectState(world, before, 'a teardown');
    },
  );
  expect(failures).toEqual([]);
}, 120_000);
