import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AwsWorkspace, awsWorkspace, SETUP } from '../commands/aws-workspace.ts';
import { describeWith, lookFor } from './requires.ts';
import { findTmux, openTerminal, type Terminal } from './tmux.ts';

const LINE = `rekback ${SETUP.join(' ')}`;

describeWith('a stack on AWS in a terminal', await lookFor(findTmux), () => {
  describe.each([80, 120])('of %i columns', (columns) => {
    let space: AwsWorkspace;
    let terminal: Terminal;

    beforeEach(async () => {
      space = await awsWorkspace();
      await space.again();
      terminal = await openTerminal(columns, space);
      const { NODE_OPTIONS: _, ...env } = space.world.env();
      await terminal.type(
        `export ${Object.entries(env)
          .map(([name, value]) => `${name}='${value}'`)
          .join(' ')}`,
      );
    }, 60_000);

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
    const ended = () => terminal.screen((text) => /^exit \d+$/m.test(text));
    const widest = (screen: string) => Math.max(...screen.split('\n').map((line) => line.length));

    test('the price stands above the question; then only what is at work is shown, then that it is done', async () => {
      space.world.faults.add({ effect: { latency: 60 } });
      space.world.faults.add({ operation: 'CreateDomain', effect: { latency: 4000 } });
      await begin(LINE);
      const question = await terminal.screen((text) => /changes\? \[y\/N\]$/.test(text));
      expect(widest(question)).toBeLessThanOrEqual(columns);
      expect(question).toMatch(
        /While idle: \$[\d.]+ a month\n(.+\n|\n)+In account 111122223333, Region eu-west-1, as\s/,
      );
      // Below each other: actions, types and names.
      const names = question.split('\n').filter((line) => /^ {2}create /.test(line));
      expect(new Set(names.map((line) => line.search(/\S+$/))).size).toBe(1);

      await terminal.type('y');
      const during = await terminal.screen((text) =>
        /^ {2}\d+ of \d+ changes made · \d+ waiting · /m.test(text),
      );
      const drawn = during.slice(during.indexOf('[y/N]')).split('\n').slice(1);
      expect(drawn.length).toBeLessThan(20);
      for (const line of drawn.slice(0, -1)) expect(line).toMatch(/^[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] creating [a-z-]+ +\S+/);
      await terminal.screen((text) => /^[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] creating domain +rekback-images( \d s)?$/m.test(text));
      const after = await ended();
      expect(after).toMatch(/\n✔ (\d+) of \1 changes made · \d+ s\nStack images is set up\.\nexit 0/);
      expect(after).not.toMatch(/creating/);

      space.world.faults.clear();
      await begin('rekback status');
      const status = await ended();
      expect(widest(status)).toBeLessThanOrEqual(columns);
      expect(status).toMatch(/^Resource +State +Name$/m);
      expect(status).toContain('exit 0');

      await begin('rekback teardown');
      await terminal.screen((text) => text.includes('Delete the stack images? [y/N]'));
      await terminal.type('y');
      expect(await ended()).toMatch(
        /\n✔ (\d+) of \1 changes made · \d+ s\nRemoved \1 resources\.\nNothing is left\.\nexit 0/,
      );
    }, 120_000);

    test('a no changes nothing; Ctrl-C leaves what failed or was at work on the screen, and how to go on', async () => {
      await begin(LINE);
      await terminal.screen((text) => text.includes('[y/N]'));
      await terminal.type('n');
      expect(await ended()).toContain('Declined, nothing changed.\nexit 2');
      expect(space.world.journal.mutating()).toEqual([]);

      space.world.delays.openSearchDomain = 600_000;
      await begin(`${LINE} --yes`);
      await terminal.screen((text) => /creating domain +rekback-images/.test(text));
      await terminal.press('C-c');
      const after = await ended();
      expect(after).toMatch(
        /\n {2}nothing more is begun; the same command goes on from here\n {2}\d+ of \d+ changes made · \d+ s\nError: interrupted\nexit 130/,
      );
    }, 120_000);
  });
});
