import type { AwsStatus } from '../provision/status.ts';
import { indexStatus } from '../stack/index-status.ts';
import { openStack } from '../stack/open.ts';
import { openLocalStack } from '../stack/open-local.ts';
import { selectStack } from '../stack/select.ts';
import { type Status, status } from '../stack/status.ts';
import { describeInventory, describeLive } from '../terminal/aws-status.ts';
import { palette } from '../terminal/colours.ts';
import { awsFlags, RekbackCommand, stackFlag } from '../terminal/command.ts';
import { describeDifference } from '../terminal/differences.ts';
import { formatBytes, formatCounted, formatDate, formatDollars } from '../terminal/format.ts';
import { describeRun } from '../terminal/run.ts';
import { sanitise } from '../terminal/sanitise.ts';
import { fitted } from '../terminal/width.ts';

type OnAws = AwsStatus & Pick<Status, 'index'>;

export default class StatusCommand extends RekbackCommand<Status | OnAws> {
  static override summary = 'Show what a stack is made of and how it does.';
  static override examples = ['<%= config.bin %> status'];
  static override flags = { stack: stackFlag, ...awsFlags };

  async run(): Promise<Status | OnAws> {
    const { flags } = await this.parse(StatusCommand);
    const selected = await selectStack(flags.stack, flags);
    if ('local' in selected) {
      const now = await status(openLocalStack(selected.local));
      this.print(`Stack ${now.stack}`);
      await this.printResources(now);
      this.printLocal(now);
      return now;
    }
    const { realWaiting } = await import('../aws/wait.ts');
    const { inspectStack } = await import('../provision/inspect.ts');
    const { awsStatus } = await import('../provision/status.ts');
    const waiting = realWaiting(this.interruptSignal('nothing is being changed'));
    const looked = await awsStatus(await inspectStack(selected.session, selected.aws, waiting));
    const { index, note } =
      selected.aws.record === undefined ? { index: null } : await indexStatus(openStack(selected));
    const now = { ...looked, index, notes: note === undefined ? looked.notes : [...looked.notes, note] };
    this.print(`Stack ${now.stack} of ${now.images}, in ${now.region}, account ${now.account}`);
    await this.printResources(now);
    for (const { type, name, drift = [] } of now.resources) {
      if (drift.length > 0) this.print(`${type} ${sanitise(name)}:`);
      for (const each of drift) this.print(fitted(`  ${describeDifference(each)}`, ' '.repeat(6)));
    }
    this.printIndex(now);
    this.print(fitted(describeLive(now.live), '  '));
    this.print(fitted(describeInventory(now.inventory), '  '));
    this.printEnd(now);
    return now;
  }

  private async printResources({ resources }: Pick<AwsStatus, 'resources'>): Promise<void> {
    const colour = palette(process.stdout);
    await this.table(resources, [
      { header: 'Resource', cell: ({ type }) => type },
      {
        header: 'State',
        cell: ({ state }) => state,
        style: (text, { state }) => (state === 'present' ? text : colour.notice(text)),
      },
      { header: 'Name', cell: ({ name }) => name },
    ]);
  }

  private printLocal(now: Status): void {
    const { live } = now;
    this.printIndex(now);
    this.print(
      `Live: ${live === null ? 'nobody follows the folder' : `followed by ${live.user} on ${live.host} since ${formatDate(Date.parse(live.since))}`}`,
    );
    this.printEnd(now);
  }

  private printIndex({ index }: Pick<Status, 'index'>): void {
    if (index === null) return;
    const { images, failed, bytes } = index;
    const unlabelled = failed === 0 ? '' : `, ${formatCounted(failed, 'image')} that can't be labelled`;
    this.print(`Index: ${formatCounted(images, 'image')}${unlabelled}, ${formatBytes(bytes)}`);
  }

  private printEnd({ cost, runs, notes }: Pick<Status, 'runs' | 'notes' | 'cost'>): void {
    this.print(
      `Cost: ${formatDollars(cost.monthly)} a month while idle, ${formatDollars(cost.spent)} spent on labels`,
    );
    const [newest] = runs;
    if (newest !== undefined) this.print(describeRun(newest).join('\n'));
    for (const note of notes) this.print(fitted(`Note: ${sanitise(note)}`, '  '));
  }
}
