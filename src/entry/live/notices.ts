import { PublishCommand, SNSClient } from '@aws-sdk/client-sns';
import { GetQueueAttributesCommand, GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { createClients } from '../../aws/clients.ts';
import type { RunRecord } from '../../runtime/contract.ts';
import { messageOf } from '../../runtime/errors.ts';
import { remember } from '../../runtime/live/told.ts';
import { type RunSummary, summarise } from '../../runtime/run/record.ts';
import { namesOf } from '../../stack/aws-names.ts';
import { specOf } from '../../stack/record.ts';
import type { OwnStack } from '../stack.ts';
import type { LogLine } from './batch.ts';

/** What an address gets, as JSON. */
interface Notice {
  event: 'run-ended' | 'live-capped' | 'dead-letters';
  /** Of a mail; at most 100 characters of ASCII, as SNS wants them. */
  subject: string;
  /** For a person. */
  text: string;
  run?: RunSummary;
  /** Labeler calls of a UTC day that may be made. */
  maxPerDay?: number;
  deadLetters?: number;
}

/** Tells whoever is to be notified. None of it throws: what can't be sent is in the log. */
export interface Notices {
  runEnded(run: RunRecord): Promise<void>;
  capped(maxPerDay: number): Promise<void>;
  /** Counts them, at most once an hour, and tells where they have become more. */
  countDeadLetters(): Promise<void>;
}

/** Milliseconds for one address. */
const PATIENCE = 5_000;

const HOUR = 3_600_000;

/** Nothing is read or remembered where nobody is to be notified. */
export function openNotices(stack: OwnStack, log: (line: LogLine) => void): Notices {
  const { record, objects, clients } = stack;
  const { notify: addresses = [], account, region } = record.aws;
  const { name } = record;

  const tell = async (notice: Notice): Promise<void> => {
    const time = new Date().toISOString();
    const body = JSON.stringify({ schemaVersion: 1, stack: name, account, region, time, ...notice }, null, 2);
    await Promise.all(
      addresses.map((address) =>
        send(address, notice.subject, body).catch((error: unknown) => {
          // The path of a web address is often its password.
          const to = address.startsWith('arn:') ? address : new URL(address).origin;
          const message = `${to} could not be notified of '${notice.event}': ${messageOf(error)}`;
          log({ level: 'warn', message, code: 'notify-failed' });
        }),
      ),
    );
  };

  const attempt = async (work: () => Promise<void>): Promise<void> => {
    if (addresses.length === 0) return;
    await work().catch((error: unknown) => {
      const message = `nobody could be notified: ${messageOf(error)}`;
      log({ level: 'warn', message, code: 'notify-failed' });
    });
  };

  return {
    runEnded: (ended) =>
      attempt(async () => {
        const mark = `${ended.id} ${ended.endedAt ?? ended.state}`;
        if (!(await remember(objects, (told) => (told.run === mark ? undefined : { ...told, run: mark }))))
          return;
        const run = await summarise(objects, ended, () => true);
        await tell({
          event: 'run-ended',
          subject: `rekback ${name}: backfill ${run.state}`,
          text: describe(run, name),
          run,
        });
      }),
    capped: (maxPerDay) =>
      attempt(async () => {
        const day = new Date().toISOString().slice(0, 10);
        const isNew = await remember(objects, (told) =>
          told.cappedOn === day ? undefined : { ...told, cappedOn: day },
        );
        if (!isNew) return;
        await tell({
          event: 'live-capped',
          subject: `rekback ${name}: daily cap reached`,
          text: `The ${maxPerDay} labeler calls of live changes of ${day} (UTC) are used up; further changes of stack '${name}' wait for the next day.`,
          maxPerDay,
        });
      }),
    countDeadLetters: () =>
      attempt(async () => {
        const now = Date.now();
        const isDue = await remember(objects, (told) =>
          now - (told.countedAt ?? 0) < HOUR ? undefined : { ...told, countedAt: now },
        );
        if (!isDue) return;
        const sqs = clients(SQSClient);
        const QueueName = namesOf(specOf(record)).deadLetters.name;
        const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName }));
        const AttributeNames = ['ApproximateNumberOfMessages' as const];
        const asked = new GetQueueAttributesCommand({ QueueUrl, AttributeNames });
        const deadLetters = Number((await sqs.send(asked)).Attributes?.ApproximateNumberOfMessages ?? 0);
        let before = 0;
        await remember(objects, (told) => {
          before = told.deadLetters ?? 0;
          return before === deadLetters ? undefined : { ...told, deadLetters };
        });
        if (deadLetters <= before) return;
        await tell({
          event: 'dead-letters',
          subject: `rekback ${name}: ${deadLetters} dead letters`,
          text: `${deadLetters} messages of stack '${name}' could not be carried out. See why: rekback logs --live --failed --stack ${name}; try them again: rekback live redrive --stack ${name}`,
          deadLetters,
        });
      }),
  };
}

function describe({ id, state, cause, ...counts }: RunSummary, stack: string): string {
  const { total, indexed, skipped, failed, pending, labelCalls } = counts;
  const sum = (reasons: Readonly<Record<string, number>>) =>
    Object.values(reasons).reduce((all, each) => all + each, 0);
  const said =
    `Backfill ${id} of stack '${stack}' has ended: ${state}. ${indexed} of ${total} images indexed, ` +
    `${sum(skipped)} skipped, ${sum(failed)} failed, ${pending} pending; ${labelCalls} labeler calls.`;
  return cause === undefined ? said : `${said} Cause: ${cause.message} (${cause.code}).`;
}

async function send(address: string, Subject: string, body: string): Promise<void> {
  const abortSignal = AbortSignal.timeout(PATIENCE);
  const [, , , region] = address.startsWith('arn:') ? address.split(':') : [];
  if (region !== undefined) {
    // A topic is reached in its own Region only.
    const publish = new PublishCommand({ TopicArn: address, Subject, Message: body });
    await createClients({ region })(SNSClient).send(publish, { abortSignal });
    return;
  }
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(address, {
    method: 'POST',
    headers,
    body,
    signal: abortSignal,
    redirect: 'error',
  });
  await answer.body?.cancel();
  if (!answer.ok) throw new Error(`it answered ${answer.status}`);
}
