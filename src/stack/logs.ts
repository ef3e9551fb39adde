import { setTimeout } from 'node:timers/promises';
import { type JobLog, jobLogs } from '../adapters/batch/job-logs.ts';
import { type LogEvent, readEvents } from '../adapters/logs/events.ts';
import { openS3Objects } from '../adapters/s3/objects.ts';
import { RekbackError } from '../runtime/errors.ts';
import { findRun } from '../runtime/run/record.ts';
import { type JobKind, jobIds } from '../runtime/run/remote.ts';
import { namesOf } from './aws-names.ts';
import { specOf } from './record.ts';
import type { Selected } from './select.ts';

/** One line, and what wrote it. */
export interface LogLine {
  /** ISO time. */
  time: string;
  /** `job`: of a run, of a job that Batch has forgotten. */
  source: 'planner' | 'worker' | 'live' | 'job';
  job: string | null;
  /** Which of the workers. */
  index: number | null;
  /** From 1. */
  attempt: number | null;
  stream: string;
  message: string;
}

export interface LogOptions {
  /** The run; undefined: the newest. */
  run: string | undefined;
  /** Of the live function instead. */
  live: boolean;
  /** Only of jobs that failed; of the live function only lines that tell of a failure. */
  failed: boolean;
  /** Goes on with what is written from now on: until the run's jobs have ended, or for ever. */
  follow: boolean;
  /** Milliseconds before now; undefined: since the run began, or an hour ago. */
  since: number | undefined;
  /** Told what a reader should know of what is read. */
  onNote(text: string): void;
  signal: AbortSignal;
}

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

/** Between two looks. */
const POLL = 2 * SECOND;

/** Lines of different streams arrive out of order, by some seconds: this far back is looked again. */
const LATE = 30 * SECOND;

/** What wrote a line. */
type Source = Pick<LogLine, 'source' | 'job' | 'index' | 'attempt'>;

/** What is read, as of now: streams of jobs can be more with every look. */
interface Sources {
  group: string;
  /** Undefined: all of the group. */
  streams: ReadonlyMap<string, Source> | undefined;
  to: number | undefined;
  /** Whether more will be written. */
  active: boolean;
}

/**
 * Lines that a run's jobs or the live function wrote. Ends when the signal comes.
 * @throws RekbackError `not-on-aws`, `unknown-run`, `no-run`, `logs-unreadable`
 */
export async function* readLogs(selected: Selected, options: LogOptions): AsyncGenerator<LogLine> {
  if ('local' in selected) throw notOnAws(selected.local.name);
  const { follow, signal, since, live, failed } = options;
  const { from, look } = live ? liveLogs(selected) : await runLogs(selected, options);
  let start = since === undefined ? from : Math.max(from, Date.now() - since);
  const seen = new Map<string, number>();
  try {
    for (let after = false; ; ) {
      const { group, streams, to, active } = await look();
      const query = { group, from: start, signal, ...(to !== undefined && { to }) };
      const asked = streams === undefined ? query : { ...query, streams: [...streams.keys()] };
      for await (const event of readEvents(selected.session.clients, asked)) {
        if (seen.has(event.id)) continue;
        if (follow) seen.set(event.id, event.time);
        if (live && failed && !tellsOfFailure(event.message)) continue;
        yield lineOf(event, streams?.get(event.stream) ?? unknownSource(live));
      }
      // What a job wrote last may arrive after its end.
      if (!follow || (after && !active)) return;
      after = !active;
      start = Math.max(start, Math.max(start, ...seen.values()) - LATE);
      for (const [id, time] of seen) if (time < start) seen.delete(id);
      await setTimeout(POLL, undefined, { signal });
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

type OnAws = Exclude<Selected, { local: unknown }>;

function liveLogs({ aws, session }: OnAws) {
  const { liveLogs } = namesOf(placeOf({ aws, session }));
  const sources: Sources = { group: liveLogs.name, streams: undefined, to: undefined, active: true };
  // What a person asks for without a time is what went wrong just now.
  return { from: Date.now() - HOUR, look: async () => sources };
}

async function runLogs({ aws, session }: OnAws, { run: id, failed, onNote }: LogOptions) {
  const { clients, account } = session;
  const { bucket, jobLogs: group } = namesOf(placeOf({ aws, session }));
  const objects = openS3Objects(clients, { bucket: bucket.name, account });
  const run = await findRun(objects, id);
  const look = async (): Promise<Sources> => {
    const streams = new Map<string, Source>();
    const kinds: readonly (readonly [JobKind, 'planner' | 'worker'])[] = [
      ['planner', 'planner'],
      ['workers', 'worker'],
    ];
    const found = await Promise.all(
      kinds.map(async ([kind, source]) => {
        const jobs = await jobLogs(clients, await jobIds(objects, run.id, kind), { failed });
        for (const each of jobs.logs) streams.set(each.stream, sourceOf(source, each));
        return jobs;
      }),
    );
    if (found.some(({ known }) => known)) {
      return { group: group.name, streams, to: undefined, active: found.some(({ active }) => active) };
    }
    onNote(`Batch has forgotten the jobs of run ${run.id}; these are all lines of its time.`);
    const to = run.endedAt === undefined ? undefined : Date.parse(run.endedAt) + HOUR;
    return { group: group.name, streams: undefined, to, active: false };
  };
  return { from: Date.parse(run.startedAt), look };
}

const sourceOf = (source: LogLine['source'], { job, index, attempt }: JobLog): Source => ({
  source,
  job,
  index: index ?? null,
  attempt,
});

const unknownSource = (live: boolean): Source => ({
  source: live ? 'live' : 'job',
  job: null,
  index: null,
  attempt: null,
});

const lineOf = ({ time, stream, message }: LogEvent, source: Source): LogLine => ({
  time: new Date(time).toISOString(),
  ...source,
  stream,
  message: message.trimEnd(),
});

/** Where the stack is, also of one whose setup was interrupted before it had a record. */
const placeOf = ({ aws: { name, record }, session: { account, region, partition } }: OnAws) =>
  record === undefined ? { name, account, region, partition, iamPath: '/' } : specOf(record);

/**
 * Lambda writes lines as JSON with a level, and a report at the end of each invocation with its status.
 * https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
 */
function tellsOfFailure(message: string): boolean {
  try {
    const { level = '', record: { status = 'success' } = {} } = JSON.parse(message);
    return /^(error|fatal)$/i.test(level) || status !== 'success';
  } catch {
    return /\b(error|exception|timed out)\b/i.test(message);
  }
}

const notOnAws = (name: string) =>
  new RekbackError('not-on-aws', `the stack '${name}' is on this machine and has no logs on AWS`, {
    suggestions: [
      'see what its runs came to: rekback backfill show',
      'see which images failed, and why: rekback failures list',
    ],
  });
