import { selectLiveStack } from '../../stack/live-aws.ts';
import { awsFlags, RekbackCommand, stackFlag } from '../../terminal/command.ts';

interface Result {
  stack: string;
  live: { paused: boolean; changed: boolean };
}

export default class LivePause extends RekbackCommand<Result> {
  static override summary = 'Let changes of the bucket wait: nothing is labeled until they are resumed.';
  static override description =
    'They stay in the queue for 14 days at most; what is lost then is found by the next backfill. Setting up again does not resume.';
  static override examples = ['<%= config.bin %> live pause'];
  static override flags = { stack: stackFlag, ...awsFlags };

  async run(): Promise<Result> {
    const { flags } = await this.parse(LivePause);
    const { session, record } = await selectLiveStack(flags.stack, flags);
    const { switchLive } = await import('../../provision/live-switch.ts');
    const { realWaiting } = await import('../../aws/wait.ts');
    const waiting = realWaiting(this.interruptSignal('AWS goes on; see it with: rekback live status'));
    const changed = await switchLive(session, record, 'paused', waiting);
    this.print(
      changed
        ? `Live changes of ${record.name} are paused; they wait for up to 14 days.`
        : `Live changes of ${record.name} were paused already.`,
    );
    return { stack: record.name, live: { paused: true, changed } };
  }
}
