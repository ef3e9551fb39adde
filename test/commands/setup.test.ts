import { mkdir, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { RunSummary } from '../../src/runtime/run/record.ts';
import type { SetupPlan } from '../../src/stack/setup.ts';
import { contents, DOGS, SAMPLE_LEDGER, settle, type Workspace, workspace } from './workspace.ts';

interface Setup {
  stack: string;
  changes: SetupPlan['changes'];
  run?: RunSummary;
}

let space: Workspace;

beforeEach(async () => {
  space = await workspace();
});

afterEach(() => space.remove());

const setup = (...args: string[]) => space.json<Setup>(['setup', ...args]);

test('says what it makes, what the photos carry and what comes next', async () => {
  const before = await contents(space.photos);
  const { stdout, stderr, code } = await space.run(['setup', '--folder', 'photos']);
  expect(stdout.replaceAll(space.home, 'HOME')).toMatchInlineSnapshot(`
    "create record HOME/stacks/photos/stack.json
    create index  HOME/stacks/photos/index.db
    24 of 28 photos looked at carry keywords; those and colours will be found.
    "
  `);
  expect({ stderr, code }).toEqual({ stderr: 'Next: rekback backfill now --stack photos\n', code: 0 });
  expect(await contents(space.photos)).toEqual(before);
});

test('again changes nothing, without the name too, by another path to the folder too', async () => {
  await setup('--folder', 'photos', '--stack', 'holiday');
  const before = await contents(space.home);
  await symlink(space.photos, join(space.folder, 'link'));
  for (const folder of ['photos', './photos/', space.photos, 'link']) {
    expect(await setup('--folder', folder)).toMatchObject({ stack: 'holiday', changes: [] });
  }
  expect(await contents(space.home)).toEqual(before);
});

test('a dry run writes nothing', async () => {
  const { stdout } = await space.run(['setup', '--folder', 'photos', '--dry-run']);
  expect(stdout).toMatch(/^would create record .*\nwould create index .*\n/);
  expect(await contents(space.home)).toEqual({});
});

test('says that only colours will be found in photos without keywords', async () => {
  await mkdir(join(space.folder, 'plain'));
  for (const background of ['red', 'blue']) {
    const image = sharp({ create: { width: 8, height: 8, channels: 3, background } });
    await image.jpeg().toFile(join(space.folder, 'plain', `${background}.jpg`));
  }
  const { stdout } = await space.run(['setup', '--folder', 'plain']);
  expect(stdout).toContain('0 of 2 photos looked at carry keywords; only colours will be found.\n');
});

test('--backfill auto labels right away, with the exit code of the run', async () => {
  const { run } = await space.json<Setup>(['setup', '--folder', 'photos', '--backfill', 'auto'], 3);
  expect(run).toMatchObject({ state: 'succeeded', ...SAMPLE_LEDGER });
});

describe('names', () => {
  test('come from the folder, with a number where that is taken', async () => {
    for (const folder of [
      'a/Été 2024',
      'b/ete-2024',
      'c/2024',
      'd/A very long name of a folder',
      'e/A very long name of it',
    ]) {
      await mkdir(join(space.folder, folder), { recursive: true });
    }
    const names: string[] = [];
    for (const folder of [
      'a/Été 2024',
      'b/ete-2024',
      'c/2024',
      'd/A very long name of a folder',
      'e/A very long name of it',
    ]) {
      names.push((await setup('--folder', folder)).stack);
    }
    expect(names).toEqual([
      'ete-2024',
      'ete-2024-2',
      'images',
      'a-very-long-name-of',
      'a-very-long-name-o-2',
    ]);
  });

  test('of another folder are refused', async () => {
    await setup('--folder', 'photos/animals', '--stack', 'mine');
    const refused = await space.run(['setup', '--folder', 'photos/places', '--stack', 'mine']);
    expect(refused).toMatchObject({ stdout: '', code: 2 });
    expect(refused.stderr).toContain(`Error: stack 'mine' is about '${join(space.photos, 'animals')}'\n`);
    expect(refused.stderr).toContain('choose another name with --stack NAME');
  });

  test.each(['Mine', '1st', 'with space', '../x', 'a'.repeat(21), ''])('%j is no name', async (name) => {
    const refused = await space.run(['setup', '--folder', 'photos', '--stack', name]);
    expect(refused).toMatchObject({ stdout: '', code: 2 });
    expect(refused.stderr).toContain(`Error: '${name}' can't be a stack's name\n`);
    expect(await contents(space.home)).toEqual({});
  });

  test('of an index kept for another folder are not given away', async () => {
    await setup('--folder', 'photos/animals', '--stack', 'places');
    await space.json(['teardown', '--yes', '--keep-index']);
    expect(await setup('--folder', 'photos/places')).toMatchObject({ stack: 'places-2' });
    const refused = await space.run(['setup', '--folder', 'photos/things', '--stack', 'places']);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('/photos/animals, not') });
  });
});

test('--prefix limits the stack, can be changed, and stays where it is not named', async () => {
  await setup('--folder', 'photos', '--prefix', 'animals/');
  const first = await space.json<{ run: RunSummary }>(['backfill', 'now']);
  expect(first.run).toMatchObject({ total: 10, indexed: 10 });
  expect((await setup('--folder', 'photos')).changes).toEqual([]);
  expect((await setup('--folder', 'photos', '--prefix', 'places/')).changes).toMatchObject([
    { action: 'update', type: 'record' },
  ]);
  const second = await space.json<{ run: RunSummary }>(['backfill', 'now']);
  expect(second.run.total).toBeGreaterThan(0);
  expect(second.run.skipped).toEqual({});
  const outside = await space.run(['backfill', 'now', '--prefix', 'animals/']);
  expect(outside).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("outside of this stack's prefix 'places/'"),
  });
});

test.each([
  ['the folder itself', 'photos'],
  ['a folder in it', 'photos/deep/home'],
  ['a link into it', 'link/home'],
])('a home in %s is refused: images are never touched', async (_, home) => {
  const before = await contents(space.photos);
  await symlink(space.photos, join(space.folder, 'link'));
  const env = { REKBACK_HOME: join(space.folder, home) };
  const { stderr, code } = await space.run(['setup', '--folder', 'photos'], { env });
  expect({ stderr, code }).toMatchObject({
    stderr: expect.stringContaining("inside the images' folder"),
    code: 2,
  });
  expect(await contents(space.photos)).toEqual(before);
});

test.each([
  ['nosuch', 'folder-missing'],
  ['photos/animals/puppy.jpg', 'not-a-folder'],
])('%s is refused as %s', async (folder, code) => {
  const { error } = await space.json<{ error: object }>(['setup', '--folder', folder], 2);
  expect(error).toMatchObject({ code, suggestions: [expect.any(String)] });
});

test('an index that got lost is made again from the archived labels', async () => {
  await space.json(['try', 'photos'], 3);
  for (const suffix of ['', '-wal', '-shm']) {
    await rm(join(space.home, `stacks/photos/index.db${suffix}`), { force: true });
  }
  expect(await setup('--folder', 'photos')).toMatchObject({ changes: [{ action: 'create', type: 'index' }] });
  const { images } = await space.json<{ images: { key: string }[] }>(['search', 'dog']);
  expect(images.map(({ key }) => key)).toEqual(DOGS);
});

test('images that come later are not missed because setup had seen the folder', async () => {
  await setup('--folder', 'photos/animals');
  await rename(join(space.photos, 'things/fruit.jpg'), join(space.photos, 'animals/fruit.jpg'));
  await settle(space.photos);
  const { run } = await space.json<{ run: RunSummary }>(['backfill', 'now']);
  expect(run).toMatchObject({ total: 11, indexed: 11 });
});
