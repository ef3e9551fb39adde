import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { contents, type Workspace, workspace } from '../commands/workspace.ts';
import { describeWith, lookFor } from './requires.ts';
import { findTmux, openTerminal, type Terminal } from './tmux.ts';

describeWith('in a terminal', await lookFor(findTmux), () => {
  describe.each([80, 120])('of %i columns', (columns) => {
    let space: Workspace;
    let terminal: Terminal;

    beforeEach(async () => {
      space = await workspace();
      await space.json(['setup', '--folder', 'photos']);
      terminal = await openTerminal(columns, space);
    });

    afterEach(async () => {
      await terminal.close();
      await space.remove();
    });

    /** Types a command on an empty screen, so that nothing there is from the one before. */
    async function begin(line: string): Promise<void> {
      await terminal.type('clear');
      await terminal.screen((text) => text === '>');
      await terminal.type(`clear; ${line}; echo "exit $?"`);
    }

    /** The screen after a command has ended, without its prompts and the exit code that follows. */
    async function show(line: string, exitCode = 0): Promise<string> {
      await begin(line);
      const screen = await terminal.screen((text) => /^exit \d+$/m.test(text));
      expect(screen).toContain(`exit ${exitCode}`);
      return screen.replace(/\nexit \d+(\n>)?$/, '').replace(/corrupt {2}.+/, 'corrupt  DETAIL');
    }

    const widest = (screen: string) => Math.max(...screen.split('\n').map((line) => line.length));

    test('a search is a table that fits', async () => {
      await space.json(['backfill', 'now'], 3);
      const screen = await show('rekback search dog');
      expect(widest(screen)).toBeLessThanOrEqual(columns);
      expect(screen).toMatchSnapshot();
    });

    test('lists fit without cutting what one has to type', async () => {
      const { run } = await space.json<{ run: { id: string } }>(['backfill', 'now'], 3);
      const screen = await show('rekback backfill list');
      expect(screen).toMatch(/^Run +State +Images +Indexed +Skipped +Failed +Pending\n/);
      expect(screen).toContain(`${run.id}  succeeded  `);
      expect(await show('rekback failures list')).toMatchSnapshot();
      expect(await show('rekback settings')).toMatchSnapshot();
    });

    test('a backfill shows where it is, and leaves its end on the screen', async () => {
      await begin('rekback backfill now --rate 8');
      const during = await terminal.screen((text) => /[1-9]\d* of 31 images · [\d.]+\/s/.test(text));
      expect(during.split('\n')[0]).toMatch(/^[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] \d+ of 31 images · [\d.]+\/s · .* left$/);
      const after = await terminal.screen((text) => text.includes('exit 3'));
      const lines = after.split('\n');
      expect(lines[0]).toMatch(/^✔ 31 of 31 images · [\d.]+\/s · 2 skipped · 2 failed$/);
      expect(lines.filter((line) => line.includes('of 31 images'))).toHaveLength(1);
      expect(after).toContain('› Failed (empty): broken/empty.jpg: the file has 0 bytes\n');
      expect(after).toMatch(/^Run \S+ succeeded in [\d.]+ s: 31 images, 28 labeler calls$/m);
    });

    test('Ctrl-C finishes the images in flight and says how to go on', async () => {
      await begin('rekback backfill now --rate 5');
      await terminal.screen((text) => /[1-9]\d* of 31 images · [\d.]+\/s/.test(text));
      await terminal.press('C-c');
      const after = await terminal.screen((text) => /^exit/m.test(text));
      expect(after).toContain('finishing the images in flight; press Ctrl-C again to stop at once');
      expect(after).toContain('go on with it: rekback backfill now');
      expect(after).toContain('exit 130');
    });

    test('teardown asks: no and Enter change nothing, Ctrl-C neither, yes removes', async () => {
      await space.json(['backfill', 'now'], 3);
      const before = await contents(space.home);
      for (const answer of ['n', '', 'no way']) {
        await begin('rekback teardown');
        await terminal.screen((text) => text.includes('Delete the stack photos? [y/N]'));
        await terminal.type(answer);
        const screen = await terminal.screen((text) => /^exit/m.test(text));
        expect(screen).toContain(`Delete the stack photos? [y/N]${answer === '' ? '' : ` ${answer}`}\n`);
        expect(screen).toContain('Declined, nothing changed.\nexit 2');
      }
      await begin('rekback teardown');
      await terminal.screen((text) => text.includes('[y/N]'));
      await terminal.press('C-c');
      await terminal.screen((text) => /\[y\/N\] ?\^C\n/.test(text));
      await terminal.type('echo "ended with $?"');
      expect(await terminal.screen((text) => /^ended with/m.test(text))).toContain('ended with 130');
      expect(await contents(space.home)).toEqual(before);

      await begin('rekback teardown');
      await terminal.screen((text) => text.includes('[y/N]'));
      await terminal.type('y');
      expect(await terminal.screen((text) => /^exit/m.test(text))).toContain('Nothing is left.\nexit 0');
      expect(await contents(space.home)).toEqual({});
    });
  });
});
