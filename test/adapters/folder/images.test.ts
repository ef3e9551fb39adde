import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, realpath, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { openFolderImages, resolveFolder } from '../../../src/adapters/folder/images.ts';
import { SystemicError, UnreadableError } from '../../../src/runtime/errors.ts';
import { imageStoreContract, listAll } from '../../contracts/image-store.ts';
import { withoutPrivileges } from '../../nobody.ts';

const folder = await realpath(await mkdtemp(join(tmpdir(), 'rekback-images-')));
await chmod(folder, 0o755);
afterAll(() => rm(folder, { recursive: true }));
let roots = 0;

/** A folder with these files: their content by name. */
async function makeRoot(files: Readonly<Record<string, string>> = {}): Promise<string> {
  const root = join(folder, `root-${roots++}`);
  await mkdir(root);
  for (const [name, content] of Object.entries(files)) await put(root, name, content);
  return root;
}

async function put(root: string, name: string, content: string): Promise<void> {
  await mkdir(dirname(join(root, name)), { recursive: true });
  await writeFile(join(root, name), content);
}

/** What a listing says: keys, with the reason behind those that are skipped. */
const list = async (root: string, prefix?: string) =>
  (await listAll(openFolderImages(root), prefix)).map(({ key, skip }) =>
    skip === undefined ? key : `${key} ${skip}`,
  );

imageStoreContract('folder', async () => {
  const root = await makeRoot();
  return {
    store: openFolderImages(root),
    put: (key, content) => put(root, key, content),
    remove: (key) => rm(join(root, key)),
  };
});

describe('names', () => {
  test('that are not UTF-8 are skipped one by one, folders too', async () => {
    const root = await makeRoot({ 'a.jpg': '', 'b.jpg': '' });
    const bad = (name: string) => Buffer.concat([Buffer.from(`${root}/`), Buffer.from(name, 'latin1')]);
    await writeFile(bad('a\xe9.jpg'), '');
    await writeFile(bad('\xff.jpg'), '');
    await mkdir(bad('a\xe9'));
    await writeFile(bad('a\xe9/inside.jpg'), '');
    await writeFile(bad('a\xe9!.jpg'), '');
    expect(await list(root)).toEqual([
      'a.jpg',
      'a\ufffd name-not-utf8',
      'a\ufffd!.jpg name-not-utf8',
      'a\ufffd.jpg name-not-utf8',
      'b.jpg',
      '\ufffd.jpg name-not-utf8',
    ]);
    expect(await list(root, 'b')).toEqual(['b.jpg']);
    // The replacement character is no name of a file that has another.
    expect(await openFolderImages(root).head('a\ufffd.jpg')).toBeUndefined();
  });

  test('that a form or a quoting would change are kept as they are', async () => {
    const names = [
      'caf\u00e9.jpg',
      'cafe\u0301.jpg',
      '%C3%A9.jpg',
      'a+b c.jpg',
      '-rf',
      '\u001b[31m.jpg',
      'a\\b.jpg',
    ];
    const root = await makeRoot(Object.fromEntries(names.map((name) => [name, name])));
    const images = openFolderImages(root);
    for (const name of names) expect((await images.read(name)).toString()).toBe(name);
    expect(images.link('a b?#%.jpg', 'path')).toBe(join(root, 'a b?#%.jpg'));
    expect(images.link('a b?#%.jpg', 'uri')).toBe(`file://${root}/a%20b%3F%23%25.jpg`);
  });

  test('as long as the system allows are reached', async () => {
    const key = `${Array.from({ length: 4 }, (_, at) => String(at).repeat(250)).join('/')}/${'x'.repeat(16)}.jpg`;
    expect(Buffer.byteLength(key)).toBe(1_024);
    const root = await makeRoot({ [key]: 'deep' });
    expect(await list(root)).toEqual([key]);
    expect((await openFolderImages(root).read(key)).toString()).toBe('deep');
  });
});

describe('symbolic links', () => {
  test('are followed inside the folder, and only there', async () => {
    const root = await makeRoot({ 'real/a.jpg': 'a', 'real/deep/b.jpg': 'b' });
    const outside = await makeRoot({ 'secret.jpg': 's' });
    await symlink('real', join(root, 'to-folder'));
    await symlink('../real/a.jpg', join(root, 'real/to-file.jpg'));
    await symlink(outside, join(root, 'out'));
    await symlink(join(outside, 'secret.jpg'), join(root, 'out.jpg'));
    await symlink('../../..', join(root, 'real/up'));
    await symlink('nowhere.jpg', join(root, 'dangling.jpg'));
    expect(await list(root)).toEqual([
      'dangling.jpg symlink',
      'out symlink',
      'out.jpg symlink',
      'real/a.jpg',
      'real/deep/b.jpg',
      'real/to-file.jpg',
      'real/up symlink',
      'to-folder/a.jpg',
      'to-folder/deep/b.jpg',
      'to-folder/to-file.jpg',
      'to-folder/up symlink',
    ]);
    const images = openFolderImages(root);
    expect((await images.read('to-folder/deep/b.jpg')).toString()).toBe('b');
    for (const key of ['out.jpg', 'out/secret.jpg', 'dangling.jpg', 'real/up/secret.jpg'])
      expect(await images.head(key), key).toBeUndefined();
  });

  test('that lead back are not followed round and round', async () => {
    const root = await makeRoot({ 'a/x.jpg': 'x', 'b/y.jpg': 'y' });
    await symlink('.', join(root, 'a/self'));
    await symlink('..', join(root, 'a/top'));
    await symlink('../b', join(root, 'a/to-b'));
    await symlink('../a', join(root, 'b/to-a'));
    await symlink('loop', join(root, 'loop'));
    // Sorted as what it is: a skipped name, not a folder.
    await put(root, 'a/self!', '');
    expect(await list(root)).toEqual([
      'a/self symlink',
      'a/self!',
      'a/to-b/to-a symlink',
      'a/to-b/y.jpg',
      'a/top symlink',
      'a/x.jpg',
      'b/to-a/self symlink',
      'b/to-a/self!',
      'b/to-a/to-b symlink',
      'b/to-a/top symlink',
      'b/to-a/x.jpg',
      'b/y.jpg',
      'loop symlink',
    ]);
  });

  test('of the folder itself are resolved before it becomes a bucket', async () => {
    const root = await makeRoot({ 'a.jpg': '' });
    await symlink(root, join(folder, 'alias'));
    expect(resolveFolder(join(folder, 'alias'))).toBe(root);
  });
});

test('what is neither file nor folder is no image, and nobody waits for it', async () => {
  const root = await makeRoot({ 'a.jpg': '' });
  execFileSync('mkfifo', [join(root, 'fifo.jpg')]);
  const server = createServer().listen(join(root, 'socket.jpg'));
  await once(server, 'listening');
  try {
    const images = openFolderImages(root);
    expect(await list(root)).toEqual(['a.jpg']);
    for (const key of ['fifo.jpg', 'socket.jpg']) {
      expect(await images.head(key)).toBeUndefined();
      await expect(images.read(key)).rejects.toThrow(UnreadableError);
    }
  } finally {
    server.close();
  }
});

describe('what may not be read', () => {
  test('is told one by one: a file on reading, a folder on listing', async () => {
    const root = await makeRoot({
      'a/in.jpg': '',
      'b.jpg': 'b',
      'c/in.jpg': '',
      'c/sub/in.jpg': '',
      'd.jpg': '',
    });
    await chmod(join(root, 'a'), 0o000);
    await chmod(join(root, 'b.jpg'), 0o000);
    // Its names can be read, and nothing else.
    await chmod(join(root, 'c'), 0o444);
    await withoutPrivileges(async () => {
      const images = openFolderImages(root);
      expect(await list(root)).toEqual([
        'a/ unreadable-folder',
        'b.jpg',
        'c/in.jpg unreadable-folder',
        'c/sub/ unreadable-folder',
        'd.jpg',
      ]);
      for (const key of ['a/in.jpg', 'b.jpg', 'c/in.jpg']) {
        await expect(images.head(key), key).rejects.toThrow(UnreadableError);
        await expect(images.read(key), key).rejects.toThrow(/EACCES/);
      }
      expect(await images.head('d.jpg')).toMatchObject({ size: 0 });
      // A prefix below it must not look as if it were empty.
      expect(await list(root, 'a/in')).toEqual(['a/in unreadable-folder']);
      expect(await list(root, 'd')).toEqual(['d.jpg']);
    });
    for (const name of ['a', 'c']) await chmod(join(root, name), 0o755);
  });

  test('ends everything when it is the folder itself', async () => {
    const root = await makeRoot({ 'a.jpg': '' });
    await chmod(root, 0o000);
    await withoutPrivileges(() =>
      expect(list(root)).rejects.toMatchObject({ code: 'folder-unreadable', name: 'SystemicError' }),
    );
    await chmod(root, 0o755);
  });
});

describe('a folder that disappears', () => {
  test('is never taken for deleted images', async () => {
    const root = await makeRoot({ 'a.jpg': 'a' });
    const images = openFolderImages(root);
    await rename(root, `${root}-away`);
    await expect(images.head('a.jpg')).rejects.toMatchObject({ code: 'folder-missing' });
    await expect(listAll(images)).rejects.toThrow(SystemicError);
    // As an unmounted disk leaves it: the folder that it was mounted on.
    await mkdir(root);
    await expect(images.head('a.jpg')).rejects.toMatchObject({ code: 'folder-missing' });
    await rm(root, { recursive: true });
    await writeFile(root, 'a file in its place');
    await expect(images.head('a.jpg')).rejects.toMatchObject({ code: 'folder-missing' });
    await rm(root);
    await rename(`${root}-away`, root);
    expect((await images.read('a.jpg')).toString()).toBe('a');
    expect(await images.head('b.jpg')).toBeUndefined();
  });

  test.each([
    ['none', 'folder-missing'],
    ['a.jpg', 'not-a-folder'],
  ])('%s can not be set up: %s', async (name, code) => {
    const root = await makeRoot({ 'a.jpg': '' });
    expect(() => resolveFolder(join(root, name))).toThrow(expect.objectContaining({ code, exitCode: 2 }));
  });
});

describe('etags', () => {
  test('are of the content: a touch, a rename and another mode keep them', async () => {
    const root = await makeRoot({ 'a.jpg': 'content' });
    const images = openFolderImages(root);
    const before = await images.head('a.jpg');
    await utimes(join(root, 'a.jpg'), 1_000, 2_000);
    expect(await images.head('a.jpg')).toEqual({ ...before, lastModified: 2_000_000 });
    await chmod(join(root, 'a.jpg'), 0o600);
    await rename(join(root, 'a.jpg'), join(root, 'b.jpg'));
    expect((await images.head('b.jpg'))?.etag).toBe(before?.etag);
  });

  test('come with the bytes they are of', async () => {
    const root = await makeRoot({ 'a.jpg': 'content' });
    const head = await openFolderImages(root).head('a.jpg');
    expect(head?.bytes?.toString()).toBe('content');
  });
});

describe('a file that is written while it is read', () => {
  const LARGE = 'x'.repeat(8 << 20);

  test('is read again until it rests', async () => {
    const root = await makeRoot({ 'a.jpg': LARGE, 'b.jpg': `${LARGE}y` });
    const images = openFolderImages(root);
    const reading = images.head('a.jpg');
    await setImmediate();
    appendFileSync(join(root, 'a.jpg'), 'y');
    const head = await reading;
    expect(head?.size).toBe(head?.bytes?.length);
    expect((await images.head('a.jpg'))?.etag).toBe((await images.head('b.jpg'))?.etag);
    expect([LARGE.length, LARGE.length + 1]).toContain(head?.size);
    if (head?.size === LARGE.length + 1) expect(head.etag).toBe((await images.head('b.jpg'))?.etag);
  });

  test('is unreadable while it never rests', async () => {
    const root = await makeRoot({ 'a.jpg': LARGE });
    let reading = true;
    const head = openFolderImages(root)
      .head('a.jpg')
      .finally(() => {
        reading = false;
      });
    const settled = expect(head).rejects.toThrow(/'a.jpg' is being written/);
    while (reading) {
      appendFileSync(join(root, 'a.jpg'), 'y');
      await setImmediate();
    }
    await settled;
  });
});
