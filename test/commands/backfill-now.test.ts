import { rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RunSummary } from '../../src/runtime/run/record.ts';
import type { DryRun } from '../../src/stack/dry-run.ts';
import { contents, SAMPLE_LEDGER, settle, type Workspace, workspace } from './workspace.ts';

let space: Workspace;

beforeEach(async () => {
  space = await workspace();
  await space.json(['setup', '--folder', 'photos']);
});

afterEach(() => space.remove());

const now = async (args: string[] = [], exitCode = 0) =>
  (await space.json<{ run: RunSummary }>(['backfill', 'now', ...args], exitCode)).run;
const dryRun = async (...args: string[]) =>
  (await space.json<{ dryRun: DryRun }>(['backfill', 'now', '--dry-run', ...args])).dryRun;

test('accounts for every image, to a person and to a script', async () => {
  const before = await contents(space.photos);
  const { stdout, code } = await space.run(['backfill', 'now']);
  expect(stdout.replace(/^Run \S+ succeeded in .*?:/, 'Run ID succeeded in TIME:')).toMatchInlineSnapshot(`
    "Run ID succeeded in TIME: 31 images, 28 labeler calls
             27 indexed
              2 skipped (1 not-an-image, 1 format)
              2 failed (1 empty, 1 corrupt)
      which, and why: rekback failures list
    "
  `);
  expect(code).toBe(3);
  const { run } = await space.json<{ run: RunSummary }>(['backfill', 'show']);
  expect(run).toMatchObject({ state: 'succeeded', ...SAMPLE_LEDGER });
  expect(await contents(space.photos)).toEqual(before);
});

test('again costs nothing: what is renamed, copied or touched keeps its labels, only a new image is labelled', async () => {
  await now([], 3);
  const image = (name: string) => join(space.photos, 'animals', name);
  await rename(image('horse.jpg'), image('pony.jpg'));
  await utimes(image('puppy.jpg'), 1_600_000_000, 1_600_000_000);
  await sharp({ create: { width: 4, height: 4, channels: 3, background: 'red' } }).toFile(image('red.png'));
  await settle(space.photos);
  expect(await now()).toMatchObject({
    total: 32,
    indexed: 2,
    skipped: { unchanged: 26, 'failed-before': 2, 'not-an-image': 1, format: 1 },
    failed: {},
    labelCalls: 1,
  });
});

describe('a dry run', () => {
  test('counts what then happens, and writes nothing', async () => {
    const before = await contents(space.home);
    const first = await dryRun();
    expect(await contents(space.home)).toEqual(before);
    expect(first).toEqual({
      run: null,
      total: 31,
      skipped: SAMPLE_LEDGER.skipped,
      failed: { empty: 1 },
      toLabel: 28,
      cost: 0,
    });
    expect(await now([], 3)).toMatchObject({ ...SAMPLE_LEDGER, labelCalls: first.toLabel });

    await rm(join(space.photos, 'animals/horse.jpg'));
    await writeFile(join(space.photos, 'animals/puppy.jpg'), 'changed, and no image');
    await writeFile(join(space.photos, 'animals/new.jpg'), 'no image either');
    await settle(space.photos);
    const second = await dryRun();
    const run = await now([], 3);
    expect(second.total).toBe(run.total);
    expect(second.toLabel).toBe(run.labelCalls);
    expect(second.skipped).toEqual(run.skipped);
  });

  test('of a key list knows which images are gone', async () => {
    await writeFile(join(space.folder, 'keys.txt'), 'animals/puppy.jpg\nnosuch.jpg\nanimals/puppy.jpg\n');
    const foreseen = await dryRun('--from', 'keys.txt');
    const run = await now(['--from', 'keys.txt']);
    expect(foreseen).toMatchObject({ total: 3, toLabel: 1, skipped: { gone: 1, duplicate: 1 } });
    expect(run).toMatchObject({ total: 3, labelCalls: 1, skipped: foreseen.skipped });
  });

  test('of a run to go on with counts what is left of it', async () => {
    const stopped = await now(['--prefix', 'animals/', '--limit', '3'], 4);
    expect(await dryRun()).toMatchObject({
      run: stopped.id,
      total: 10,
      toLabel: 7,
      skipped: { unchanged: 3 },
    });
    expect(await now()).toMatchObject({ id: stopped.id, total: 10, indexed: 10, labelCalls: 10 });
  });
});

describe('what is selected', () => {
  test('--prefix', async () => {
    expect(await now(['--prefix', 'animals/'])).toMatchObject({ total: 10, indexed: 10, labelCalls: 10 });
    const { stderr } = await space.run(['backfill', 'now', '--prefix', 'nosuch/']);
    expect(stderr).toContain('There was no image to look at; check --prefix');
  });

  test('--sample', async () => {
    const run = await now(['--prefix', 'animals/', '--sample', '4']);
    expect(run).toMatchObject({ total: 4, indexed: 4, skipped: {}, labelCalls: 4 });
  });

  test.each([
    ['all', { labelCalls: 28, indexed: 27 }],
    ['failed', { labelCalls: 1, indexed: 0, skipped: { unchanged: 27 } }],
    ['outdated', { labelCalls: 0, indexed: 0, skipped: { unchanged: 27 } }],
  ])('--relabel %s', async (relabel, wanted) => {
    await now([], 3);
    const { stdout } = await space.run(['backfill', 'now', '--relabel', relabel, '--json', '--quiet']);
    expect(JSON.parse(stdout).run).toMatchObject(wanted);
  });
});

describe('limits', () => {
  test('--limit is hard, ends with 4, and the same command goes on', async () => {
    const calls: number[] = [];
    let run = await now(['--limit', '11'], 4);
    expect(run).toMatchObject({ state: 'stopped', labelCalls: 11, cause: { code: 'limit-reached' } });
    const { id } = run;
    while (run.state === 'stopped') {
      calls.push(run.labelCalls);
      const { stdout } = await space.run(['backfill', 'now', '--limit', '11', '--json', '--quiet']);
      run = JSON.parse(stdout).run;
    }
    expect(calls).toEqual([11, 22]);
    expect(run).toMatchObject({ id, state: 'succeeded', ...SAMPLE_LEDGER });
  });

  test('a person is told how to go on', async () => {
    const { stdout, code } = await space.run(['backfill', 'now', '--limit', '2']);
    expect(stdout).toMatch(
      /\d+ pending\n {2}the limit of 2 labeler calls was reached\n {2}go on with it: rekback backfill now\n/,
    );
    expect(code).toBe(4);
  });

  test('--max-cost does not bind where calls are free, and takes amounts only', async () => {
    expect(await now(['--max-cost', '0.01'], 3)).toMatchObject(SAMPLE_LEDGER);
    const wrong = await space.run(['backfill', 'now', '--max-cost', '1 dollar']);
    expect(wrong).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("'1 dollar' is no amount of dollars"),
    });
  });

  test.each(['--limit', '--sample', '--rate'])('%s takes whole numbers from 1', async (flag) => {
    for (const value of ['0', '-1', '1.5', 'x']) {
      expect(await space.run(['backfill', 'now', flag, value])).toMatchObject({ stdout: '', code: 2 });
    }
  });
});

test('an unfinished run with another selection is in the way', async () => {
  const { id } = await now(['--limit', '2'], 4);
  const { error } = await space.json<{ error: object }>(['backfill', 'now', '--sample', '3'], 1);
  expect(error).toMatchObject({
    code: 'run-unfinished',
    suggestions: ['go on with it: rekback backfill now', `or end it: rekback backfill cancel ${id}`],
  });
});

test('an index that got lost is not replaced by an empty one', async () => {
  await now([], 3);
  await rm(join(space.home, 'stacks/photos/index.db'));
  const { error } = await space.json<{ error: object }>(['backfill', 'now'], 1);
  expect(error).toMatchObject({
    code: 'index-missing',
    suggestions: [expect.stringContaining('rekback index rebuild')],
  });
});
