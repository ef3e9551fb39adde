import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ImagePage } from '../../src/stack/images.ts';
import { type Workspace, workspace } from './workspace.ts';

let space: Workspace;

beforeAll(async () => {
  space = await workspace();
  await space.json(['try', 'photos'], 3);
});

afterAll(() => space.remove());

const list = (...args: string[]) => space.json<ImagePage>(['images', 'list', ...args]);
const keys = ({ images }: ImagePage) => images.map(({ key }) => key);

test('each state, to a person', async () => {
  // A decoder's own words differ with what else it decodes just then.
  const print = async (...args: string[]) =>
    (await space.run(['images', 'list', ...args])).stdout.replace(/corrupt\t.+/, 'corrupt\tDETAIL');
  expect(await print('--state', 'failed')).toMatchInlineSnapshot(`
    "broken/empty.jpg	empty	the file has 0 bytes
    broken/truncated.jpg	corrupt	DETAIL
    "
  `);
  expect(await print('--state', 'skipped')).toMatchInlineSnapshot(`
    "broken/notes.txt	not-an-image
    broken/old scan.bmp	format
    "
  `);
  expect(await print('--state', 'indexed', '--prefix', 'places/s')).toMatchInlineSnapshot(`
    "places/snow mountain.jpg
    places/sunset over the sea.jpg
    "
  `);
  const failed = await space.run(['images', 'list', '--state', 'failed']);
  expect((await space.run(['failures', 'list'])).stdout).toBe(failed.stdout);
});

test('pages, one after the other, are the whole', async () => {
  const whole = await list('--state', 'indexed');
  expect(whole).toMatchObject({ next: null });
  expect(whole.images).toHaveLength(27);
  const paged: string[] = [];
  for (let next: number | null = 0; next !== null; ) {
    const page: ImagePage = await list('--state', 'indexed', '--limit', '10', '--next', String(next));
    expect(page.images.length).toBeLessThanOrEqual(10);
    paged.push(...keys(page));
    next = page.next;
  }
  expect(paged).toEqual(keys(whole));
});

test('a person is told how to see the next page', async () => {
  const { stderr } = await space.run(['images', 'list', '--state', 'indexed', '--limit', '26']);
  expect(stderr).toBe('There are more; see them with --next 26\n');
  const last = await space.run(['images', 'list', '--state', 'indexed', '--limit', '27']);
  expect(last.stderr).toBe('');
});

test('--reason and --prefix narrow the list', async () => {
  expect(keys(await list('--state', 'failed', '--reason', 'empty'))).toEqual(['broken/empty.jpg']);
  expect(keys(await list('--state', 'skipped', '--reason', 'format'))).toEqual(['broken/old scan.bmp']);
  expect(keys(await list('--state', 'failed', '--prefix', 'animals/'))).toEqual([]);
  const { stderr } = await space.run(['failures', 'list', '--reason', 'nosuch']);
  expect(stderr).toBe('No image failed with that reason or prefix.\n');
});

test('a run over a part of the images hides nothing', async () => {
  const before = await list('--state', 'skipped');
  await space.json(['backfill', 'now', '--prefix', 'animals/']);
  await space.json(['backfill', 'retry']);
  expect(await list('--state', 'skipped')).toEqual(before);
});

test('no state, or one that there is not, is wrong usage', async () => {
  for (const args of [[], ['--state', 'lost']]) {
    expect(await space.run(['images', 'list', ...args])).toMatchObject({ stdout: '', code: 2 });
  }
});
