import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { builtCli } from '../cli.ts';

const run = promisify(execFile);

/** A real terminal of that width with a shell in it, where `rekback` is the CLI as it is in `src` now. */
export interface Terminal {
  /** Types a line and presses Enter. */
  type(line: string): Promise<void>;
  /** Presses one key, named as tmux does: `C-c`. */
  press(key: string): Promise<void>;
  /** Waits until the screen satisfies the test and returns it, without blanks at the ends of lines. */
  screen(wanted: (text: string) => boolean): Promise<string>;
  close(): Promise<void>;
}

/** @throws where there is no tmux */
export const findTmux = async (): Promise<string> => (await run('tmux', ['-V'])).stdout.trim();

export async function openTerminal(
  columns: number,
  { folder, home }: { folder: string; home: string },
): Promise<Terminal> {
  const socket = `rekback-${randomUUID()}`;
  const tmux = async (...args: string[]) =>
    (await run('tmux', ['-L', socket, '-f', '/dev/null', ...args])).stdout;
  const bin = join(await builtCli(), 'bin/run.js');
  const shell = `rekback() { '${process.execPath}' '${bin}' "$@"; }; export REKBACK_HOME='${home}' PS1='> '; clear`;
  const size = ['-x', String(columns), '-y', '50'];
  const env = ['env', '-u', 'NO_COLOR', '-u', 'FORCE_COLOR', '-u', 'REKBACK_STACK', 'LC_ALL=C.UTF-8'];
  await tmux('new-session', '-d', ...size, '-c', folder, ...env, 'bash', '--norc', '--noprofile');
  const terminal: Terminal = {
    async type(line) {
      await tmux('send-keys', '-l', line);
      await tmux('send-keys', 'Enter');
    },
    async press(key) {
      await tmux('send-keys', key);
    },
    async screen(wanted) {
      for (;;) {
        const text = (await tmux('capture-pane', '-p')).replace(/[ \n]+$/gm, '').trimEnd();
        if (wanted(text)) return text;
        await wait(50);
      }
    },
    close: async () => {
      await tmux('kill-server');
    },
  };
  await terminal.type(shell);
  await terminal.screen((text) => text === '>');
  return terminal;
}
