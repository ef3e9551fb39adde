import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Workspace, workspace } from './workspace.ts';

let space: Workspace;

beforeEach(async () => {
  space = await workspace();
  await space.json(['setup', '--folder', 'photos', '--backfill', 'auto'], 3);
});

afterEach(() => space.remove());

/** Everything that a script can ask of an index. */
const everything = async () => [
  await space.json(['search', 'dog OR NOT dog', '--limit', '1000']),
  await space.json(['labels']),
  await space.json(['failures', 'list']),
  await space.json(['images', 'list', '--state', 'indexed']),
  await space.json(['show', 'animals/puppy.jpg']),
];

const index = () => join(space.home, 'stacks/photos/index.db');

test.each([
  ['present', async () => {}],
  ['lost', () => rm(index())],
  ['damaged', () => writeFile(index(), 'no database')],
])('an index that is %s is made again, equal, without a call', async (_, harm) => {
  await rm(join(space.photos, 'places/forest.jpg'));
  await space.json(['live', '--once']);
  const before = await everything();
  await harm();
  const { stdout, code } = await space.run(['index', 'rebuild']);
  expect({ stdout, code }).toMatchInlineSnapshot(`
    {
      "code": 0,
      "stdout": "The index was made again from the archived labels: 29 images, 0 labeler calls.
    ",
    }
  `);
  expect(await everything()).toEqual(before);
  expect(await space.json(['backfill', 'now'])).toMatchObject({ run: { labelCalls: 0, indexed: 0 } });
});

test('waits for nobody: with a run active it says how to go on', async () => {
  await space.json(['backfill', 'now', '--prefix', 'places/']);
  const child = await space.start([
    'backfill',
    'now',
    '--relabel',
    'all',
    '--rate',
    '5',
    '--progress',
    'json',
  ]);
  const ended = new Promise((resolve) => child.on('close', resolve));
  await new Promise((resolve) => child.stderr.once('data', resolve));
  const { error } = await space.json<{ error: object }>(['index', 'rebuild'], 1);
  expect(error).toMatchObject({ code: 'run-active' });
  child.kill('SIGTERM');
  expect(await ended).toBe(143);
});
