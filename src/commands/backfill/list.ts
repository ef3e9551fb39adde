import type { RunSummary } from '../../runtime/run/record.ts';
import { lookAtRuns } from '../../stack/follow-run.ts';
import { openStack } from '../../stack/open.ts';
import { selectStack } from '../../stack/select.ts';
import { awsFlags, RekbackCommand, stackFlag } from '../../terminal/command.ts';
import { formatCount } from '../../terminal/format.ts';
import { sum } from '../../terminal/run.ts';

export default class BackfillList extends RekbackCommand<{ runs: RunSummary[] }> {
  static override summary = 'List the runs, newest first.';
  static override description = "A run's id begins with its start, in UTC.";
  static override examples = ['<%= config.bin %> backfill list'];
  static override flags = { stack: stackFlag, ...awsFlags };

  async run(): Promise<{ runs: RunSummary[] }> {
    const { flags } = await this.parse(BackfillList);
    const stack = openStack(await selectStack(flags.stack, flags));
    const runs = await lookAtRuns(stack);
    await this.table(runs, [
      { header: 'Run', cell: ({ id }) => id },
      { header: 'State', cell: ({ state }) => state },
      { header: 'Images', cell: ({ total }) => formatCount(total), align: 'right' },
      { header: 'Indexed', cell: ({ indexed }) => formatCount(indexed), align: 'right' },
      { header: 'Skipped', cell: ({ skipped }) => formatCount(sum(skipped)), align: 'right' },
      { header: 'Failed', cell: ({ failed }) => formatCount(sum(failed)), align: 'right' },
      { header: 'Pending', cell: ({ pending }) => formatCount(pending), align: 'right' },
    ]);
    if (runs.length === 0) this.note('There was no backfill yet. Start one with: rekback backfill now');
    return { runs };
  }
}
