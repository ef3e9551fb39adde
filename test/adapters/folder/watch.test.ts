import { mkdtemp, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FolderWatch, watchFolder } from '../../../src/adapters/folder/watch.ts';

let root: string;
let watch: FolderWatch;

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'rekback-watch-')));
});
afterEach(async () => {
  await watch.close();
  await rm(root, { recursive: true });
});

/** The keys in the order they are told, until these are among them. */
async function until(...wanted: string[]): Promise<string[]> {
  const keys: string[] = [];
  for await (const batch of watch.changes()) {
    keys.push(...batch);
    if (wanted.every((key) => keys.includes(key))) break;
  }
  return keys;
}

test('tells what is added, changed and removed, and nothing of what was there', async () => {
  await writeFile(join(root, 'before.jpg'), 'x');
  await writeFile(join(root, 'changed.jpg'), 'x');
  await writeFile(join(root, 'removed.jpg'), 'x');
  watch = await watchFolder(root, () => {});
  await writeFile(join(root, 'caf\u00e9 +.jpg'), 'x');
  await writeFile(join(root, 'changed.jpg'), 'longer');
  await rm(join(root, 'removed.jpg'));
  const keys = await until('caf\u00e9 +.jpg', 'changed.jpg', 'removed.jpg');
  expect(new Set(keys)).toEqual(new Set(['caf\u00e9 +.jpg', 'changed.jpg', 'removed.jpg']));
});

test('a renamed file is told under its new name first', async () => {
  await writeFile(join(root, 'a.jpg'), 'x');
  watch = await watchFolder(root, () => {});
  await rename(join(root, 'a.jpg'), join(root, 'z.jpg'));
  expect(await until('a.jpg', 'z.jpg')).toEqual(['z.jpg', 'a.jpg']);
});

test('ends when it is closed, also with something still to be told', async () => {
  await writeFile(join(root, 'a.jpg'), 'x');
  watch = await watchFolder(root, () => {});
  await rm(join(root, 'a.jpg'));
  const changes = watch.changes().next();
  await watch.close();
  expect(await changes).toEqual({ value: undefined, done: true });
});
