import * as Args from '@oclif/core/args';
import type { RunSummary } from '../../runtime/run/record.ts';
import { openStack } from '../../stack/open.ts';
import { assertWritable } from '../../stack/record.ts';
import { selectLocalStack } from '../../stack/select.ts';
import { RekbackCommand, stackFlag } from '../../terminal/command.ts';
import { describeRun } from '../../terminal/run.ts';

export default class BackfillCancel extends RekbackCommand<{ run: RunSummary }> {
  static override summary = 'End a run for good. What it indexed stays.';
  static override description = 'Images in flight are finished. A run that has ended is left as it is.';
  static override examples = ['<%= config.bin %> backfill cancel'];
  static override args = { run: Args.string({ description: 'The run; the newest by default.' }) };
  static override flags = { stack: stackFlag };

  async run(): Promise<{ run: RunSummary }> {
    const { args, flags } = await this.parse(BackfillCancel);
    const stack = openStack(await selectLocalStack(flags.stack));
    const { findRun, summarise } = await import('../../runtime/run/record.ts');
    const { cancelRun } = await import('../../runtime/run/cancel.ts');
    assertWritable(stack.record);
    const objects = await stack.objects();
    const { isAlive } = await stack.leases();
    const before = await findRun(objects, args.run);
    const run = await summarise(objects, await cancelRun(objects, before, isAlive), isAlive);
    this.print(describeRun(run).join('\n'));
    if (run.state === before.state) this.note('It has ended already; nothing was cancelled.');
    return { run };
  }
}
