import * as Args from '@oclif/core/args';
import type { RunSummary } from '../../runtime/run/record.ts';
import { cancel } from '../../stack/cancel.ts';
import { openStack } from '../../stack/open.ts';
import { selectStack } from '../../stack/select.ts';
import { awsFlags, RekbackCommand, stackFlag } from '../../terminal/command.ts';
import { describeRun } from '../../terminal/run.ts';

export default class BackfillCancel extends RekbackCommand<{ run: RunSummary }> {
  static override summary = 'End a run for good. What it indexed stays.';
  static override description = 'Images in flight are finished. A run that has ended is left as it is.';
  static override examples = ['<%= config.bin %> backfill cancel'];
  static override args = { run: Args.string({ description: 'The run; the newest by default.' }) };
  static override flags = { stack: stackFlag, ...awsFlags };

  async run(): Promise<{ run: RunSummary }> {
    const { args, flags } = await this.parse(BackfillCancel);
    const stack = openStack(await selectStack(flags.stack, flags));
    const { before, run } = await cancel(stack, args.run);
    this.print(describeRun(run).join('\n'));
    if (run.state === before) this.note('It has ended already; nothing was cancelled.');
    return { run };
  }
}
