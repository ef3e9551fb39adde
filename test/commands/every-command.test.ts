import { once } from 'node:events';
import { cp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CliOptions } from '../cli.ts';
import { allCommands, commandLine, goodEnds, needsStack, onlyOnAws, readsHome } from './commands.ts';
import { type Workspace, workspace } from './workspace.ts';

const commands = await allCommands();
const PROMISED = [0, 1, 2, 3, 4];

let space: Workspace;
/** A home with one labelled stack; each run gets a copy. */
let labelled: string;
/** A file where a home would be. */
let file: string;
let copies = 0;

beforeAll(async () => {
  space = await workspace();
  labelled = join(space.folder, 'labelled');
  const env = { REKBACK_HOME: labelled };
  await space.run(['try', 'photos'], { env });
  file = join(space.folder, 'file');
  await writeFile(file, '');
}, 60_000);

afterAll(() => space.remove());

async function withHome<T>(work: (options: CliOptions) => Promise<T>): Promise<T> {
  const home = join(space.folder, `copy-${copies++}`);
  await cp(labelled, home, { recursive: true });
  try {
    return await work({ env: { REKBACK_HOME: home } });
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** Fails unless stdout is one JSON value with `schemaVersion`, in one line; returns it. */
function oneValue(stdout: string): { error?: { code: string; message: string; suggestions: string[] } } {
  expect(stdout).toMatch(/^[^\n]+\n$/);
  const value = JSON.parse(stdout);
  expect(value).toMatchObject({ schemaVersion: 1 });
  return value;
}

test('there are commands', () => {
  expect(commands.length).toBeGreaterThan(15);
});

describe.concurrent.each(commands)('$name', (command) => {
  const line = commandLine(command);

  async function expectError(args: readonly string[], options: CliOptions, code: string, exitCode: number) {
    const result = await space.run([...args, '--json'], options);
    expect(oneValue(result.stdout).error).toEqual({
      code,
      message: expect.stringMatching(/^[^A-Z\n].*[^.\n]$/),
      suggestions: expect.arrayContaining([expect.any(String)]),
    });
    expect(result).toMatchObject({ stderr: '', code: exitCode });
  }

  test('a wrong flag is wrong usage', async () => {
    await expectError([...line, '--wrong'], {}, 'usage', 2);
    const { stdout, stderr, code } = await space.run([...line, '--wrong']);
    expect({ stdout, code }).toEqual({ stdout: '', code: 2 });
    expect(stderr).toMatch(
      /^Error: unknown flag --wrong\n\nWhat to do:\n {2}Run rekback .* --help to see what/,
    );
  });

  if (needsStack(command)) {
    test('a stack that is not there is wrong usage', async () => {
      const env = { REKBACK_HOME: labelled };
      await expectError([...line, '--stack', 'nosuch'], { env }, 'unknown-stack', 2);
    });
  }

  if (needsStack(command)) {
    test('without any stack it says how to make one', async () => {
      const { stdout, stderr, code } = await space.run(line);
      expect({ stdout, code }).toEqual({ stdout: '', code: 2 });
      expect(stderr).toMatch(
        /^Error: there is no stack yet\n\nWhat to do:\n {2}make one with: rekback setup/,
      );
    });
  }

  if (readsHome(command)) {
    test('a home that can not be read is named', async () => {
      await expectError(line, { env: { REKBACK_HOME: file } }, 'home-unreadable', 1);
    });
  }

  if (onlyOnAws(command)) {
    test('of a stack on this machine it says so', async () => {
      await withHome((options) => expectError(line, options, 'not-on-aws', 1));
    });
    return;
  }

  test('with --json stdout is one value, and nobody is needed to answer', async () => {
    await withHome(async (options) => {
      const { stdout, stderr, code } = await space.run([...line, '--json'], options);
      expect(oneValue(stdout)).not.toHaveProperty('error');
      expect(stderr).not.toMatch(/^\s+at /m);
      expect(goodEnds(command)).toContain(code);
    });
  });

  test('without a terminal it prints plain text', async () => {
    await withHome(async (options) => {
      const { stdout, stderr, code } = await space.run(line, options);
      expect(stripVTControlCharacters(`${stdout}${stderr}`)).toBe(`${stdout}${stderr}`);
      expect(`${stdout}${stderr}`).not.toMatch(/\r|undefined|NaN|\[object|^\s+at /m);
      expect(stdout.trim()).not.toBe('');
      expect(goodEnds(command)).toContain(code);
    });
  });

  test.each([[[]], [['--json']]])('a reader that has gone ends it quietly %j', async (flags) => {
    await withHome(async (options) => {
      const child = await space.start([...line, ...flags, '--quiet'], options);
      child.stdout.destroy();
      child.stdin.end();
      let stderr = '';
      child.stderr.on('data', (chunk) => {
        stderr += chunk;
      });
      const [code] = await once(child, 'close');
      expect(stderr).not.toMatch(/EPIPE|Error|^\s+at /m);
      expect(PROMISED).toContain(code);
    });
  });
});
