import type { Report, RunEvent } from '../runtime/progress.ts';
import { type Palette, palette } from './colours.ts';
import { deferred, openDisplay } from './display.ts';
import { jsonText } from './output.ts';
import { describeCounts, describeFailure, describeListed, describeRows } from './progress-lines.ts';

export type ProgressMode = 'auto' | 'plain' | 'json' | 'none';

/** What a run's events are shown on. */
export interface RunProgress {
  report: Report;
  /** Shows a line of our own without tearing a live display. */
  note(line: string): void;
  /** Leaves the last state on the screen; afterwards stderr is free again. Calling it again does nothing. */
  end(): Promise<void>;
}

export interface ProgressOptions {
  mode: ProgressMode;
  /** Standard error, so that standard output carries results only. */
  stream?: NodeJS.WriteStream;
  env?: NodeJS.ProcessEnv;
  /** Epoch milliseconds. */
  now?: () => number;
}

/** Failed images named one by one; the others are counted. */
const NAMED_FAILURES = 5;
const MORE_FAILURES = '… see rekback failures list';

/** Between two plain lines about the same phase, in milliseconds: a log of an hour stays readable. */
const PLAIN_INTERVAL = 10_000;

/** A live display on a terminal, otherwise plain lines; or one JSON object per line; or nothing. */
export async function showProgress(options: ProgressOptions): Promise<RunProgress> {
  const { mode, stream = process.stderr, env = process.env, now = Date.now } = options;
  if (mode === 'none') return { report: () => {}, note: writeLine(stream), end: async () => {} };
  if (mode === 'json') {
    const line = (value: object) => stream.write(`${jsonText(value, false)}\n`);
    return {
      report: (event) => line(event),
      note: (message) => line({ event: 'note', message }),
      end: async () => {},
    };
  }
  if (mode === 'auto' && stream.isTTY && env.TERM !== 'dumb') return live(stream, palette(stream, env));
  return plain(stream, now);
}

const writeLine = (stream: NodeJS.WriteStream) => (line: string) => {
  stream.write(`${line}\n`);
};

function plain(stream: NodeJS.WriteStream, now: () => number): RunProgress {
  const note = writeLine(stream);
  const failures = failureLines();
  let phase = '';
  let due = 0;
  let latest: string | undefined;

  const show = (newPhase: string, line: string) => {
    if (newPhase === phase && now() < due) {
      latest = line;
      return;
    }
    phase = newPhase;
    due = now() + PLAIN_INTERVAL;
    latest = undefined;
    note(line);
  };

  return {
    note,
    report(event) {
      switch (event.event) {
        case 'run-started':
          return note(`${event.resumed ? 'Continuing' : 'Starting'} run ${event.run}`);
        case 'listing':
          return show('listing', describeListed(event));
        case 'listed':
          return note(describeListed(event));
        case 'planning':
          return show('planning', describeRows(event.rows));
        case 'progress':
          return show('progress', describeCounts(event));
        case 'image-failed':
          return failures(event).forEach(note);
        case 'run-submitted':
          return note(`Submitted run ${event.run}`);
        case 'run-ended':
          if (latest !== undefined) note(latest);
          return note(`Run ${event.run} ${event.state}`);
      }
    },
    end: async () => {},
  };
}

async function live(stream: NodeJS.WriteStream, colour: Palette): Promise<RunProgress> {
  const finished = deferred<void>();
  const started = deferred<{ title: string; output: string }>();
  const display = await openDisplay(stream, colour, [
    {
      title: 'Starting',
      task: (_, task) => {
        started.resolve(task);
        return finished.promise;
      },
      rendererOptions: { outputBar: Number.POSITIVE_INFINITY, persistentOutput: true },
    },
  ]);
  const task = await started.promise;
  const failures = failureLines(colour.bad);
  let note = (line: string) => {
    task.output = line;
  };

  return {
    note: (line) => note(line),
    report(event) {
      if (event.event === 'listing' || event.event === 'listed') task.title = describeListed(event);
      if (event.event === 'planning') task.title = describeRows(event.rows);
      if (event.event === 'progress') task.title = describeCounts(event);
      if (event.event === 'image-failed') for (const line of failures(event)) note(line);
      if (event.event === 'run-submitted') task.title = `Submitted run ${event.run}`;
      if (isDone(event)) finished.resolve();
    },
    async end() {
      finished.reject(new Error('not succeeded'));
      await display.ended();
      note = writeLine(stream);
    },
  };
}

const isDone = (event: RunEvent): boolean =>
  event.event === 'run-ended'
    ? event.state === 'succeeded'
    : event.event === 'listed' || event.event === 'run-submitted';

function failureLines(style: (text: string) => string = (text) => text) {
  let named = 0;
  return (event: Extract<RunEvent, { event: 'image-failed' }>): string[] => {
    named++;
    if (named > NAMED_FAILURES + 1) return [];
    return [named <= NAMED_FAILURES ? style(describeFailure(event)) : MORE_FAILURES];
  };
}
