import type { LiveStatus } from '../../provision/live-status.ts';
import { selectLiveStack } from '../../stack/live-aws.ts';
import { awsFlags, RekbackCommand, stackFlag } from '../../terminal/command.ts';
import { formatCounted } from '../../terminal/format.ts';
import { sanitise } from '../../terminal/sanitise.ts';

interface Result {
  stack: string;
  live: LiveStatus & {
    /** Whether a person has paused it. */
    paused: boolean;
    /** Labeler calls of a UTC day at most; null for no limit. */
    maxPerDay: number | null;
  };
}

const BY = {
  s3: 'by the notifications of the bucket',
  eventbridge: 'by EventBridge',
  none: 'not at all',
} as const;

export default class LiveStatusCommand extends RekbackCommand<Result> {
  static override summary = 'Show how changes of a bucket get into the index of its stack on AWS.';
  static override examples = ['<%= config.bin %> live status'];
  static override flags = { stack: stackFlag, ...awsFlags };

  async run(): Promise<Result> {
    const { flags } = await this.parse(LiveStatusCommand);
    const { session, record } = await selectLiveStack(flags.stack, flags);
    const { liveStatusOf } = await import('../../provision/live-status.ts');
    const { livePaused = false } = record.aws;
    const maxPerDay = record.settings['live-max-per-day'] || null;
    const live = { ...(await liveStatusOf(session, record)), paused: livePaused, maxPerDay };
    const { queue, deadLetters, labelCalls, unknown } = live;
    this.print(`Changes arrive ${BY[live.by]}`);
    this.print(`Function: ${live.state ?? 'unknown'}${livePaused ? ' (paused; rekback live resume)' : ''}`);
    if (queue !== null) this.print(`Queue: ${queue.waiting} waiting, ${queue.inFlight} in flight or put off`);
    if (deadLetters !== null) {
      const what = formatCounted(deadLetters.waiting, 'message');
      this.print(`Dead letters: ${what}${deadLetters.waiting > 0 ? ' (rekback live redrive)' : ''}`);
    }
    if (labelCalls !== null) {
      const cap = maxPerDay === null ? '' : ` of ${maxPerDay}`;
      this.print(`Labelled: ${labelCalls.today}${cap} today (UTC), ${labelCalls.last24Hours} in 24 hours`);
    }
    for (const [figure, why] of Object.entries(unknown))
      this.note(`${figure} can't be read: ${sanitise(why)}`);
    return { stack: record.name, live };
  }
}
