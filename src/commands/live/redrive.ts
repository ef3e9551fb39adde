import { selectLiveStack } from '../../stack/live-aws.ts';
import { awsFlags, RekbackCommand, stackFlag, yesFlag } from '../../terminal/command.ts';
import { confirm } from '../../terminal/confirm.ts';
import { formatCounted } from '../../terminal/format.ts';

interface Result {
  stack: string;
  redriven: { moved: number; finished: boolean };
}

export default class LiveRedrive extends RekbackCommand<Result> {
  static override summary =
    'Try again what could not be carried out: bring dead letters back into the queue.';
  static override description =
    'Each costs a label at most. See first why they failed, in the log of the live function.';
  static override examples = ['<%= config.bin %> live redrive'];
  static override flags = { stack: stackFlag, yes: yesFlag, ...awsFlags };

  async run(): Promise<Result> {
    const { flags } = await this.parse(LiveRedrive);
    const { session, record } = await selectLiveStack(flags.stack, flags);
    const { countDeadLetters, redrive } = await import('../../provision/redrive.ts');
    const { realWaiting } = await import('../../aws/wait.ts');
    const dead = await countDeadLetters(session, record);
    if (dead === 0) {
      this.print('There are no dead letters.');
      return { stack: record.name, redriven: { moved: 0, finished: true } };
    }
    const signal = this.interruptSignal('AWS goes on with it; see it with: rekback live status');
    await confirm(`Bring ${formatCounted(dead, 'message')} back`, { yes: flags.yes, signal });
    const redriven = await redrive(session, record, realWaiting(signal));
    const what = formatCounted(redriven.moved, 'message');
    this.print(redriven.finished ? `${what} moved back.` : `${what} moved back so far; AWS goes on with it.`);
    return { stack: record.name, redriven };
  }
}
