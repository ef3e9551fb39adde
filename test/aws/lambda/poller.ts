import { fits } from '../events/pattern.ts';
import { roleMay } from '../iam/permissions.ts';
import type { World } from '../kernel/world.ts';
import { systemAttributes } from '../sqs/messages.ts';
import { deleteMessage, queueByArn, takeMessages } from '../sqs/reach.ts';
import { type Message, md5, type Queue } from '../sqs/state.ts';
import { invoke, runnerOf } from './run.ts';
import { lambda } from './service.ts';
import { type LambdaFunction, type Mapping, nameOf } from './state.ts';

/** How often queues are looked into. */
const INTERVAL = 1000;
/** Batches at a time without MaximumConcurrency: what AWS starts with (developer guide, "Using Lambda with Amazon SQS"). */
const CONCURRENCY = 5;

/** Feeds every enabled mapping's function from its queue, by the clock, until the world's runner is another. */
export function startPolling(world: World): void {
  const runner = runnerOf(world)._runner;
  const tick = () => {
    if (runnerOf(world)._runner !== runner) return undefined;
    const mappings = world.store.all(lambda).flatMap((state) => [...state.mappings.values()]);
    const work = Promise.all(mappings.map((mapping) => drain(world, mapping)));
    world.clock.after(INTERVAL, tick);
    return world.clock.alongside(work);
  };
  world.clock.after(0, tick);
}

interface Batch {
  found: LambdaFunction;
  queue: Queue;
  records: { messageId: string; message: Message; receiptHandle: string | undefined }[];
}

/** Takes batches as long as there are any and a place is free. */
async function drain(world: World, mapping: Mapping): Promise<void> {
  const free = (mapping.maximumConcurrency ?? CONCURRENCY) - mapping._running;
  const place = async () => {
    // After a failure the queue is left alone until the next tick.
    for (let batch = nextBatch(world, mapping), isFine = true; batch && isFine; ) {
      mapping._running++;
      isFine = await runBatch(world, mapping, batch).finally(() => mapping._running--);
      batch = nextBatch(world, mapping);
    }
  };
  await Promise.all(Array.from({ length: Math.max(0, free) }, place));
}

function nextBatch(world: World, mapping: Mapping): Batch | undefined {
  const [, , , region = '', account = ''] = mapping.functionArn.split(':');
  const state = world.state(lambda, account, region);
  const found = state.functions.get(nameOf(mapping.functionArn));
  const queue = queueByArn(world, mapping.queueArn);
  const now = world.clock.now();
  const isOn = mapping.enabled && mapping._doing !== 'Deleting' && now >= mapping._settledAt;
  if (!isOn || !found || !queue || !state.mappings.has(mapping.uuid)) return undefined;
  if (!roleMay(world, found.role, 'sqs:ReceiveMessage', queue.arn)) return undefined;
  const waiting = queue._messages.filter((message) => message.visibleAt <= now);
  const oldest = Math.min(...waiting.map((message) => message.visibleAt));
  if (waiting.length < mapping.batchSize && now < oldest + mapping.window * 1000) return undefined;
  const records = takeMessages(world, queue, mapping.batchSize).map((message) => ({
    messageId: message.id,
    message,
    receiptHandle: message.receipts.at(-1),
  }));
  return records.length > 0 ? { found, queue, records } : undefined;
}

/** Runs one batch and deletes what is done; false when something failed. */
async function runBatch(world: World, mapping: Mapping, batch: Batch): Promise<boolean> {
  const { found, queue } = batch;
  const records = batch.records.map((each) => ({ ...each, record: recordOf(queue, each) }));
  const wanted = records.filter(({ record }) => passes(mapping, record));
  // What no filter lets through is deleted unread.
  const failed = new Set<string>();
  if (wanted.length > 0) {
    const outcome = await invoke(world, found, { Records: wanted.map(({ record }) => record) }).catch(
      () => undefined,
    );
    const ids = wanted.map(({ messageId }) => messageId);
    const isOk = outcome !== undefined && outcome.error === undefined;
    const partial = mapping.responseTypes.includes('ReportBatchItemFailures');
    for (const id of isOk ? (partial ? failuresIn(outcome.answer, ids) : []) : ids) failed.add(id);
  }
  for (const { messageId, message, receiptHandle } of records) {
    if (!failed.has(messageId)) deleteMessage(queue, message, receiptHandle);
  }
  return failed.size === 0;
}

/** The messages that an answer calls failed: none when it names none, all when it is malformed. */
export function failuresIn(answer: unknown, ids: readonly string[]): readonly string[] {
  if (answer === null || answer === '') return [];
  if (typeof answer !== 'object') return ids;
  const { batchItemFailures: failures } = answer as { batchItemFailures?: unknown };
  if (failures === undefined || failures === null) return [];
  if (!Array.isArray(failures)) return ids;
  const named = failures.map((each: { itemIdentifier?: unknown } | null) => each?.itemIdentifier);
  const known = named.filter((id): id is string => typeof id === 'string' && ids.includes(id));
  return known.length === named.length ? known : ids;
}

function recordOf(queue: Queue, { message, receiptHandle }: Batch['records'][number]) {
  return {
    messageId: message.id,
    receiptHandle,
    body: message.body,
    attributes: systemAttributes(message),
    messageAttributes: attributesOf(message),
    md5OfBody: md5(message.body),
    eventSource: 'aws:sqs',
    eventSourceARN: queue.arn,
    awsRegion: queue.region,
  };
}

/** Lambda writes attributes' members in lower case. */
function attributesOf(message: Message): Record<string, object> {
  return Object.fromEntries(
    Object.entries(message.attributes).map(([name, value]) => {
      const { StringValue, BinaryValue, DataType } = value as Record<string, string | Buffer | undefined>;
      const binary = BinaryValue instanceof Buffer ? BinaryValue.toString('base64') : undefined;
      return [name, { stringValue: StringValue, binaryValue: binary, dataType: DataType }];
    }),
  );
}

function passes(mapping: Mapping, record: { body: string }): boolean {
  if (mapping.filters.length === 0) return true;
  let body: unknown = record.body;
  try {
    body = JSON.parse(record.body);
  } catch {
    // Plain text is matched as such.
  }
  return mapping.filters.some((pattern) => fits(JSON.parse(pattern), { ...record, body }));
}
