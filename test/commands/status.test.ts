import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { printed, type Workspace, workspace } from './workspace.ts';

interface Status {
  resources: { type: string; state: string }[];
  index: object | null;
  live: { pid: number } | null;
  notes: string[];
}

let space: Workspace;

beforeEach(async () => {
  space = await workspace();
  await space.json(['setup', '--folder', 'photos']);
});

afterEach(() => space.remove());

const status = () => space.json<Status>(['status']);
const states = ({ resources }: Status) => resources.map(({ type, state }) => `${type} ${state}`);

test('to a person, before and after the first backfill', async () => {
  const print = async () =>
    (await space.run(['status'])).stdout
      .replaceAll(space.folder, 'FOLDER')
      .replace(/^Run \S+ succeeded in .*?:/m, 'Run ID succeeded in TIME:')
      .replace(/[\d.,]+ [KM]B$/m, 'SIZE');
  expect(await print()).toMatchInlineSnapshot(`
    "Stack photos
    images	present	FOLDER/photos
    record	present	FOLDER/home/stacks/photos/stack.json
    index	present	FOLDER/home/stacks/photos/index.db
    Index: 0 images, SIZE
    Live: nobody follows the folder
    Cost: $0.00 a month while idle, $0.00 spent on labels
    Note: nothing is labelled yet: rekback backfill now
    "
  `);
  await space.json(['backfill', 'now'], 3);
  expect(await print()).toMatchInlineSnapshot(`
    "Stack photos
    images	present	FOLDER/photos
    record	present	FOLDER/home/stacks/photos/stack.json
    index	present	FOLDER/home/stacks/photos/index.db
    Index: 27 images, 2 images that can't be labelled, SIZE
    Live: nobody follows the folder
    Cost: $0.00 a month while idle, $0.00 spent on labels
    Run ID succeeded in TIME: 31 images, 28 labeler calls
             27 indexed
              2 skipped (1 not-an-image, 1 format)
              2 failed (1 empty, 1 corrupt)
      which, and why: rekback failures list
    "
  `);
});

test('an unfinished run is to be gone on with', async () => {
  await space.json(['backfill', 'now', '--limit', '2'], 4);
  expect((await status()).notes).toEqual([
    expect.stringMatching(/^run \S+ is not finished \(stopped\); go on with it: rekback backfill now$/),
  ]);
  await space.json(['backfill', 'cancel']);
  expect((await status()).notes).toEqual([]);
});

test('a lost index, and how to make it again', async () => {
  await space.json(['backfill', 'now'], 3);
  await rm(join(space.home, 'stacks/photos/index.db'));
  const now = await status();
  expect(states(now)).toEqual(['images present', 'record present', 'index absent']);
  expect(now).toMatchObject({ index: null, notes: [expect.stringContaining('rekback index rebuild')] });
});

test('a damaged index', async () => {
  await writeFile(join(space.home, 'stacks/photos/index.db'), 'no database');
  const now = await status();
  expect(states(now)).toContain('index drifted');
  expect(now).toMatchObject({ index: null });
  expect(now.notes.join()).toContain('rekback index rebuild');
});

test('missing images', async () => {
  await rm(space.photos, { recursive: true });
  const now = await status();
  expect(states(now)).toContain('images absent');
  expect(now.notes.join()).toContain(`'${space.photos}' are missing; check that their disk is mounted`);
});

test('who follows the folder', async () => {
  expect(await status()).toMatchObject({ live: null });
  const child = await space.start(['live']);
  child.stdin.end();
  const ended = new Promise((resolve) => child.on('close', resolve));
  await printed(child.stderr, (text) => text.includes('Following'));
  expect(await status()).toMatchObject({ live: { pid: child.pid, user: expect.any(String) } });
  expect((await space.run(['status'])).stdout).toMatch(
    /^Live: followed by \S+ on \S+ since \d{4}-\d\d-\d\d \d\d:\d\d$/m,
  );
  child.kill('SIGINT');
  await ended;
  expect(await status()).toMatchObject({ live: null });
});
