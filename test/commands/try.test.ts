import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { contents, SAMPLE_LEDGER, type Workspace, workspace } from './workspace.ts';

let space: Workspace;

beforeEach(async () => {
  space = await workspace();
});

afterEach(() => space.remove());

const withoutRun = (text: string) => text.replace(/^Run \S+ succeeded in .*?:/m, 'Run ID succeeded in TIME:');

test('labels a folder, lists what is in it and prints searches to paste', async () => {
  const before = await contents(space.photos);
  const { stdout, code } = await space.run(['try', 'photos']);
  expect(withoutRun(stdout)).toMatchInlineSnapshot(`
    "24 of 28 photos looked at carry keywords; those and colours will be found.
    Run ID succeeded in TIME: 31 images, 28 labeler calls
             27 indexed
              2 skipped (1 not-an-image, 1 format)
              2 failed (1 empty, 1 corrupt)
      which, and why: rekback failures list

    Animals	7
    sea	5
    Dog	4
    Places	4
    Cat	3
    Vehicles	3
    Beach	2
    Bird	2
    City	2
    coffee	2

    Try these:
      rekback search Animals --stack photos    # 7 images
      rekback search Animals sea --stack photos    # 1 image
      rekback search Animals -sea --stack photos    # 6 images
      rekback teardown --stack photos    # removes everything but the images
    "
  `);
  expect(code).toBe(3);
  expect(await contents(space.photos)).toEqual(before);
});

test('what it prints works as it stands, and finds what it says', async () => {
  interface Tried {
    searches: { command: string; images: number }[];
  }
  const { searches } = await space.json<Tried>(['try', 'photos', '--stack', 'mine'], 3);
  for (const { command, images } of searches) {
    const words = command.replace(/^rekback /, '').split(' ');
    expect(await space.json<{ total: number }>(words)).toMatchObject({ total: images });
  }
  expect(searches).toHaveLength(3);
});

test('again pays for nothing and ends with 0', async () => {
  expect(await space.json(['try', 'photos'], 3)).toMatchObject({ run: SAMPLE_LEDGER });
  expect(await space.json(['try', 'photos'])).toMatchObject({
    run: { labelCalls: 0, skipped: { unchanged: 27, 'failed-before': 2 } },
  });
});

test('of an empty folder says so', async () => {
  await rm(space.photos, { recursive: true });
  const missing = await space.run(['try', 'photos']);
  expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining("there is no folder 'photos'") });
  const empty = await workspace({ images: 'none' });
  const { stdout, code } = await empty.run(['try', 'photos']);
  expect({ stdout: withoutRun(stdout), code }).toMatchInlineSnapshot(`
    {
      "code": 0,
      "stdout": "No image found in this folder that can be labelled.
    Run ID succeeded in TIME: 0 images, 0 labeler calls

    No image has a label.
      rekback teardown --stack photos    # removes everything but the images
    ",
    }
  `);
  expect(await contents(join(empty.folder, 'photos'))).toEqual({});
  await empty.remove();
});
