import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { Session } from '../../src/aws/session.ts';
import type { ChangeEvent } from '../../src/provision/apply.ts';
import { type InspectedStack, inspectStack } from '../../src/provision/inspect.ts';
import type { FunctionCode } from '../../src/provision/lambda/code.ts';
import type { SetupChoice } from '../../src/provision/options.ts';
import { applySetup, planSetup, type SetupPlan } from '../../src/provision/setup.ts';
import { planTeardown, type Removed, teardown } from '../../src/provision/teardown.ts';
import type { IsAlive } from '../../src/runtime/run/lease.ts';
import { readAwsStack } from '../../src/stack/find-aws.ts';
import type { Operator } from '../../src/stack/operator.ts';
import type { World } from '../aws/kernel/world.ts';
import { indexEndpoint } from '../aws/opensearch/endpoint.ts';
import { CODE, testContext, testWaiting } from './context.ts';

export const BUCKET = 'images';
export const IMAGE = '111122223333.dkr.ecr.eu-west-1.amazonaws.com/rekback/photos@sha256:0';

/** A command's part in a whole setup or teardown, as the CLI plays it, on the world's clock. */
export interface StackOptions {
  region?: string;
  bucket?: string;
  name?: string;
  choice?: SetupChoice;
  /** What runs on AWS; left out: a function that does nothing. */
  code?: FunctionCode;
  report?: (event: ChangeEvent) => void;
  signal?: AbortSignal;
  /** Whether holders of the lock live. Left out: all are dead, as a process that was killed is at once. */
  isAlive?: IsAlive;
  /** One to use again: making clients takes longer than most commands. */
  session?: Session;
}

export function testSession(world: World, region = 'eu-west-1', once = false): Session {
  const { clients, spec } = testContext(world, { region }, { once });
  return {
    clients,
    region,
    account: spec.account,
    partition: 'aws',
    callerArn: `arn:aws:iam::${spec.account}:root`,
  };
}

/** A bucket with an image in it, and an index that answers on this machine. */
export async function givenImages(world: World, bucket = BUCKET, region = 'eu-west-1'): Promise<void> {
  indexEndpoint(world, world.url);
  const s3 = testSession(world, region).clients(S3Client);
  await s3.send(
    new CreateBucketCommand({
      Bucket: bucket,
      ...(region !== 'us-east-1' && {
        CreateBucketConfiguration: { LocationConstraint: region as 'eu-west-1' },
      }),
    }),
  );
  await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'dog.jpg', Body: 'dog' }));
}

const operator = (what: string, isAlive: IsAlive = () => false): Operator => ({
  holder: {
    id: crypto.randomUUID(),
    what,
    user: 'tester',
    host: 'test',
    pid: process.pid,
    started: '',
    since: new Date(0).toISOString(),
  },
  isAlive,
});

export function planWhole(world: World, options: StackOptions = {}): Promise<SetupPlan> {
  const { region, bucket = BUCKET, name, choice, code = CODE, signal } = options;
  const { session = testSession(world, region) } = options;
  return planSetup(
    session,
    { bucket, name, choice: { imageUri: IMAGE, ...choice }, whenNew: 'auto' },
    testWaiting(world, signal),
    async () => code,
  );
}

export async function setUpWhole(world: World, options: StackOptions = {}): Promise<SetupPlan> {
  const plan = await planWhole(world, options);
  const { report = () => {}, signal } = options;
  await applySetup(plan, operator('rekback setup', options.isAlive), { report, signal });
  return plan;
}

/** Undefined where there is no stack. */
export async function inspectWhole(
  world: World,
  { region, name = BUCKET, signal, session = testSession(world, region) }: StackOptions = {},
): Promise<InspectedStack | undefined> {
  const found = await readAwsStack(session, name);
  return found && inspectStack(session, found, testWaiting(world, signal), async () => CODE);
}

/** Undefined where there is no stack to tear down. */
export async function tearDownWhole(
  world: World,
  options: StackOptions = {},
  keepIndex = false,
): Promise<Removed | undefined> {
  const stack = await inspectWhole(world, options);
  if (stack === undefined) return undefined;
  const { report = () => {}, signal } = options;
  const how = { keepIndex, keepLabels: undefined, report, signal };
  return teardown(stack, planTeardown(stack, keepIndex), operator('rekback teardown', options.isAlive), how);
}

/**
 * All that is there, by service, as equal text for equal states. Without what AWS keeps for good and nobody can remove
 * at once: deregistered job definitions, and the service-linked roles that services make themselves.
 */
export function everything(world: World): string {
  const state = JSON.parse(world.dump(), (key, value) => {
    if (key === 'definitions' && typeof value === 'object') return activeOnly(value);
    // What a bucket that never had any answers too.
    if (key === 'notification' && isEmpty(value)) return undefined;
    return value;
  });
  for (const [service, held] of Object.entries<Record<string, unknown>>(state)) {
    if (service.startsWith('batch/') && isEmpty(held)) delete state[service];
    if (service.startsWith('iam')) withoutLinkedRoles(state, service);
  }
  return JSON.stringify(state, undefined, 1);
}

/** How many revisions there were before is not forgotten either. */
function activeOnly(definitions: Record<string, { active?: boolean; arn?: string }[]>) {
  const active = Object.entries(definitions).map(([name, revisions]) => {
    const those = revisions.filter((each) => each.active !== false);
    return [
      name,
      those.map((each) => ({ ...each, revision: 1, arn: each.arn?.replace(/:\d+$/, '') })),
    ] as const;
  });
  return Object.fromEntries(active.filter(([, revisions]) => revisions.length > 0));
}

function withoutLinkedRoles(state: Record<string, Record<string, unknown>>, service: string): void {
  const roles = state[service]?.roles as Record<string, unknown> | undefined;
  for (const name of Object.keys(roles ?? {})) if (name.startsWith('AWSServiceRoleFor')) delete roles?.[name];
  if (isEmpty(state[service])) delete state[service];
}

/** Nothing in it, at any depth. */
const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.values(value).every(isEmpty);
