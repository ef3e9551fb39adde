import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Workspace, workspace } from './workspace.ts';

let space: Workspace;

beforeEach(async () => {
  space = await workspace();
  await space.json(['setup', '--folder', 'photos', '--prefix', '']);
});

afterEach(() => space.remove());

const show = async (key: string) => (await space.run(['show', key])).stdout;

test('each state, why, and what to do', async () => {
  expect(await show('animals/puppy.jpg')).toMatchInlineSnapshot(`
    "animals/puppy.jpg
      unseen (no backfill has come by yet)
      What to do: rekback backfill now
    "
  `);
  await space.json(['backfill', 'now'], 3);
  await rm(join(space.photos, 'places/forest.jpg'));
  await writeFile(join(space.photos, 'things/gift.png'), 'no image any more');

  expect(await show('animals/puppy.jpg')).toMatchInlineSnapshot(`
    "animals/puppy.jpg
      indexed (labelled by keywords-1-m7nRsdaE)
      100  Animals (comes with another label)
      100  Dog (comes with another label)
      100  Puppy
       44  Blue
       33  Green
       11  Yellow
    "
  `);
  expect(await show('broken/old scan.bmp')).toMatchInlineSnapshot(`
    "broken/old scan.bmp
      skipped: format (the labeler reads .avif .gif .jpeg .jpg .png .tif .tiff .webp)
    "
  `);
  expect(await show('broken/empty.jpg')).toMatchInlineSnapshot(`
    "broken/empty.jpg
      failed: empty (the file has 0 bytes)
      What to do: replace the file with an intact copy, then: rekback backfill now
    "
  `);
  expect(await show('places/forest.jpg')).toMatchInlineSnapshot(`
    "places/forest.jpg
      gone (the image is gone; the index still has it)
      What to do: rekback live --once
      100  Forest
      100  Places (comes with another label)
      100  tree
       98  Green
    "
  `);
  expect(await show('things/gift.png')).toMatchInlineSnapshot(`
    "things/gift.png
      indexed (labelled by keywords-1-m7nRsdaE; it has changed since)
      What to do: rekback live --once
       63  White
       26  Green
        8  Red
    "
  `);
  expect(await show('nosuch.jpg')).toMatchInlineSnapshot(`
    "nosuch.jpg
      gone (there is no such image, and never was in this index)
    "
  `);
  await space.json(['setup', '--folder', 'photos', '--prefix', 'places/']);
  expect(await show('animals/horse.jpg')).toMatchInlineSnapshot(`
    "animals/horse.jpg
      outside-prefix (this stack is about keys that begin with 'places/')
      100  Animals (comes with another label)
      100  Horse
      100  meadow
       47  Blue
       34  Green
       13  Brown
    "
  `);
});

test('the same to a script', async () => {
  await space.json(['backfill', 'now'], 3);
  await rm(join(space.photos, 'places/forest.jpg'));
  const states: Record<string, string | null> = {};
  for (const key of [
    'animals/puppy.jpg',
    'broken/notes.txt',
    'broken/truncated.jpg',
    'places/forest.jpg',
    'new.jpg',
  ]) {
    const { state, reason } = await space.json<{ state: string; reason: string | null }>(['show', key]);
    states[key] = reason === null ? state : `${state}: ${reason}`;
  }
  expect(states).toEqual({
    'animals/puppy.jpg': 'indexed',
    'broken/notes.txt': 'skipped: not-an-image',
    'broken/truncated.jpg': 'failed: corrupt',
    'places/forest.jpg': 'gone',
    'new.jpg': 'gone',
  });
});

test('takes a key with spaces as words, one that begins with a dash, and one that would act on a terminal', async () => {
  for (const name of ['-dash.jpg', 'red\u001b[31m.jpg']) {
    await writeFile(join(space.photos, name), '');
  }
  await space.json(['backfill', 'now'], 3);
  expect((await space.run(['show', 'broken/old', 'scan.bmp'])).stdout).toContain('broken/old scan.bmp\n');
  expect((await space.run(['show', '-dash.jpg'])).stdout).toContain('-dash.jpg\n  failed: empty');
  expect(await show('red\u001b[31m.jpg')).toContain('red\\x1b[31m.jpg\n  failed: empty');
  expect(await space.json(['show', 'red\u001b[31m.jpg'])).toMatchObject({ key: 'red\u001b[31m.jpg' });
});
