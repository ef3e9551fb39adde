import { selectLiveStack } from '../../stack/live-aws.ts';
import { awsFlags, RekbackCommand, stackFlag } from '../../terminal/command.ts';

interface Result {
  stack: string;
  live: { paused: boolean; changed: boolean };
}

export default class LiveResume extends RekbackCommand<Result> {
  static override summary = 'Go on with changes of the bucket that were paused.';
  static override description = 'Those that have waited come first; labels of them cost as always.';
  static override examples = ['<%= config.bin %> live resume'];
  static override flags = { stack: stackFlag, ...awsFlags };

  async run(): Promise<Result> {
    const { flags } = await this.parse(LiveResume);
    const { session, record } = await selectLiveStack(flags.stack, flags);
    const { switchLive } = await import('../../provision/live-switch.ts');
    const { realWaiting } = await import('../../aws/wait.ts');
    const waiting = realWaiting(this.interruptSignal('AWS goes on; see it with: rekback live status'));
    const changed = await switchLive(session, record, 'running', waiting);
    this.print(
      changed ? `Live changes of ${record.name} go on.` : `Live changes of ${record.name} were not paused.`,
    );
    return { stack: record.name, live: { paused: false, changed } };
  }
}
