import { afterEach, beforeEach, expect, test } from 'vitest';
import { SAMPLE_LEDGER, type Workspace, workspace } from './workspace.ts';

let space: Workspace;

beforeEach(async () => {
  space = await workspace();
  await space.json(['setup', '--folder', 'photos']);
});

afterEach(() => space.remove());

const backfill = (...args: string[]) => space.run(['backfill', 'now', ...args]);

test('without a terminal: a plain line at each phase, failures by name, and the last count', async () => {
  const { stderr } = await backfill();
  const plain = stderr
    .replaceAll(/\d{8}-\d{6}-\w+/g, 'ID')
    .replaceAll(/[\d.,]+\/s/g, 'RATE')
    .split('\n');
  expect(plain.slice(0, 2)).toEqual(['Starting run ID', 'Reading the images: 31']);
  expect(plain).toContain('Failed (empty): broken/empty.jpg: the file has 0 bytes');
  expect(plain.slice(-3)).toEqual(['31 of 31 images · RATE · 2 skipped · 2 failed', 'Run ID succeeded', '']);
  expect(plain.length).toBeLessThan(12);
});

test('--progress json: one event per line, the account always exact, stdout untouched', async () => {
  const { stdout, stderr } = await backfill('--progress', 'json');
  const events = stderr
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events[0]).toEqual({ event: 'run-started', run: expect.any(String), resumed: false });
  expect(events.at(-1)).toMatchObject({ event: 'run-ended', state: 'succeeded' });
  const progress = events.filter(({ event }) => event === 'progress');
  for (const { total, indexed, skipped, failed, pending } of progress) {
    const parts = [indexed, pending, ...Object.values<number>(skipped), ...Object.values<number>(failed)];
    expect(parts.reduce((sum, part) => sum + part, 0)).toBe(total);
  }
  expect(progress.at(-1)).toMatchObject(SAMPLE_LEDGER);
  expect(events.filter(({ event }) => event === 'image-failed').map(({ key }) => key)).toEqual([
    'broken/empty.jpg',
    'broken/truncated.jpg',
  ]);
  expect(stdout).toMatch(/^Run /);
});

test('a run that goes on says so', async () => {
  await backfill('--limit', '2', '--quiet');
  const { stderr } = await backfill('--progress', 'json');
  expect(JSON.parse(stderr.split('\n')[0] ?? '')).toMatchObject({ event: 'run-started', resumed: true });
});

test.each([[['--quiet']], [['--progress', 'none']]])('%j prints nothing but the result', async (flags) => {
  const { stdout, stderr } = await backfill(...flags);
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^Run \S+ succeeded/);
});

test('--json and --progress json go together', async () => {
  const { stdout, stderr } = await backfill('--json', '--progress', 'json');
  expect(JSON.parse(stdout)).toMatchObject({ run: SAMPLE_LEDGER });
  for (const line of stderr.trimEnd().split('\n')) expect(JSON.parse(line)).toHaveProperty('event');
});
