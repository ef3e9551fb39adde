import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import * as Args from '@oclif/core/args';
import { describe, expect, test } from 'vitest';
import { RekbackCommand } from '../../src/terminal/command.ts';
import { builtCli, type CliOptions, rekback, startRekback } from '../cli.ts';

const probe = (args: readonly string[], options: CliOptions = {}) =>
  rekback(args, { ...options, commands: 'probes' });
const startProbe = (args: readonly string[]) => startRekback(args, { commands: 'probes' });

describe('--json', () => {
  test('is one value on stdout whatever else is printed', async () => {
    const { stdout, stderr, code } = await probe(['probe', 'noisy', '--json']);
    expect(stdout).toBe('{"schemaVersion":1,"answer":42}\n');
    expect(stderr).toContain('Warning: a warning');
    expect(stderr).toContain('a library talks');
    expect(stderr).not.toContain('a note');
    expect(code).toBe(0);
  });

  test.each([
    [['prob', '--json'], 'usage', 2],
    [['--json'], 'usage', 2],
    [['help', '--json'], 'usage', 2],
    [['probe', 'flags', '--jsn', '--json'], 'usage', 2],
    [['probe', 'flags', '--count', 'many', '--json'], 'usage', 2],
    [['probe', '--json'], 'usage', 2],
    [['probe', 'confirm', '--json'], 'confirmation-needed', 2],
    [['probe', 'denied', '--json'], 'denied', 1],
    [['probe', 'no such action', '--json'], 'internal', 1],
    [['probe', 'late', '--json'], 'internal', 1],
    [['probe', 'forgotten', '--json'], 'internal', 1],
  ])('%j is one error value, code %s, exit %i', async (args, expected, exitCode) => {
    const { stdout, stderr, code } = await probe(args);
    expect(JSON.parse(stdout)).toEqual({
      schemaVersion: 1,
      error: { code: expected, message: expect.any(String), suggestions: expect.any(Array) },
    });
    expect(stderr).toBe('');
    expect(code).toBe(exitCode);
  });

  test('keeps help off stdout', async () => {
    const { stdout, stderr, code } = await probe(['probe', '--help', '--json']);
    expect({ stdout, code }).toEqual({ stdout: '', code: 0 });
    expect(stderr).toContain('Try the shell.');
  });

  test('after -- is a word', async () => {
    expect((await probe(['words', '--', '--json'])).stdout).toBe('');
  });

  test('carries an exit code other than 0 with a result', async () => {
    const { stdout, code } = await probe(['probe', 'partly', '--json']);
    expect(JSON.parse(stdout)).toEqual({ schemaVersion: 1, failed: 1 });
    expect(code).toBe(3);
  });

  test('arrives whole through a pipe whose reader is slow', async () => {
    const size = 3_000_000;
    const child = await startProbe(['probe', 'big', '--json', '--count', String(size)]);
    child.stdin.end();
    await wait(500);
    let received = '';
    for await (const chunk of child.stdout) {
      received += chunk;
      await wait(1);
    }
    expect(JSON.parse(received).text).toHaveLength(size);
  });
});

describe('a person', () => {
  test('gets results on stdout and the rest on stderr', async () => {
    const { stdout, stderr } = await probe(['probe', 'noisy']);
    expect(stdout).toBe('for people\nfor people, too\nk\na library talks\n');
    expect(stderr).toMatch(/^a note\nWarning: a warning\n/);
  });

  test('gets no notes with --quiet', async () => {
    const { stdout, stderr } = await probe(['probe', 'noisy', '--quiet']);
    expect(stdout).toContain('for people\n');
    expect(stderr).not.toContain('a note');
    expect(stderr).toContain('a warning');
  });

  test('sees what was wrong, and what to do', async () => {
    const { stdout, stderr, code } = await probe(['probe', 'denied']);
    expect(stdout).toBe('');
    expect(stderr).toMatchInlineSnapshot(`
      "Error: may not read "a\\x1b[31m\\nb"

      What to do:
        Ask for the right.
      "
    `);
    expect(code).toBe(1);
  });

  test('sees causes and request ids with --verbose', async () => {
    const { stderr } = await probe(['probe', 'denied', '--verbose']);
    expect(stderr).toContain('Caused by: AccessDenied: no (HTTP 403, request id R1)');
  });

  test('sees where a query is wrong', async () => {
    const { stderr, code } = await probe(['probe', 'query']);
    expect(stderr).toContain('Error: nothing after AND\n\ndog AND\n       ^\n');
    expect(code).toBe(2);
  });

  test('sees the flag that was meant', async () => {
    const { stderr, code } = await probe(['probe', 'flags', '--stak', 'photos']);
    expect(stderr).toMatchInlineSnapshot(`
      "Error: unknown flag --stak

      What to do:
        Did you mean --stack?
        Run rekback probe --help to see what can be written here.
      "
    `);
    expect(code).toBe(2);
  });
});

test('REKBACK_STACK stands in for --stack, which wins', async () => {
  const env = { REKBACK_STACK: 'photos' };
  expect(JSON.parse((await probe(['probe', 'flags', '--json'], { env })).stdout).stack).toBe('photos');
  const named = await probe(['probe', 'flags', '--json', '--stack', 'other'], { env });
  expect(JSON.parse(named.stdout).stack).toBe('other');
});

test('an argument is never taken from a pipe', async () => {
  class Command extends RekbackCommand {
    static override args = { key: Args.string({ required: true }) };
    run = () => this.parse(Command);
  }
  const running = Command.run([], { root: await builtCli('probes') });
  await expect(running).rejects.toMatchObject({ code: 'usage', message: 'missing KEY' });
  // oclif waits 10 ms for a pipe, so whether it would have taken one is chance.
  expect(Command.args.key.ignoreStdin).toBe(true);
});

test('words that begin with a dash arrive in order, flags among them apart', async () => {
  const { stdout } = await probe(['words', 'a', 'OR', 'b', '-0', 'OR', '-cat', '--json', '--', '--limit']);
  expect(JSON.parse(stdout)).toEqual({
    schemaVersion: 1,
    words: ['a', 'OR', 'b', 'OR', '-cat', '--limit'],
    nul: true,
  });
});

describe('a reader that leaves early', () => {
  test.each([
    ['a stream ends', ['probe', 'stream', '--count', '100000000']],
    ['a result is dropped', ['probe', 'big', '--count', '3000000']],
  ])('%s quietly with 0', async (_, args) => {
    const child = await startProbe(args);
    child.stdin.end();
    const stderr: Buffer[] = [];
    child.stderr.on('data', (chunk) => stderr.push(chunk));
    await once(child.stdout, 'data');
    child.stdout.destroy();
    const [code] = await once(child, 'close');
    expect(Buffer.concat(stderr).toString()).toBe('');
    expect(code).toBe(0);
  });
});

describe('signals', () => {
  test.each([
    ['SIGINT', 'interrupted', 130],
    ['SIGTERM', 'terminated', 143],
  ] as const)('%s ends the command with its cause', async (signal, cause, exitCode) => {
    const child = await startProbe(['probe', 'wait']);
    const stderr: Buffer[] = [];
    child.stderr.on('data', (chunk) => stderr.push(chunk));
    await once(child.stdout, 'data');
    child.kill(signal);
    const [code] = await once(child, 'close');
    expect(Buffer.concat(stderr).toString()).toBe(
      `finishing the images in flight; press Ctrl-C again to stop at once\nError: ${cause}\n`,
    );
    expect(code).toBe(exitCode);
  });

  test('the second ends a command that hangs', async () => {
    const child = await startProbe(['probe', 'hang']);
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    await once(child.stderr, 'data');
    child.kill('SIGINT');
    expect((await once(child, 'close'))[0]).toBe(130);
  });
});
