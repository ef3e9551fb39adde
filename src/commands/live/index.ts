import * as Flags from '@oclif/core/flags';
import type { Outcome } from '../../runtime/contract.ts';
import { live } from '../../stack/live.ts';
import { openLocalStack } from '../../stack/open-local.ts';
import { imagesOf } from '../../stack/record.ts';
import { selectLocalStack } from '../../stack/select.ts';
import { RekbackCommand, stackFlag } from '../../terminal/command.ts';
import { Interruption } from '../../terminal/interrupt.ts';
import { readerHasGone } from '../../terminal/output.ts';
import { sanitise } from '../../terminal/sanitise.ts';

interface CaughtUp {
  indexed: number;
  removed: number;
  failed: number;
  unchanged: number;
}

export default class Live extends RekbackCommand<{ live: CaughtUp } | undefined> {
  static override summary = 'Keep the index current with the folder: catch up, then follow until Ctrl-C.';
  static override description =
    'With --json, one object per line and change; with --once, one object with the counts.';
  static override examples = ['<%= config.bin %> live', '<%= config.bin %> live --once'];
  static override flags = {
    stack: stackFlag,
    once: Flags.boolean({ summary: 'Only catch up with what changed while nobody followed.' }),
  };

  async run(): Promise<{ live: CaughtUp } | undefined> {
    const { flags } = await this.parse(Live);
    const stack = openLocalStack(await selectLocalStack(flags.stack));
    const counts: CaughtUp = { indexed: 0, removed: 0, failed: 0, unchanged: 0 };
    const signal = this.interruptSignal(
      'finishing the images in flight; what changes from now on: rekback live --once',
    );
    const reader = new AbortController();
    await live(stack, {
      once: flags.once,
      signal: AbortSignal.any([signal, reader.signal]),
      onOutcome: ({ key }, outcome) => {
        if (outcome.outcome === 'pending') return;
        counts[outcome.outcome === 'skipped' ? 'unchanged' : outcome.outcome]++;
        if (outcome.outcome !== 'skipped') this.tell(key, outcome, flags.once);
        // Following for a reader that has gone (`… | head`) would never end.
        if (readerHasGone()) reader.abort();
      },
      onCaughtUp: () => {
        if (!flags.once)
          this.note(
            `Caught up: ${describe(counts)}. Following ${sanitise(imagesOf(stack.record))}; Ctrl-C ends.`,
          );
      },
      onProblem: (error) => this.warn(error instanceof Error ? error : String(error)),
    });
    this.print(`${flags.once ? 'Caught up' : 'Followed'}: ${describe(counts)}.`);
    if (signal.reason instanceof Interruption) this.exitWith(signal.reason.exitCode);
    else if (counts.failed > 0) this.exitWith(3);
    return flags.once ? { live: counts } : undefined;
  }

  private tell(key: string, outcome: Exclude<Outcome, { outcome: 'pending' }>, once: boolean): void {
    const reason = 'reason' in outcome ? outcome.reason : null;
    if (!this.jsonEnabled())
      this.print(`${outcome.outcome.padEnd(7)} ${sanitise(key)}${reason === null ? '' : ` (${reason})`}`);
    else if (!once) void this.emit({ key, outcome: outcome.outcome, reason });
  }
}

const describe = ({ indexed, removed, failed, unchanged }: CaughtUp) =>
  `${indexed} indexed, ${removed} removed, ${failed} failed, ${unchanged} unchanged`;
