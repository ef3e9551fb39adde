import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import type { Selection } from '../../runtime/contract.ts';
import { findRun, isWorking, type RunSummary } from '../../runtime/run/record.ts';
import { backfill } from '../../stack/backfill.ts';
import { dryRun } from '../../stack/dry-run.ts';
import { openStack } from '../../stack/open.ts';
import { assertWritable } from '../../stack/record.ts';
import { selectStack } from '../../stack/select.ts';
import { awsFlags, RekbackCommand, stackFlag, yesFlag } from '../../terminal/command.ts';
import { confirm } from '../../terminal/confirm.ts';
import { describeDryRun, describeRun, runExitCode } from '../../terminal/run.ts';

export default class BackfillRetry extends RekbackCommand<{ run: RunSummary }> {
  static override summary = 'Try the failed images of a run again, as a run of their own.';
  static override examples = ['<%= config.bin %> backfill retry'];
  static override args = {
    run: Args.string({ description: 'The run whose failures to try; the newest by default.' }),
  };
  static override flags = {
    stack: stackFlag,
    ...awsFlags,
    yes: yesFlag,
    limit: Flags.integer({ min: 1, helpValue: 'N', summary: 'Make at most N labeler calls.' }),
  };

  async run(): Promise<{ run: RunSummary }> {
    const { args, flags } = await this.parse(BackfillRetry);
    const stack = openStack(await selectStack(flags.stack, flags));
    assertWritable(stack.record);
    const { id } = await findRun(await stack.objects(), args.run);
    const goesOn = 'jobs' in stack.runs;
    const draining = this.interruptSignal(goesOn ? 'leaving the run, which goes on' : undefined);
    const selection: Selection = { from: { kind: 'failures', run: id }, relabel: 'failed' };
    const { callPrice } = await stack.labeler();
    if (callPrice > 0 && !flags.yes) {
      const counted = await dryRun(stack, selection, draining);
      this.note(describeDryRun(counted).join('\n'));
      if (counted.cost > 0) await confirm('Label them', { yes: false, signal: draining });
    }
    const { report, end } = await this.progress();
    const what = 'rekback backfill retry';
    const run = await backfill(stack, { selection, draining, report, limit: flags.limit, what });
    await end();
    this.print(describeRun(run).join('\n'));
    const isSubmitted = goesOn && isWorking(run.state) && !draining.aborted;
    if (isSubmitted) this.note('The run goes on without this command. Follow it: rekback backfill watch');
    else if (run.total === 0) {
      this.note(`No image failed in run ${id}; all that ever failed: rekback backfill now --relabel failed`);
    }
    this.exitWith(isSubmitted ? 0 : runExitCode(run, draining));
    return { run };
  }
}
