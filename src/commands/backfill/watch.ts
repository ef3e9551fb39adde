import * as Args from '@oclif/core/args';
import { isWorking, type RunSummary } from '../../runtime/run/record.ts';
import { followRun, lookAtRun } from '../../stack/follow-run.ts';
import { openStack } from '../../stack/open.ts';
import { selectStack } from '../../stack/select.ts';
import { awsFlags, RekbackCommand, stackFlag } from '../../terminal/command.ts';
import { describeRun, runExitCode } from '../../terminal/run.ts';

export default class BackfillWatch extends RekbackCommand<{ run: RunSummary }> {
  static override summary = 'Follow a run to its end, from any machine.';
  static override description =
    'Ctrl-C leaves the run, which goes on. With --json, its account is printed at the end.';
  static override examples = ['<%= config.bin %> backfill watch'];
  static override args = { run: Args.string({ description: 'The run; the newest by default.' }) };
  static override flags = { stack: stackFlag, ...awsFlags };

  async run(): Promise<{ run: RunSummary }> {
    const { args, flags } = await this.parse(BackfillWatch);
    const stack = openStack(await selectStack(flags.stack, flags));
    const { id } = await lookAtRun(stack, args.run);
    const signal = this.interruptSignal('leaving the run, which goes on');
    const { report, end } = await this.progress();
    const run = await followRun(stack, id, { report, signal });
    await end();
    this.print(describeRun(run).join('\n'));
    if (isWorking(run.state)) this.note('The run goes on. Follow it again: rekback backfill watch');
    this.exitWith(runExitCode(run, signal));
    return { run };
  }
}
