import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RunSummary } from '../../src/runtime/run/record.ts';
import { printed, SAMPLE_LEDGER, type Workspace, workspace } from './workspace.ts';

let space: Workspace;

beforeEach(async () => {
  space = await workspace();
  await space.json(['setup', '--folder', 'photos']);
});

afterEach(() => space.remove());

/** A backfill in the middle of its work: a few images each second. */
async function slowBackfill(...args: string[]) {
  const child = await space.start(['backfill', 'now', '--rate', '5', '--progress', 'json', ...args]);
  child.stdin.end();
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    output.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk;
  });
  const ended = once(child, 'close').then(([code, signal]) => code ?? signal);
  await printed(child.stderr, (text) => /"indexed":[1-9]/.test(text));
  return { child, output, ended };
}

const sum = (counts: Record<string, number>) => Object.values(counts).reduce((all, count) => all + count, 0);

describe.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s', (signal, exitCode) => {
  test('finishes the images in flight, says how to go on, and the same command goes on', async () => {
    const { child, output, ended } = await slowBackfill();
    child.kill(signal);
    expect(await ended).toBe(exitCode);
    expect(output.stderr).toContain('finishing the images in flight; press Ctrl-C again to stop at once');
    expect(output.stderr).not.toMatch(/Error|^\s+at /m);
    expect(output.stdout).toMatch(/^Run \S+ interrupted in .*\n/);
    expect(output.stdout).toContain('  the run was interrupted\n  go on with it: rekback backfill now\n');

    const { run } = await space.json<{ run: RunSummary }>(['backfill', 'show']);
    expect(run.state).toBe('interrupted');
    // What was counted is in the index, and nothing else is.
    expect(await space.json(['status'])).toMatchObject({
      index: { images: run.indexed, failed: sum(run.failed) },
    });
    const finished = await space.json<{ run: RunSummary }>(['backfill', 'now'], 3);
    expect(finished.run).toMatchObject({ id: run.id, state: 'succeeded', ...SAMPLE_LEDGER });
  });

  test('with --json the value says so', async () => {
    const { child, output, ended } = await slowBackfill('--json');
    child.kill(signal);
    expect(await ended).toBe(exitCode);
    expect(JSON.parse(output.stdout)).toMatchObject({
      run: { state: 'interrupted', cause: { code: 'interrupted' } },
    });
  });
});

test('a second signal ends it at once, and the same command goes on', async () => {
  const { child, ended } = await slowBackfill();
  child.kill('SIGINT');
  child.kill('SIGTERM');
  child.kill('SIGINT');
  expect([130, 143]).toContain(await ended);
  const { run } = await space.json<{ run: RunSummary }>(['backfill', 'now'], 3);
  expect(run).toMatchObject({ state: 'succeeded', ...SAMPLE_LEDGER });
});

test('killed, it reads as interrupted, and the same command goes on', async () => {
  const { child, ended } = await slowBackfill();
  child.kill('SIGKILL');
  expect(await ended).toBe('SIGKILL');
  const { run } = await space.json<{ run: RunSummary }>(['backfill', 'show']);
  expect(run.state).toBe('interrupted');
  expect(await space.json(['status'])).toMatchObject({ notes: [expect.stringContaining('go on with it')] });
  const finished = await space.json<{ run: RunSummary }>(['backfill', 'now'], 3);
  expect(finished.run).toMatchObject({ id: run.id, state: 'succeeded', total: 31, indexed: 27, pending: 0 });
});

test.each([
  ['try', ['photos']],
  ['setup', ['--folder', 'photos', '--backfill', 'auto']],
])('%s can be interrupted, too', async (command, args) => {
  await space.json(['settings', 'set', 'rate=5']);
  const child = await space.start([command, ...args, '--progress', 'json']);
  child.stdin.end();
  const ended = once(child, 'close').then(([code]) => code);
  await printed(child.stderr, (text) => /"indexed":[1-9]/.test(text));
  child.kill('SIGINT');
  expect(await ended).toBe(130);
  await space.json(['settings', 'set', 'rate=0']);
  expect(await space.json(['backfill', 'now'], 3)).toMatchObject({
    run: { state: 'succeeded', ...SAMPLE_LEDGER },
  });
});
