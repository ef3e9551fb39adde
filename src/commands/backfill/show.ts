import * as Args from '@oclif/core/args';
import { openStack } from '../../stack/open.ts';
import { describeRunInDetail, type RunDetail } from '../../stack/run-detail.ts';
import { selectStack } from '../../stack/select.ts';
import { awsFlags, RekbackCommand, stackFlag } from '../../terminal/command.ts';
import { describeDetail, describeRun } from '../../terminal/run.ts';

export default class BackfillShow extends RekbackCommand<{ run: RunDetail }> {
  static override summary = "Show a run's account.";
  static override examples = [
    '<%= config.bin %> backfill show',
    '<%= config.bin %> backfill show 20261123-150405-4f2a',
  ];
  static override args = { run: Args.string({ description: 'The run; the newest by default.' }) };
  static override flags = { stack: stackFlag, ...awsFlags };

  async run(): Promise<{ run: RunDetail }> {
    const { args, flags } = await this.parse(BackfillShow);
    const stack = openStack(await selectStack(flags.stack, flags));
    const run = await describeRunInDetail(stack, args.run);
    this.print([...describeRun(run), ...describeDetail(run)].join('\n'));
    return { run };
  }
}
