import { chmod, chown, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Removed } from '../../src/stack/teardown.ts';
import { withoutPrivileges } from '../nobody.ts';
import { contents, DOGS, printed, type Workspace, workspace } from './workspace.ts';

let space: Workspace;
let stack: string;

beforeEach(async () => {
  space = await workspace();
  stack = join(space.home, 'stacks/photos');
  await space.json(['setup', '--folder', 'photos', '--backfill', 'auto'], 3);
});

afterEach(() => space.remove());

const teardown = (...args: string[]) => space.json<Removed>(['teardown', '--yes', ...args]);

test('says what will be lost and asks; without an answer nothing changes', async () => {
  const before = await contents(space.home);
  const { stdout, stderr, code } = await space.run(['teardown'], { input: 'y\n' });
  expect({ stdout, code }).toEqual({ stdout: '', code: 2 });
  expect(stderr.replaceAll(space.folder, 'FOLDER')).toMatchInlineSnapshot(`
    "Everything in FOLDER/home/stacks/photos will be deleted; the images in FOLDER/photos stay.
    The labels of 27 images are lost; to make them again costs time but no money.
    Error: this needs an answer and there is no terminal to ask on

    What to do:
      Add --yes to go ahead without a question. Nothing changed.
    "
  `);
  const { error } = await space.json<{ error: object }>(['teardown'], 2);
  expect(error).toMatchObject({
    code: 'confirmation-needed',
    suggestions: [expect.stringContaining('--yes')],
  });
  expect(await contents(space.home)).toEqual(before);
});

test('removes everything that was made, and no image', async () => {
  const images = await contents(space.photos);
  const { stdout, code } = await space.run(['teardown', '--yes']);
  expect(stdout).toMatch(/^(removed \w+ +\/.*\n)+Nothing is left\.\n$/);
  expect(code).toBe(0);
  expect(await readdir(space.home)).toEqual([]);
  expect(await contents(space.photos)).toEqual(images);
  const { error } = await space.json<{ error: object }>(['teardown', '--yes'], 2);
  expect(error).toMatchObject({ code: 'no-stack' });
});

test('--keep-labels writes every answer to a new file first', async () => {
  const file = join(space.folder, 'labels.ndjson.gz');
  await writeFile(file, 'mine');
  const { error } = await space.json<{ error: object }>(['teardown', '--yes', '--keep-labels', file], 1);
  expect(error).toMatchObject({
    code: 'keep-labels-failed',
    suggestions: [expect.stringContaining('nothing was removed')],
  });
  expect(await readFile(file, 'utf8')).toBe('mine');
  expect(await space.json(['search', 'dog'])).toMatchObject({ total: 4 });
  await rm(file);
  expect((await teardown('--keep-labels', file)).kept).toEqual([{ type: 'labels', name: file }]);
  const kept = gunzipSync(await readFile(file)).toString();
  for (const key of DOGS) expect(kept).toContain(JSON.stringify(key));
});

test('--keep-index keeps it for the next setup of the folder, which labels nothing again', async () => {
  const { kept, left } = await teardown('--keep-index');
  expect(kept).toContainEqual({ type: 'index', name: join(stack, 'index.db') });
  expect(left).toEqual([]);
  expect(await space.json(['setup', '--folder', 'photos'])).toMatchObject({
    stack: 'photos',
    changes: [{ action: 'create', type: 'record' }],
  });
  expect(await space.json(['search', 'dog'])).toMatchObject({ total: 4 });
  expect(await space.json(['backfill', 'now'])).toMatchObject({ run: { labelCalls: 0 } });
});

test('ends an active run first', async () => {
  const child = await space.start([
    'backfill',
    'now',
    '--relabel',
    'all',
    '--rate',
    '5',
    '--progress',
    'json',
    '--json',
  ]);
  const ended = new Promise((resolve) => child.on('close', resolve));
  await printed(child.stderr, (text) => /"indexed":[1-9]/.test(text));
  expect((await space.run(['teardown'])).stderr).toContain(
    "A run is active and will be ended: 'rekback backfill now' by",
  );
  expect(await teardown()).toMatchObject({ left: [] });
  expect(await ended).toBe(1);
  expect(await contents(space.home)).toEqual({});
});

test('a stack that is followed is left alone', async () => {
  const child = await space.start(['live']);
  const ended = new Promise((resolve) => child.on('close', resolve));
  await printed(child.stderr, (text) => text.includes('Following'));
  const { error } = await space.json<{ error: object }>(['teardown', '--yes'], 1);
  expect(error).toMatchObject({ code: 'live-active' });
  child.kill('SIGINT');
  await ended;
  expect(await teardown()).toMatchObject({ left: [] });
});

describe('what can not be removed', () => {
  test('is named as left, with 1; running it again finishes', async () => {
    const locked = join(stack, 'labels/locked');
    await mkdir(locked, { recursive: true });
    await writeFile(join(locked, 'file'), '');
    await chmod(locked, 0o555);
    await giveAway(space.home);
    await chmod(space.folder, 0o755);
    const args = ['teardown', '--yes', '--json'];
    const { stdout, code } = await withoutPrivileges(() => space.run(args, { cwd: '/' }));
    expect(JSON.parse(stdout).left).toEqual([
      { type: 'archive', name: join(stack, 'labels'), reason: expect.stringContaining('EACCES') },
      { type: 'record', name: join(stack, 'stack.json'), reason: expect.stringContaining('run again') },
    ]);
    expect(code).toBe(1);
    await chmod(locked, 0o755);
    const again = await withoutPrivileges(() =>
      space.run(['teardown', '--stack', 'photos', '--yes'], { cwd: '/' }),
    );
    expect(again).toMatchObject({ stdout: expect.stringContaining('Nothing is left.\n'), code: 0 });
    expect(await contents(space.home)).toEqual({});
  });
});

test.each(['index.db', 'labels', 'runs', 'leases', 'run-data'])(
  'stopped after removing %s, it is finished by running it again',
  async (removed) => {
    await rm(join(stack, removed), { recursive: true });
    expect(await space.json(['status'])).toMatchObject({ stack: 'photos' });
    expect(await teardown()).toMatchObject({ left: [] });
    expect(await contents(space.home)).toEqual({});
  },
);

test('a damaged index does not keep anyone from removing it', async () => {
  await writeFile(join(stack, 'index.db'), 'no database');
  expect(await teardown()).toMatchObject({ left: [] });
});

/** To whom `withoutPrivileges` becomes; nothing where the tests run as an ordinary user. */
async function giveAway(folder: string): Promise<void> {
  if (process.geteuid?.() !== 0) return;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    await chown(join(entry.parentPath, entry.name), 65_534, 65_534);
  }
  await chown(folder, 65_534, 65_534);
}
