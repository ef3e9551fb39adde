import { expect, test } from 'vitest';
import { type CliOptions, rekback } from '../cli.ts';

const probe = (args: readonly string[], options: CliOptions = {}) =>
  rekback(args, { ...options, commands: 'probes' });

test('rekback alone prints help', async () => {
  const { stdout, stderr, code } = await probe([]);
  expect(stdout).toContain('USAGE\n  $ rekback [COMMAND]\n');
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
});

test('--version names version and Node', async () => {
  const { stdout, code } = await probe(['--version']);
  expect(stdout).toMatch(/^rekback\/\d+\.\d+\.\d+ \S+ node-v\d+/);
  expect(code).toBe(0);
});

test('an unknown command is wrong usage and gets suggestions', async () => {
  const { stdout, stderr, code } = await probe(['prbe', 'flags']);
  expect(stdout).toBe('');
  expect(stderr).toMatchInlineSnapshot(`
    "Error: unknown command prbe

    What to do:
      Did you mean rekback probe?
      Run rekback --help to see all commands.
    "
  `);
  expect(code).toBe(2);
});

test('colours are left out without a terminal and put in on demand', async () => {
  expect((await probe(['prbe'])).stderr).not.toContain('\x1b[');
  expect((await probe(['prbe'], { env: { FORCE_COLOR: '1' } })).stderr).toContain('\x1b[31mError:\x1b[39m');
  const both = await probe(['prbe'], { env: { FORCE_COLOR: '1', NO_COLOR: '1' } });
  expect(both.stderr).not.toContain('\x1b[');
});
