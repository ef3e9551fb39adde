import { OpenSearchClient } from '@aws-sdk/client-opensearch';
import { explained } from '../aws/explain.ts';
import type { Session } from '../aws/session.ts';
import type { Waiting } from '../aws/wait.ts';
import { RekbackError } from '../runtime/errors.ts';
import { namesOf } from '../stack/aws-names.ts';
import { type AwsSpec, STACK_TAG } from '../stack/aws-spec.ts';
import { type AwsStack, findAwsStacks, readAwsStack } from '../stack/find-aws.ts';
import type { Operator } from '../stack/operator.ts';
import { AWS_ADAPTERS, type AwsRecord, assertWritable, RECORD_FORMAT, specOf } from '../stack/record.ts';
import { initialSettings } from '../stack/settings.ts';
import { checkStackName, nameFor } from '../stack/spec.ts';
import { type ApplyOptions, applyChanges } from './apply.ts';
import { blueprint } from './blueprint.ts';
import type { Context } from './context.ts';
import { checkBucket } from './doctor/bucket.ts';
import type { Check } from './doctor/check.ts';
import { checkQuotas } from './doctor/limits.ts';
import { chooseNetwork } from './ec2/network.ts';
import { type Forecast, forecast } from './forecast.ts';
import { chooseImage } from './image/choose.ts';
import { type FunctionCode, functionCode } from './lambda/code.ts';
import { clearDeadLock, lockStack } from './lock.ts';
import { chooseEngineVersion } from './opensearch/engine-version.ts';
import { chooseOptions, type SetupChoice } from './options.ts';
import { type Change, inspectAll, planChanges } from './plan.ts';
import { type BucketChanges, bucketChanges } from './s3/bucket-changes.ts';
import { checkImagesBucket } from './s3/images-bucket.ts';
import { assertNoOverlap } from './s3/notification-preflight.ts';

export interface SetupPlan {
  context: Context;
  record: AwsRecord;
  /** What lies between what is there and what is wanted; empty when all is as wanted. */
  changes: Change[];
  /** How the notifications of the images' bucket will differ, a line each. */
  notifications: string[];
  forecast: Forecast;
  /** What to know beforehand: quotas that are too small, a key that is not named. */
  checks: Check[];
  /** With `--bucket-changes print`: what the bucket's owner has to apply. */
  bucketChanges: BucketChanges | undefined;
}

export interface SetupRequest {
  bucket: string;
  /** Made from the bucket's name where it is left out; a bucket that has one stack keeps it. */
  name: string | undefined;
  choice: SetupChoice;
  /** Whether a new stack's first inventory starts a backfill, where that is not chosen. */
  whenNew: 'auto' | 'manual';
}

/**
 * What setting up means for what is there. Writes nothing.
 *
 * @throws RekbackError for whatever would fail later: a bucket that can't be configured, a name that is taken, a
 *   resource of our name that is somebody else's, notifications that overlap
 */
export const planSetup = (
  session: Session,
  request: SetupRequest,
  waiting: Waiting,
  code: () => Promise<FunctionCode> = functionCode,
): Promise<SetupPlan> => explained("can't look at what is there", makePlan(session, request, waiting, code));

async function makePlan(
  session: Session,
  { bucket, name, choice, whenNew }: SetupRequest,
  waiting: Waiting,
  code: () => Promise<FunctionCode>,
): Promise<SetupPlan> {
  const { clients, account, region, partition } = session;
  const current = await bothOf(
    checkImagesBucket(clients, { bucket, account, region }),
    currentStack(session, bucket, name),
  );
  const recorded = current?.record;
  if (recorded !== undefined) assertWritable(recorded);
  const stackName = current?.name ?? checkStackName(name ?? nameFor(bucket));
  const chosen = { ...choice, backfill: choice.backfill ?? recorded?.aws.backfill ?? whenNew };
  const options = await chooseOptions(bucket, chosen, recorded?.aws, {
    network: () =>
      chooseNetwork(clients, {
        subnets: choice.subnets ?? [],
        securityGroups: choice.securityGroups ?? recorded?.aws.network.securityGroups ?? [],
      }),
    engineVersion: () => chooseEngineVersion(clients(OpenSearchClient)),
    image: () => {
      const iamPath = choice.iamPath ?? recorded?.aws.iamPath ?? '/';
      const place = { name: stackName, account, region, partition, iamPath };
      return chooseImage({ clients, waiting, place, code }, choice, recorded?.aws);
    },
  });
  const record: AwsRecord = {
    format: RECORD_FORMAT,
    name: stackName,
    createdAt: recorded?.createdAt ?? new Date().toISOString(),
    prefix: choice.prefix ?? recorded?.prefix ?? '',
    adapters: AWS_ADAPTERS,
    settings: recorded?.settings ?? initialSettings(),
    aws: { ...options, account, region, partition },
  };
  const context = contextOf(session, specOf(record), waiting, await code());
  const [inspected, expected, checks] = await Promise.all([
    inspectAll(blueprint(context, record)),
    forecast(context),
    checksFor(session, context.spec),
  ]);
  const changes = planChanges(inspected);
  return {
    context,
    record,
    changes,
    notifications: await assertNoOverlap(context, changes),
    forecast: expected,
    checks,
    bucketChanges: options.bucketChanges === 'print' ? await bucketChanges(context) : undefined,
  };
}

/** Side by side, but a failure of the first is the one that is told: the second's may come from the same cause. */
async function bothOf<Result>(first: Promise<void>, second: Promise<Result>): Promise<Result> {
  const [checked] = await Promise.allSettled([first, second]);
  if (checked.status === 'rejected') throw checked.reason;
  return second;
}

/** What the doctor would say about this stack, apart from what is well. Never a reason not to try. */
async function checksFor(session: Session, spec: AwsSpec): Promise<Check[]> {
  const looks = [
    checkQuotas(session, spec),
    checkBucket(session, { bucket: spec.bucket, kmsKey: spec.kmsKey }),
  ];
  const checks = await Promise.all(looks.map((look) => look.catch(() => [])));
  return checks.flat().filter(({ state }) => state !== 'ok');
}

/**
 * Carries a plan out. The bucket comes first, then the lock in it: from there on a second setup or teardown is told
 * who is at it.
 *
 * @throws RekbackError `stack-busy`, `provision-failed`; the signal's reason
 */
export async function applySetup(
  { context, changes }: SetupPlan,
  operator: Operator,
  options: ApplyOptions,
): Promise<void> {
  if (changes.length === 0) return clearDeadLock(context, operator);
  const isBucket = ({ resource }: Change) => resource.name === context.names.bucket.name;
  const isByOwner = ({ resource }: Change) => resource.byOwner === true;
  await applyChanges(changes.filter(isBucket), options);
  const lock = await lockStack(context, operator);
  try {
    await applyChanges(
      changes.filter((change) => !isBucket(change) && !isByOwner(change)),
      options,
    );
    // Its owner can apply it only now: S3 asks whether it may send to the stack's queue and bucket.
    await applyChanges(changes.filter(isByOwner), options);
  } finally {
    await lock.release();
  }
}

/** What every resource of a stack is made from. */
export function contextOf(session: Session, spec: AwsSpec, waiting: Waiting, code: FunctionCode): Context {
  return {
    spec,
    names: namesOf(spec),
    tags: { ...spec.tags, [STACK_TAG]: spec.name },
    clients: session.clients,
    code,
    waiting,
    outputs: {},
  };
}

/** The stack that this is about already: the named one, else the bucket's only one. */
async function currentStack(
  session: Session,
  bucket: string,
  name: string | undefined,
): Promise<AwsStack | undefined> {
  if (name !== undefined) {
    const named = await readAwsStack(session, checkStackName(name), { evenDamaged: true });
    if (named !== undefined && named.images !== bucket) throw nameTaken(name, named.images);
    return named;
  }
  const stacks = (await findAwsStacks(session)).filter(({ images }) => images === bucket);
  if (stacks.length > 1) throw whichStack(bucket, stacks);
  const known = stacks[0]?.name ?? nameFor(bucket);
  const stack = await readAwsStack(session, known, { evenDamaged: true });
  // Another bucket whose name is shortened to the same, or a stack that a teardown removed a moment ago.
  if (stack !== undefined && stack.images !== bucket) throw nameTaken(known, stack.images);
  return stack;
}

const nameTaken = (name: string, images: string) =>
  new RekbackError('stack-exists', `stack '${name}' is about the bucket '${images}'`, {
    exitCode: 2,
    suggestions: [
      'choose another name with --stack NAME',
      `or remove that stack: rekback teardown --stack ${name}`,
    ],
  });

const whichStack = (bucket: string, stacks: readonly { name: string }[]) =>
  new RekbackError(
    'which-stack',
    `the bucket '${bucket}' has ${stacks.length} stacks: ${stacks.map(({ name }) => name).join(', ')}`,
    { exitCode: 2, suggestions: ['name one with --stack NAME'] },
  );
