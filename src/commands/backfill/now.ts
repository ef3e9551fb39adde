import * as Flags from '@oclif/core/flags';
import { RekbackError } from '../../runtime/errors.ts';
import { isWorking, type RunSummary } from '../../runtime/run/record.ts';
import { attachOrBackfill, backfill } from '../../stack/backfill.ts';
import { type DryRun, dryRun } from '../../stack/dry-run.ts';
import { openStack } from '../../stack/open.ts';
import { assertWritable } from '../../stack/record.ts';
import { selectStack } from '../../stack/select.ts';
import { selectionOf } from '../../stack/selection.ts';
import { awsFlags, RekbackCommand, stackFlag, yesFlag } from '../../terminal/command.ts';
import { confirm } from '../../terminal/confirm.ts';
import { describeDryRun, describeRun, runExitCode } from '../../terminal/run.ts';

type Result = { run: RunSummary } | { dryRun: DryRun };

export default class BackfillNow extends RekbackCommand<Result> {
  static override summary = 'Label the images that are there.';
  static override description =
    'Images that are labelled already and have not changed cost nothing. Interrupted at any moment, the same command ' +
    'goes on; a run that was stopped or failed goes on without --from, --prefix, --sample and --relabel.';
  static override examples = [
    '<%= config.bin %> backfill now',
    '<%= config.bin %> backfill now --sample 100 --dry-run',
    '<%= config.bin %> backfill now --from keys.txt --limit 1000',
    '<%= config.bin %> backfill now --relabel outdated',
  ];
  static override flags = {
    stack: stackFlag,
    ...awsFlags,
    from: Flags.string({
      helpValue: 'inventory|listing|FILE|s3://…',
      summary:
        'Rows: the newest S3 inventory, a listing of the folder or bucket, or a file: manifest.json, CSV, CSV.gz, ' +
        'Parquet, key list.',
    }),
    prefix: Flags.string({ helpValue: 'P', summary: 'Only keys that begin with this.' }),
    sample: Flags.integer({ min: 1, helpValue: 'N', summary: 'Only N images, at random.' }),
    relabel: Flags.option({
      options: ['all', 'outdated', 'failed'] as const,
      summary: 'Label again although there is an answer.',
    })(),
    limit: Flags.integer({ min: 1, helpValue: 'N', summary: 'Make at most N labeler calls now.' }),
    'max-cost': Flags.string({ helpValue: 'USD', summary: 'Spend at most this much on labeler calls now.' }),
    rate: Flags.integer({ min: 1, helpValue: 'N', summary: 'Make at most N labeler calls per second.' }),
    'dry-run': Flags.boolean({ summary: 'Only count what would be done.' }),
    yes: yesFlag,
    wait: Flags.boolean({
      summary:
        'Follow the run to its end, also one that is active already. A run on this machine is always followed.',
    }),
  };

  async run(): Promise<Result> {
    const { flags } = await this.parse(BackfillNow);
    const maxCost = flags['max-cost'] === undefined ? undefined : dollars(flags['max-cost']);
    const stack = openStack(await selectStack(flags.stack, flags));
    const selection = selectionOf(flags, stack.everything);
    if (flags['dry-run']) {
      const counted = await dryRun(stack, selection, this.interruptSignal('stopping'));
      this.print(describeDryRun(counted).join('\n'));
      return { dryRun: counted };
    }
    assertWritable(stack.record);
    const { callPrice } = await stack.labeler();
    if (callPrice > 0 && !flags.yes) {
      const counted = await dryRun(stack, selection, this.interruptSignal('stopping'));
      this.note(describeDryRun(counted).join('\n'));
      if (counted.cost > 0) await confirm('Label them', { yes: false, signal: this.interruptSignal() });
    }
    const { report, end } = await this.progress();
    const goesOn = 'jobs' in stack.runs;
    const draining = this.interruptSignal(goesOn ? 'leaving the run, which goes on' : undefined);
    const { limit, rate, wait } = flags;
    const options = { selection, draining, report, limit, maxCost, rate, wait, what: 'rekback backfill now' };
    const run = await (wait ? attachOrBackfill(stack, options) : backfill(stack, options));
    await end();
    this.print(describeRun(run).join('\n'));
    if (isWorking(run.state)) {
      this.note(
        goesOn
          ? 'The run goes on without this command. Follow it: rekback backfill watch'
          : 'The run goes on in the process that started it.',
      );
    } else if (run.total === 0)
      this.note('There was no image to look at; check --prefix, --from and the folder itself.');
    const isSubmitted = goesOn && isWorking(run.state) && !draining.aborted;
    this.exitWith(isSubmitted ? 0 : runExitCode(run, draining));
    return { run };
  }
}

function dollars(text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  throw new RekbackError('usage', `'${text}' is no amount of dollars`, {
    exitCode: 2,
    suggestions: ['write it like 12.50'],
  });
}
