import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RunSummary } from '../../src/runtime/run/record.ts';
import { printed, type Workspace, workspace } from './workspace.ts';

let space: Workspace;

beforeEach(async () => {
  space = await workspace();
  await space.json(['setup', '--folder', 'photos']);
});

afterEach(() => space.remove());

const run = async (args: string[], exitCode = 0) =>
  (await space.json<{ run: RunSummary }>(['backfill', ...args], exitCode)).run;
const list = async () => (await space.json<{ runs: RunSummary[] }>(['backfill', 'list'])).runs;

/** A backfill that takes some seconds, once it has begun to label. */
async function slowBackfill() {
  const child = await space.start(['backfill', 'now', '--rate', '5', '--progress', 'json', '--json']);
  child.stdin.end();
  const output = { stdout: '' };
  child.stdout.on('data', (chunk) => {
    output.stdout += chunk;
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  await printed(child.stderr, (text) => /"indexed":[1-9]/.test(text));
  return { child, output, ended };
}

test('list and show: newest first, the newest by default, any by its id', async () => {
  const first = await run(['now'], 3);
  const second = await run(['now']);
  expect(await list()).toEqual([second, first]);
  const detail = { chunks: { total: 1, complete: 1 }, cost: 0, failedJobs: [] };
  expect(await run(['show'])).toMatchObject({ ...second, ...detail });
  expect(await run(['show', first.id])).toMatchObject({ ...first, ...detail });
  const table = await space.run(['backfill', 'list']);
  expect(table.stdout).toBe(
    `${second.id}\tsucceeded\t31\t0\t31\t0\t0\n${first.id}\tsucceeded\t31\t27\t2\t2\t0\n`,
  );
});

test.each(['show', 'cancel', 'retry'])('%s of what is no run, or where there was none', async (command) => {
  const none = await space.json<{ error: object }>(['backfill', command], 2);
  expect(none.error).toMatchObject({ code: 'no-run', suggestions: ['start one with: rekback backfill now'] });
  await run(['now', '--prefix', 'places/']);
  for (const id of ['nosuch', '../stack', '']) {
    const { error } = await space.json<{ error: object }>(['backfill', command, id], 2);
    expect(error).toMatchObject({ code: 'unknown-run' });
  }
});

describe('cancel', () => {
  test('ends an unfinished run for good: the next backfill is a new one', async () => {
    const stopped = await run(['now', '--limit', '2'], 4);
    expect(await run(['cancel'])).toMatchObject({ id: stopped.id, state: 'cancelled' });
    const next = await run(['now'], 3);
    expect(next).toMatchObject({ state: 'succeeded', labelCalls: 26, pending: 0 });
    expect(next.id).not.toBe(stopped.id);
  });

  test('leaves a run that has ended, and says so', async () => {
    const ended = await run(['now'], 3);
    expect(await run(['cancel'])).toEqual(ended);
    const { stderr } = await space.run(['backfill', 'cancel']);
    expect(stderr).toBe('It has ended already; nothing was cancelled.\n');
  });

  test('stops the run in another process after its images in flight', async () => {
    const { output, ended } = await slowBackfill();
    const cancelled = await run(['cancel']);
    expect(cancelled.state).toBe('cancelled');
    expect(cancelled.pending).toBeGreaterThan(0);
    expect(await ended).toBe(1);
    expect(JSON.parse(output.stdout).run).toMatchObject({ id: cancelled.id, state: 'cancelled' });
  });
});

describe('retry', () => {
  test('tries only what failed', async () => {
    const first = await run(['now'], 3);
    const retried = await run(['retry', first.id], 3);
    expect(retried).toMatchObject({ total: 2, indexed: 0, failed: { empty: 1, corrupt: 1 }, labelCalls: 1 });
    await writeFile(join(space.photos, 'broken/empty.jpg'), await sampleImage());
    await rm(join(space.photos, 'broken/truncated.jpg'));
    expect(await run(['retry', first.id])).toMatchObject({ total: 2, indexed: 1, skipped: { gone: 1 } });
  });

  test('says where to look when nothing failed in the run', async () => {
    await run(['now', '--prefix', 'places/']);
    const { stderr, code } = await space.run(['backfill', 'retry']);
    expect(stderr).toMatch(
      /No image failed in run \S+; all that ever failed: rekback backfill now --relabel failed\n/,
    );
    expect(code).toBe(0);
  });
});

describe('while a run is active', () => {
  test('another is refused, --wait follows it to its end, and status knows of it', async () => {
    const { output, ended } = await slowBackfill();
    const refused = await space.json<{ error: object }>(['backfill', 'now'], 1);
    expect(refused.error).toMatchObject({
      code: 'run-active',
      message: expect.stringContaining("'rekback backfill now'"),
      suggestions: [expect.stringContaining('--wait'), expect.stringContaining('cancel')],
    });
    expect(await run(['show'])).toMatchObject({ state: 'running' });
    const attached = await run(['now', '--wait'], 3);
    expect(await ended).toBe(3);
    expect(JSON.parse(output.stdout).run).toEqual(attached);
  });

  test('Ctrl-C leaves a run that is only waited for alone', async () => {
    const { ended } = await slowBackfill();
    const waiting = await space.start(['backfill', 'now', '--wait']);
    waiting.stdin.end();
    const waited = new Promise<number | null>((resolve) => waiting.on('close', resolve));
    let stderr = '';
    waiting.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    await printed(waiting.stderr, (text) => text.includes(' of 31 images'));
    waiting.kill('SIGINT');
    expect(await waited).toBe(130);
    expect(stderr).toContain('The run goes on in the process that started it.\n');
    expect(await ended).toBe(3);
    expect(await run(['show'])).toMatchObject({ state: 'succeeded', pending: 0 });
  });
});

async function sampleImage() {
  const { default: sharp } = await import('sharp');
  return sharp({ create: { width: 4, height: 4, channels: 3, background: 'blue' } })
    .jpeg()
    .toBuffer();
}
