import { openStack } from '../stack/open.ts';
import { selectStack } from '../stack/select.ts';
import { type Status, status } from '../stack/status.ts';
import { RekbackCommand, stackFlag } from '../terminal/command.ts';
import { formatBytes, formatCounted, formatDate, formatDollars } from '../terminal/format.ts';
import { describeRun } from '../terminal/run.ts';
import { sanitise } from '../terminal/sanitise.ts';

export default class StatusCommand extends RekbackCommand<Status> {
  static override summary = 'Show what a stack is made of and how it does.';
  static override examples = ['<%= config.bin %> status'];
  static override flags = { stack: stackFlag };

  async run(): Promise<Status> {
    const { flags } = await this.parse(StatusCommand);
    const now = await status(openStack(await selectStack(flags.stack)));
    await this.printStatus(now);
    return now;
  }

  private async printStatus({ stack, resources, index, runs, live, cost, notes }: Status): Promise<void> {
    this.print(`Stack ${stack}`);
    await this.table(resources, [
      { header: 'Resource', cell: ({ type }) => type },
      { header: 'State', cell: ({ state }) => state },
      { header: 'Name', cell: ({ name }) => name },
    ]);
    if (index !== null) {
      const failed =
        index.failed === 0 ? '' : `, ${formatCounted(index.failed, 'image')} that can't be labelled`;
      this.print(`Index: ${formatCounted(index.images, 'image')}${failed}, ${formatBytes(index.bytes)}`);
    }
    this.print(
      `Live: ${live === null ? 'nobody follows the folder' : `followed by ${live.user} on ${live.host} since ${formatDate(Date.parse(live.since))}`}`,
    );
    this.print(
      `Cost: ${formatDollars(cost.monthly)} a month while idle, ${formatDollars(cost.spent)} spent on labels`,
    );
    const [newest] = runs;
    if (newest !== undefined) this.print(describeRun(newest).join('\n'));
    for (const note of notes) this.print(`Note: ${sanitise(note)}`);
  }
}
