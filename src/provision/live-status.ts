import { LambdaClient, ListEventSourceMappingsCommand } from '@aws-sdk/client-lambda';
import { GetQueueAttributesCommand, GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { newestInventory } from '../adapters/s3/newest-inventory.ts';
import { openS3Objects } from '../adapters/s3/objects.ts';
import { awsFailure } from '../aws/errors.ts';
import type { Session } from '../aws/session.ts';
import { messageOf } from '../runtime/errors.ts';
import { liveCallsOf } from '../runtime/live/usage.ts';
import { LIVE_USAGE } from '../runtime/run/layout.ts';
import { readJson } from '../runtime/run/record.ts';
import { namesOf } from '../stack/aws-names.ts';
import { type AwsRecord, specOf } from '../stack/record.ts';
import type { Context } from './context.ts';

/** Approximately, as SQS counts. */
export interface QueueDepth {
  waiting: number;
  /** Received and not done yet. */
  inFlight: number;
}

/** How changes get into the index. A figure that can't be read is null, and `unknown` has the reason under its name. */
export interface LiveStatus {
  /** How changes of the bucket arrive. */
  by: 'eventbridge' | 'none' | 's3';
  /** Whether the live function takes what is in its queue: Lambda's word for it (`Enabled`, `Disabled`, `Updating`). */
  state: string | null;
  queue: QueueDepth | null;
  deadLetters: QueueDepth | null;
  /**
   * Labeler calls of changes, in UTC. They are counted by the hour, so `last24Hours` is of the 23 to 24 hours before now;
   * `byMonth`: all there ever were, `{ "2026-11": 1200 }`.
   */
  labelCalls: { today: number; last24Hours: number; byMonth: Readonly<Record<string, number>> } | null;
  unknown: Partial<Record<'state' | 'queue' | 'deadLetters' | 'labelCalls', string>>;
}

/** What is known of the inventory, and why not more. */
export interface InventoryStatus {
  /** When S3 listed the newest one that was delivered, ISO time; null where there is none. */
  listedAt: string | null;
  ageHours: number | null;
  unknown: string | null;
}

/** Objects read at once. */
const READS = 16;

const HOUR = 3_600_000;

type Place = Pick<Context, 'clients' | 'names' | 'spec'>;

/** The same of a stack that nothing else is asked of. Never throws. */
export function liveStatusOf({ clients }: Session, record: AwsRecord): Promise<LiveStatus> {
  const spec = specOf(record);
  return liveStatus({ clients, spec, names: namesOf(spec) });
}

/** Looks at queues and function, each by itself: a right that is missing costs one figure. Never throws. */
export async function liveStatus(context: Place, now = Date.now()): Promise<LiveStatus> {
  const { clients, names, spec } = context;
  const objects = openS3Objects(clients, { bucket: names.bucket.name, account: spec.account });
  const unknown: LiveStatus['unknown'] = {};
  const known = async <Figure>(
    name: keyof LiveStatus['unknown'],
    read: Promise<Figure>,
  ): Promise<Figure | null> => {
    const { found, why } = await tried(read);
    if (why !== null) unknown[name] = why;
    return found;
  };
  const [state, queue, deadLetters, labelCalls] = await Promise.all([
    known('state', mappingState(context)),
    known('queue', depthOf(context, names.queue.name)),
    known('deadLetters', depthOf(context, names.deadLetters.name)),
    known('labelCalls', callsOf(objects, now)),
  ]);
  return { by: spec.live, state, queue, deadLetters, labelCalls, unknown };
}

/** Never throws. */
export async function inventoryStatus(
  { clients, names, spec }: Context,
  now = Date.now(),
): Promise<InventoryStatus> {
  const place = {
    bucket: names.bucket.name,
    account: spec.account,
    images: spec.bucket,
    configuration: names.entry('inventory'),
  };
  const { found, why } = await tried(newestInventory(clients, place));
  return {
    listedAt: found ? new Date(found.listedAt).toISOString() : null,
    ageHours: found ? Math.floor((now - found.listedAt) / HOUR) : null,
    unknown: why,
  };
}

async function tried<Figure>(read: Promise<Figure>): Promise<{ found: Figure | null; why: string | null }> {
  try {
    return { found: await read, why: null };
  } catch (error) {
    const failure = awsFailure(error);
    const call = failure?.call === undefined ? '' : ` (${failure.call})`;
    return { found: null, why: failure === undefined ? messageOf(error) : `${failure.code}${call}` };
  }
}

async function mappingState({ clients, names }: Place): Promise<string> {
  const { EventSourceMappings: [mapping] = [] } = await clients(LambdaClient).send(
    new ListEventSourceMappingsCommand({
      FunctionName: names.function.name,
      EventSourceArn: names.queue.arn,
    }),
  );
  if (mapping?.State === undefined) throw new Error('the function takes nothing from the queue');
  return mapping.State;
}

async function depthOf({ clients }: Place, QueueName: string): Promise<QueueDepth> {
  const sqs = clients(SQSClient);
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName }));
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl,
      AttributeNames: ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'],
    }),
  );
  return {
    waiting: Number(Attributes.ApproximateNumberOfMessages ?? 0),
    inFlight: Number(Attributes.ApproximateNumberOfMessagesNotVisible ?? 0),
  };
}

async function callsOf(
  objects: ReturnType<typeof openS3Objects>,
  now: number,
): Promise<NonNullable<LiveStatus['labelCalls']>> {
  const days: string[] = [];
  for await (const { key } of objects.list(LIVE_USAGE)) days.push(key);
  const byMonth: Record<string, number> = {};
  const add = async (key: string) => {
    const { calls = [] } = (await readJson<{ calls: number[] }>(objects, key)) ?? {};
    const month = key.slice(LIVE_USAGE.length, LIVE_USAGE.length + 'YYYY-MM'.length);
    byMonth[month] = calls.reduce((sum, each) => sum + each, byMonth[month] ?? 0);
  };
  for (let at = 0; at < days.length; at += READS) await Promise.all(days.slice(at, at + READS).map(add));
  return { ...(await liveCallsOf(objects, now)), byMonth };
}
