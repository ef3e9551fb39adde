import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { RekbackError } from '../runtime/errors.ts';
import { type LogLine, readLogs } from '../stack/logs.ts';
import { selectStack } from '../stack/select.ts';
import { awsFlags, RekbackCommand, stackFlag } from '../terminal/command.ts';
import { Interruption } from '../terminal/interrupt.ts';
import { readerHasGone } from '../terminal/output.ts';
import { sanitiseLines } from '../terminal/sanitise.ts';

export default class Logs extends RekbackCommand<undefined> {
  static override summary = 'Print what the jobs of a run, or the live function, wrote on AWS.';
  static override description =
    'Without --live: of a run, the newest by default. With --json, one object per line. Lines are kept for 30 days.';
  static override examples = [
    '<%= config.bin %> logs',
    '<%= config.bin %> logs 20261123-150405-4f2a --failed',
    '<%= config.bin %> logs --live --since 2h --follow',
  ];
  static override args = { run: Args.string({ description: 'The run; the newest by default.' }) };
  static override flags = {
    stack: stackFlag,
    live: Flags.boolean({ summary: 'Of the live function, which carries out changes of the bucket.' }),
    failed: Flags.boolean({
      summary: 'Only of jobs that failed; of the live function only lines about failures.',
    }),
    follow: Flags.boolean({
      char: 'f',
      summary: "Go on with what is written from now on, to the end of the run's jobs or until Ctrl-C.",
    }),
    since: Flags.string({
      helpValue: '1h',
      summary: 'Only of the last seconds, minutes, hours or days: 30s, 15m, 1h, 2d. Of --live by default 1h.',
    }),
    ...awsFlags,
  };

  async run(): Promise<undefined> {
    const { args, flags } = await this.parse(Logs);
    const { live, failed, follow } = flags;
    if (live && args.run !== undefined) throw ofBoth(args.run);
    const since = flags.since === undefined ? undefined : milliseconds(flags.since);
    const signal = this.interruptSignal('stopping');
    const reader = new AbortController();
    const stack = await selectStack(flags.stack, flags);
    const notes = new Set<string>();
    let count = 0;
    const lines = readLogs(stack, {
      run: args.run,
      live,
      failed,
      follow,
      since,
      onNote: (text) => {
        if (!notes.has(text)) this.note(text);
        notes.add(text);
      },
      signal: AbortSignal.any([signal, reader.signal]),
    });
    for await (const line of lines) {
      count++;
      if (this.jsonEnabled()) await this.emit(line);
      else this.print(describeLine(line));
      // Following for a reader that has gone (`… | head`) would never end.
      if (readerHasGone()) reader.abort();
    }
    if (count === 0 && !signal.aborted) this.note('Nothing was written.');
    if (signal.reason instanceof Interruption) this.exitWith(signal.reason.exitCode);
  }
}

const describeLine = ({ time, source, index, message }: LogLine): string =>
  `${time.slice(0, 19)}Z ${source}${index === null ? '' : ` ${index}`}: ${sanitiseLines(message).replaceAll('\n', '\n  ')}`;

const UNITS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function milliseconds(text: string): number {
  const [, amount, unit = ''] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const each = UNITS[unit];
  if (each !== undefined) return Number(amount) * each;
  throw new RekbackError('usage', `'${text}' is no length of time`, {
    exitCode: 2,
    suggestions: ['write it like 30s, 15m, 1h or 2d'],
  });
}

const ofBoth = (run: string) =>
  new RekbackError('usage', `lines of run '${run}' and of the live function are asked for at once`, {
    exitCode: 2,
    suggestions: ['leave --live or the run out'],
  });
