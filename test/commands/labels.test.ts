import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Workspace, workspace } from './workspace.ts';

let space: Workspace;

beforeAll(async () => {
  space = await workspace();
  await space.json(['try', 'photos'], 3);
});

afterAll(() => space.remove());

const labels = async (...args: string[]) => {
  const { stdout, stderr } = await space.run(['labels', ...args]);
  return stdout + stderr;
};

test('the most frequent first, ties by name, one spelling each', async () => {
  const { labels } = await space.json<{ labels: { name: string; images: number }[] }>(['labels']);
  const counts = labels.map(({ images }) => images);
  expect(counts).toEqual([...counts].sort((a, b) => b - a));
  const folded = labels.map(({ name }) => name.toLowerCase());
  expect(new Set(folded).size).toBe(folded.length);
  expect(labels).toContainEqual({ name: 'Dog', images: 4 });
});

test('a pattern in any case', async () => {
  expect(await labels('DO*')).toBe('Dog\t4\n');
  expect(await labels('*og')).toBe('Dog\t4\n');
  expect(await labels('dog')).toBe('Dog\t4\n');
  expect(await labels('nosuch*')).toBe('No label found.\n');
});

test('a pattern without its * finds what a search would', async () => {
  for (const [, name = '', count = ''] of (await labels('b*')).matchAll(/^(.*)\t(\d+)$/gm)) {
    const { stdout } = await space.run(['search', `"${name}"`, '--count']);
    expect(stdout).toBe(`${count}\n`);
  }
});
