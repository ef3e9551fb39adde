import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RunSummary } from '../../src/runtime/run/record.ts';
import { contents, type Workspace, workspace } from './workspace.ts';

let space: Workspace;

beforeEach(async () => {
  space = await workspace();
  await space.json(['setup', '--folder', 'photos']);
});

afterEach(() => space.remove());

const run = async (args: string[], exitCode = 0) =>
  (await space.json<{ run: RunSummary }>(['backfill', 'now', ...args], exitCode)).run;

test('lists what can be set', async () => {
  expect((await space.run(['settings'])).stdout).toMatchInlineSnapshot(`
    "min-confidence	0	least confidence of a search
    label-floor	5	labels below this confidence are not stored
    max-labels	100	most labels stored per image
    concurrency	0	images in flight at once; 0: what suits this machine
    rate	0	labeler calls per second; 0: what the labeler allows
    live-max-per-day	0	AWS: labeler calls of live changes a day; 0: no limit
    "
  `);
});

test('sets several at once and keeps the others', async () => {
  const { stdout } = await space.run(['settings', 'set', 'rate=7', 'concurrency=3']);
  expect(stdout).toBe('rate is 7\nconcurrency is 3\n');
  const { settings } = await space.json<{ settings: { name: string; value: number }[] }>(['settings']);
  expect(Object.fromEntries(settings.map(({ name, value }) => [name, value]))).toEqual({
    'min-confidence': 0,
    'label-floor': 5,
    'max-labels': 100,
    concurrency: 3,
    rate: 7,
    'live-max-per-day': 0,
  });
});

test.each([
  ['nosuch=1', 'unknown-setting', 'write NAME=VALUE with one of: min-confidence, label-floor,'],
  ['rate', 'unknown-setting', 'write NAME=VALUE'],
  ['rate=', 'setting-value', 'give a whole number from 0 to 100000'],
  ['rate=fast', 'setting-value', 'give a whole number'],
  ['rate=1.5', 'setting-value', 'give a whole number'],
  ['min-confidence=101', 'setting-value', 'give a whole number from 0 to 100'],
  ['constructor=1', 'unknown-setting', 'write NAME=VALUE'],
])('%s is refused, and nothing is set', async (assignment, code, advice) => {
  const before = await contents(space.home);
  const { error } = await space.json<{ error: object }>(['settings', 'set', 'rate=9', assignment], 2);
  expect(error).toMatchObject({ code, suggestions: [expect.stringContaining(advice)] });
  expect(await contents(space.home)).toEqual(before);
});

test('another label floor costs nothing until what is outdated is labelled again', async () => {
  await run([], 3);
  const { stderr } = await space.run(['settings', 'set', 'label-floor=50']);
  expect(stderr).toContain('label-floor applies to images labelled from now on');
  expect(stderr).toContain('rekback backfill now --relabel outdated');
  expect(await run([])).toMatchObject({ labelCalls: 0, skipped: { unchanged: 27 } });
  expect((await space.run(['search', 'puppy'])).stdout).toContain('Yellow 11');
  expect(await run(['--relabel', 'outdated'], 3)).toMatchObject({ labelCalls: 28, indexed: 27 });
  expect((await space.run(['search', 'puppy'])).stdout).toBe('animals/puppy.jpg\tPuppy 100\n');
  expect(await run(['--relabel', 'outdated'])).toMatchObject({ labelCalls: 0 });
});

test('the same value again is no news', async () => {
  const { stderr } = await space.run(['settings', 'set', 'label-floor=5']);
  expect(stderr).toBe('');
});
