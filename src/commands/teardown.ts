import * as Flags from '@oclif/core/flags';
import { openStack } from '../stack/open.ts';
import { selectStack } from '../stack/select.ts';
import { describeTeardown, type Removed, teardown } from '../stack/teardown.ts';
import { RekbackCommand, stackFlag, yesFlag } from '../terminal/command.ts';
import { confirm } from '../terminal/confirm.ts';
import { sanitise } from '../terminal/sanitise.ts';

export default class Teardown extends RekbackCommand<Removed> {
  static override summary = 'Remove everything that was made for a stack. The images are not touched.';
  static override examples = [
    '<%= config.bin %> teardown',
    '<%= config.bin %> teardown --stack holiday --keep-labels holiday.ndjson.gz --yes',
  ];
  static override flags = {
    stack: stackFlag,
    yes: yesFlag,
    'keep-index': Flags.boolean({
      summary: 'Keep the index; a later setup of the folder under this name takes it over.',
    }),
    'keep-labels': Flags.string({
      helpValue: 'FILE',
      summary: 'First write every label ever paid for to this new file (.ndjson.gz).',
    }),
  };

  async run(): Promise<Removed> {
    const { flags } = await this.parse(Teardown);
    const stack = openStack(await selectStack(flags.stack));
    for (const line of await describeTeardown(stack)) this.note(sanitise(line));
    // Ctrl-C at the question ends the process as it ends any other: nothing was begun.
    await confirm(`Delete the stack ${stack.record.name}`, { yes: flags.yes });
    const result = await teardown(stack, {
      keepIndex: flags['keep-index'],
      keepLabels: flags['keep-labels'],
      signal: this.interruptSignal('nothing more is removed; the same command finishes it'),
    });
    for (const { type, name } of result.removed) this.print(`removed ${type.padEnd(7)} ${sanitise(name)}`);
    for (const { type, name } of result.kept) this.print(`kept    ${type.padEnd(7)} ${sanitise(name)}`);
    for (const { type, name, reason } of result.left)
      this.print(`LEFT    ${type.padEnd(7)} ${sanitise(name)}: ${sanitise(reason)}`);
    if (result.left.length === 0) this.print('Nothing is left.');
    else {
      this.note('Remove what stands in the way, then run the same command again.');
      this.exitWith(1);
    }
    return result;
  }
}
