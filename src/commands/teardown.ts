import * as Flags from '@oclif/core/flags';
import type { Removed as AwsRemoved } from '../provision/teardown.ts';
import { openLocalStack } from '../stack/open-local.ts';
import { thisOperator } from '../stack/operator.ts';
import { removePointer } from '../stack/pointers.ts';
import { type Selected, selectStack } from '../stack/select.ts';
import { describeTeardown, type Removed, teardown } from '../stack/teardown.ts';
import { describeThings } from '../terminal/changes.ts';
import { awsFlags, RekbackCommand, stackFlag, yesFlag } from '../terminal/command.ts';
import { confirm } from '../terminal/confirm.ts';
import { formatCounted } from '../terminal/format.ts';
import { sanitise } from '../terminal/sanitise.ts';
import { describeIdentity } from '../terminal/setup-plan.ts';
import { fitted } from '../terminal/width.ts';

interface Options {
  yes: boolean;
  keepIndex: boolean;
  keepLabels: string | undefined;
}

export default class Teardown extends RekbackCommand<Removed | AwsRemoved> {
  static override summary = 'Remove everything that was made for a stack. The images are not touched.';
  static override examples = [
    '<%= config.bin %> teardown',
    '<%= config.bin %> teardown --stack holiday --keep-labels holiday.ndjson.gz --yes',
  ];
  static override flags = {
    stack: stackFlag,
    yes: yesFlag,
    'keep-index': Flags.boolean({
      summary: 'Keep the index; a later setup of the same images under this name takes it over.',
    }),
    'keep-labels': Flags.string({
      helpValue: 'FILE',
      summary: 'First write every label ever paid for to this new file (.ndjson.gz).',
    }),
    ...awsFlags,
  };

  async run(): Promise<Removed | AwsRemoved> {
    const { flags } = await this.parse(Teardown);
    const options = { yes: flags.yes, keepIndex: flags['keep-index'], keepLabels: flags['keep-labels'] };
    const selected = await selectStack(flags.stack, flags);
    const result = await ('local' in selected
      ? this.removeLocal(selected, options)
      : this.removeFromAws(selected, options));
    // On AWS it was listed when it was asked about, and each was shown as it went.
    if ('aws' in selected) this.print(`Removed ${formatCounted(result.removed.length, 'resource')}.`);
    else for (const line of describeThings(result.removed)) this.print(`removed ${line}`);
    for (const line of describeThings(result.kept)) this.print(`kept    ${line}`);
    for (const [index, line] of describeThings(result.left).entries())
      this.print(`LEFT    ${line}: ${sanitise(result.left[index]?.reason ?? '')}`);
    if (result.left.length === 0) this.print('Nothing is left.');
    else {
      this.note('Remove what stands in the way, then run the same command again.');
      this.exitWith(1);
    }
    return result;
  }

  private async removeLocal({ local }: Extract<Selected, { local: unknown }>, options: Options) {
    const stack = openLocalStack(local);
    for (const line of await describeTeardown(stack)) this.note(sanitise(line));
    // Ctrl-C at the question ends the process as it ends any other: nothing was begun.
    await confirm(`Delete the stack ${local.name}`, options);
    const signal = this.interruptSignal('nothing more is removed; the same command finishes it');
    return teardown(stack, { ...options, signal });
  }

  private async removeFromAws({ aws, session }: Extract<Selected, { aws: unknown }>, options: Options) {
    const { realWaiting } = await import('../aws/wait.ts');
    const { inspectStack } = await import('../provision/inspect.ts');
    const { describeTeardown, planTeardown, teardown } = await import('../provision/teardown.ts');
    const signal = this.interruptSignal('nothing more is removed; the same command finishes it');
    const stack = await inspectStack(session, aws, realWaiting(signal));
    const changes = planTeardown(stack, options.keepIndex);
    for (const line of await describeTeardown(stack, changes, options.keepIndex))
      this.note(fitted(sanitise(line), '  ', process.stderr));
    this.note(describeIdentity(session));
    await confirm(`Delete the stack ${aws.name}`, { yes: options.yes, signal });
    const { report, end } = await this.changes(changes);
    const operator = await thisOperator('rekback teardown');
    const removed = await teardown(stack, changes, operator, { ...options, report, signal });
    await end();
    const { account, region } = session;
    if (removed.left.length === 0 && !options.keepIndex)
      await removePointer({ name: aws.name, account, region });
    return removed;
  }
}
