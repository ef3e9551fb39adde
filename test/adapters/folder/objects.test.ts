import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openFolderObjects } from '../../../src/adapters/folder/objects.ts';
import { builtCli } from '../../cli.ts';
import { objectStoreContract, sharedObjectStoreContract } from '../../contracts/object-store.ts';

const folder = await mkdtemp(join(tmpdir(), 'rekback-objects-'));
afterAll(() => rm(folder, { recursive: true }));
// Other processes can run only what is compiled, which takes its time when it is not done yet.
beforeAll(() => builtCli(), 120_000);
let roots = 0;
/** Not there yet, as before a stack's first write. */
const newRoot = () => join(folder, `root-${roots++}`);

objectStoreContract('folder', async () => openFolderObjects(newRoot()));

sharedObjectStoreContract('folder', async () => {
  const root = newRoot();
  return {
    store: openFolderObjects(root),
    elsewhere: {
      module: join(await builtCli(), 'dist/adapters/folder/objects.js'),
      open: 'openFolderObjects',
      args: [root],
    },
  };
});

test('leaves nothing beside the objects, and never lists what a killed process left', async () => {
  const root = newRoot();
  const store = openFolderObjects(root);
  await store.put('a/b', Buffer.from('1'));
  await store.put('a/b', Buffer.from('2'), { ifAbsent: true });
  await store.put('a/c', Buffer.from('3'), { ifAbsent: true });
  expect(await readdir(join(root, 'a'))).toEqual(['b', 'c']);
  await writeFile(join(root, 'a/.tmp-4711'), 'half an obj');
  const keys: string[] = [];
  for await (const { key } of store.list('')) keys.push(key);
  expect(keys).toEqual(['a/b', 'a/c']);
});

test('names a file that stands where a folder should be', async () => {
  const root = newRoot();
  await writeFile(root, '');
  const put = openFolderObjects(root).put('a/b', Buffer.from('1'));
  await expect(put).rejects.toMatchObject({ code: 'home-not-a-folder', suggestions: [expect.any(String)] });
});
