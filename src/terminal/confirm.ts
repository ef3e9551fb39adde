import type { Readable, Writable } from 'node:stream';
import { RekbackError } from '../runtime/errors.ts';

export interface ConfirmOptions {
  /** The `--yes` flag. */
  yes: boolean;
  /** Aborted by Ctrl-C: the question ends with the signal's reason. */
  signal?: AbortSignal;
  input?: Readable & { isTTY?: boolean | undefined };
  /** Standard error, so that standard output stays clean. */
  output?: Writable & { isTTY?: boolean | undefined };
}

/**
 * Asks `question` (without a question mark and choices of its own, e.g. "Delete the stack photos") and returns when the
 * answer is yes. Enter alone, end of input and anything else mean no.
 *
 * @throws RekbackError `confirmation-needed` without a terminal to ask on, `declined` after a no; exit code 2.
 */
export async function confirm(question: string, options: ConfirmOptions): Promise<void> {
  if (options.yes) return;
  const { input = process.stdin, output = process.stderr, signal } = options;
  if (!input.isTTY || !output.isTTY) {
    throw new RekbackError('confirmation-needed', 'this needs an answer and there is no terminal to ask on', {
      suggestions: ['Add --yes to go ahead without a question. Nothing changed.'],
      exitCode: 2,
    });
  }
  if (!/^y(es)?$/i.test(await ask(`${question}? [y/N] `, input, output, signal))) {
    throw new RekbackError('declined', 'declined, nothing changed', { exitCode: 2 });
  }
}

async function ask(prompt: string, input: Readable, output: Writable, signal?: AbortSignal): Promise<string> {
  const { createInterface } = await import('node:readline/promises');
  // Without readline's raw mode the terminal itself handles editing, and Ctrl-C arrives as a signal.
  const reader = createInterface({ input, output, terminal: false });
  const ended = new Promise<string>((resolve) => reader.once('close', () => resolve('')));
  try {
    const answer = signal ? reader.question(prompt, { signal }) : reader.question(prompt);
    return (await Promise.race([answer, ended])).trim();
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    reader.close();
  }
}
