import * as Args from '@oclif/core/args';
import * as Flags from '@oclif/core/flags';
import { RekbackError } from '../../../src/runtime/errors.ts';
import { QueryError } from '../../../src/runtime/query/error.ts';
import { RekbackCommand, stackFlag, yesFlag } from '../../../src/terminal/command.ts';
import { confirm } from '../../../src/terminal/confirm.ts';

/** Does, one at a time, what commands do with the shell. */
export default class Probe extends RekbackCommand<object | undefined> {
  static override summary = 'Try the shell.';
  static override args = { action: Args.string({ required: true, description: 'What to do.' }) };
  static override flags = {
    stack: stackFlag,
    yes: yesFlag,
    count: Flags.integer({ min: 1, default: 1, summary: 'How much of it.' }),
  };

  async run(): Promise<object | undefined> {
    const { args, flags } = await this.parse(Probe);
    switch (args.action) {
      case 'flags':
        return { stack: flags.stack, progress: flags.progress, quiet: flags.quiet };
      case 'big':
        this.print('y'.repeat(flags.count));
        return { text: 'x'.repeat(flags.count) };
      case 'noisy':
        this.print('for people');
        this.note('a note');
        this.warn('a warning');
        this.log('for people, too');
        await this.table([{ key: 'k' }], [{ header: 'KEY', cell: (row) => row.key }]);
        console.log('a library talks');
        process.emitWarning('Node warns');
        return { answer: 42 };
      case 'partly':
        this.exitWith(3);
        return { failed: 1 };
      case 'stream':
        for (let n = 0; n < flags.count; n++) if (!(await this.emit({ n }))) return undefined;
        return undefined;
      case 'confirm':
        await confirm('Delete everything', { yes: flags.yes });
        return { deleted: true };
      case 'wait':
        return this.wait(this.interruptSignal());
      case 'hang':
        this.interruptSignal();
        setInterval(() => {}, 1_000);
        this.print('ready');
        return new Promise(() => {});
      case 'forgotten':
        return new Promise(() => {});
      case 'denied':
        throw new RekbackError('denied', 'may not read "a\u001b[31m\nb"', {
          suggestions: ['Ask for the right.'],
          cause: Object.assign(new Error('no'), {
            name: 'AccessDenied',
            $metadata: { httpStatusCode: 403, requestId: 'R1' },
          }),
        });
      case 'query':
        throw new QueryError('nothing after AND', 'dog AND', 7);
      case 'late':
        setTimeout(() => {
          throw new TypeError('nobody waits for this');
        });
        return new Promise(() => {});
      default:
        throw new TypeError(`no action "${args.action}"`);
    }
  }

  private async wait(signal: AbortSignal): Promise<object> {
    const alive = setInterval(() => {}, 1_000);
    this.print('ready');
    try {
      return await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    } finally {
      clearInterval(alive);
    }
  }
}
