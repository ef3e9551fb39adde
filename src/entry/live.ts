import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { ChangeMessageVisibilityBatchCommand, GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { settling } from '../adapters/workers/settling.ts';
import { liveCalls } from '../aws/quotas.ts';
import { finishRun } from '../runtime/run/finish.ts';
import type { Holder } from '../runtime/run/lease.ts';
import { isWorking, readRun, runIds } from '../runtime/run/record.ts';
import { namesOf } from '../stack/aws-names.ts';
import { readRecord, specOf } from '../stack/record.ts';
import {
  type BatchAnswer,
  errorLine,
  handleBatch,
  type LiveMessage,
  type LiveParts,
  type LogLine,
  type Settling,
} from './live/batch.ts';
import { consumeInventory } from './live/inventory.ts';
import { type Notices, openNotices } from './live/notices.ts';
import { keepAnswers } from './live/paid-answers.ts';
import { removeTrigger } from './live/trigger.ts';
import { type OwnStack, openOwnStack } from './stack.ts';

/** What Lambda tells of an invocation, as far as it is needed. */
interface Invocation {
  awsRequestId: string;
  getRemainingTimeInMillis(): number;
}

/** Milliseconds before the end at which nothing more is begun: for the call in flight, the index and the archive. */
const RESERVE = 20_000;

/** Milliseconds after which the settings are read again. */
const RECORD_AGE = 60_000;

/** How often the end of a run's workers is looked for; after that, whoever looks at the run finds it. */
const LOOKS = 4;

/** One process serves one invocation at a time, and the next ones too. */
let live: { parts: Promise<OpenLive>; readAt: number } | undefined;

type OpenLive = LiveParts & { stack: OwnStack; notices: Notices };

/** Reads one batch of the live queue: changes of the bucket, a delivered inventory, ended jobs. */
export async function handler(
  { Records }: { Records: readonly LiveMessage[] },
  invocation: Invocation,
): Promise<BatchAnswer> {
  const draining = new AbortController();
  const timer = setTimeout(
    () => draining.abort(),
    Math.max(0, invocation.getRemainingTimeInMillis() - RESERVE),
  );
  try {
    const parts = await openLive(process.env);
    const answer = await handleBatch(Records, parts, draining.signal);
    await parts.notices.countDeadLetters();
    return answer;
  } catch (error) {
    // Nothing is known of the stack: the messages come again after the queue's own time.
    log(errorLine(error));
    return { batchItemFailures: Records.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  } finally {
    clearTimeout(timer);
  }
}

async function openLive(environment: NodeJS.ProcessEnv): Promise<OpenLive> {
  const now = Date.now();
  if (live !== undefined && now - live.readAt > RECORD_AGE) {
    const { stack } = await live.parts;
    const record = await readRecord(stack.objects, stack.record.name);
    if (isDeepStrictEqual(record, stack.record)) live.readAt = now;
    else live = undefined;
  }
  live ??= { parts: liveParts(environment), readAt: now };
  try {
    return await live.parts;
  } catch (error) {
    live = undefined;
    throw error;
  }
}

async function liveParts(environment: NodeJS.ProcessEnv): Promise<OpenLive> {
  const stack = await openOwnStack(environment, async (clients) => {
    const { perSecond, note } = await liveCalls(clients);
    if (note !== undefined) log({ level: 'warn', message: note });
    return perSecond;
  });
  const { record, objects, jobs, clients } = stack;
  const names = namesOf(specOf(record));
  const labeler = keepAnswers(stack.labeler);
  const notices = openNotices(stack, log);
  const maxPerDay = record.settings['live-max-per-day'] || 0;
  const sqs = clients(SQSClient);
  let opened: Promise<Settling> | undefined;
  let url: Promise<string | undefined> | undefined;
  return {
    stack,
    notices,
    place: { bucket: record.aws.bucket, stackBucket: names.bucket.name },
    prefix: record.prefix,
    formats: labeler.formats,
    objects,
    maxPerDay,
    capped: () => notices.capped(maxPerDay),
    settling() {
      opened ??= openSettling(stack, labeler).catch((error: unknown) => {
        opened = undefined;
        throw error;
      });
      return opened;
    },
    inventoryArrived: (manifest) =>
      consumeInventory(manifest, {
        objects,
        jobs,
        labeling: labeler.labeling,
        backfill: record.aws.backfill,
        holder: thisFunction(names.function.name),
        removeTrigger: () => removeTrigger(clients, record),
        log,
      }),
    async jobEnded({ jobName, isChild }, receipts) {
      const newest = isChild ? undefined : (await runIds(objects)).at(-1);
      if (newest === undefined || !jobName.includes(newest)) return 'done';
      const run = await finishRun(objects, jobs, newest);
      if (run === undefined) {
        // Batch may still describe as running what it has told the end of. The planner's end is not the run's.
        const mayBeOld = receipts < LOOKS && jobName.endsWith('-work');
        const now = await readRun(objects, newest);
        if (isWorking(now.state)) return mayBeOld ? 'waiting' : 'done';
        // Whoever looked at the run was first.
        await notices.runEnded(now);
        return 'done';
      }
      log({ level: 'info', message: `run '${newest}' has ended: ${run.state}` });
      await notices.runEnded(run);
      return 'done';
    },
    async postpone(messages) {
      url ??= sqs
        .send(new GetQueueUrlCommand({ QueueName: names.queue.name }))
        .then(({ QueueUrl }) => QueueUrl);
      const Entries = messages.map(({ message: { receiptHandle }, seconds }, at) => ({
        Id: String(at),
        ReceiptHandle: receiptHandle,
        VisibilityTimeout: seconds,
      }));
      await sqs.send(new ChangeMessageVisibilityBatchCommand({ QueueUrl: await url, Entries }));
    },
    log,
    now: Date.now,
  };
}

async function openSettling(stack: OwnStack, labeler: Settling['labeler']): Promise<Settling> {
  const { images, record } = stack;
  const { rate } = record.settings;
  const prefix = record.prefix === undefined ? {} : { prefix: record.prefix };
  const {
    cap: _,
    draining: __,
    ...rest
  } = await settling({
    images,
    labeler,
    index: await stack.indexWriter(),
    labeling: labeler.labeling,
    relabel: 'none',
    run: 'live',
    rate: rate || undefined,
    concurrency: IN_FLIGHT,
    cap: { take: () => false, giveBack: () => {} },
    draining: new AbortController().signal,
  });
  return { ...rest, ...prefix, labeler };
}

/** More than a batch has changes: one that waits must not hold up those that need no call. */
const IN_FLIGHT = 64;

const thisFunction = (name: string): Holder => ({
  id: randomUUID(),
  what: 'the arrival of an inventory',
  user: 'the live function',
  host: name,
  pid: process.pid,
  started: '',
  since: new Date().toISOString(),
});

/** One line of JSON, as Lambda's log has it. */
function log(line: LogLine): void {
  const write = line.level === 'error' ? console.error : line.level === 'warn' ? console.warn : console.log;
  write(JSON.stringify(line));
}
