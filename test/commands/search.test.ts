import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DOGS, type Workspace, workspace } from './workspace.ts';

interface Found {
  total: number;
  next: string | null;
  images: { key: string; labels: { name: string; confidence: number }[] }[];
}

const ALL = 'dog OR NOT dog';

let space: Workspace;

beforeAll(async () => {
  space = await workspace();
  await writeFile(join(space.photos, 'animals/red\u001b[31m\n.jpg'), '');
  await space.run(['try', 'photos']);
});

afterAll(() => space.remove());

const found = (...args: string[]) => space.json<Found>(['search', ...args]);
const keys = async (...args: string[]) => (await found(...args)).images.map(({ key }) => key);
const print = async (...args: string[]) => (await space.run(['search', ...args])).stdout;

test('best match first, with all labels; words and one argument are the same query', async () => {
  expect(await print('sea', 'beach')).toBe(await print('sea beach'));
  expect(await print('puppy')).toBe('animals/puppy.jpg\tPuppy 100, Blue 44, Green 33, Yellow 11\n');
  const { images } = await found('blue');
  const shares = images.map(({ labels }) => labels.find(({ name }) => name === 'Blue')?.confidence ?? 0);
  expect(shares).toEqual([...shares].sort((a, b) => b - a));
});

test('--min-confidence, the setting in its place, and a threshold in the query', async () => {
  const all = await keys('blue');
  const strong = await keys('blue', '--min-confidence', '50');
  expect(strong.length).toBeLessThan(all.length);
  expect(await keys('blue>=50')).toEqual(strong);
  await space.json(['settings', 'set', 'min-confidence=50']);
  expect(await keys('blue')).toEqual(strong);
  expect(await keys('blue', '--min-confidence', '0')).toEqual(all);
  await space.json(['settings', 'set', 'min-confidence=0']);
});

test('--prefix', async () => {
  expect(await keys('sea', '--prefix', 'animals/')).toEqual(['animals/dog on the beach.jpg']);
});

test('pages, one after the other, are the whole', async () => {
  const whole = await found(ALL, '--limit', '1000');
  expect(whole).toMatchObject({ total: 27, next: null });
  for (const limit of ['1', '10', '27']) {
    const paged: string[] = [];
    let next: string | null = null;
    do {
      const page: Found = await found(ALL, '--limit', limit, ...(next === null ? [] : ['--next', next]));
      expect(page.total).toBe(27);
      paged.push(...page.images.map(({ key }) => key));
      next = page.next;
    } while (next !== null);
    expect(paged).toEqual(whole.images.map(({ key }) => key));
  }
}, 120_000);

test('a person is told that there are more', async () => {
  const { stderr } = await space.run(['search', 'dog', '--limit', '2']);
  expect(stderr).toBe('2 of 4 images; more with --limit N\n');
});

test('--count is a number alone', async () => {
  expect(await print('dog', '--count')).toBe('4\n');
  expect(await print('nosuch', '--count')).toBe('0\n');
  expect(await found('dog', '--count')).toMatchObject({ total: 4, images: [] });
});

describe('--print', () => {
  const path = (key: string) => join(space.photos, key);

  test.each([
    ['key', (key: string) => key],
    ['path', path],
    ['uri', (key: string) => pathToFileURL(path(key)).href],
  ])('%s, one per line', async (form, link) => {
    expect(await print('dog', '--print', form)).toBe(DOGS.map((key) => `${link(key)}\n`).join(''));
  });

  test.each(['-0', '--zero'])('with %s each ends with a NUL', async (zero) => {
    expect(await print('dog', '--print', 'path', zero)).toBe(DOGS.map((key) => `${path(key)}\0`).join(''));
  });

  test('-0 alone is wrong usage', async () => {
    expect(await space.run(['search', 'dog', '-0'])).toMatchObject({ stdout: '', code: 2 });
  });
});

test('a query may begin with a dash, and end with one', async () => {
  expect(await keys('-animals', 'sea')).toEqual(await keys('sea', '-animals'));
  expect(await print('--print', 'key', '--', '-animals', 'sea')).toBe(
    await print('sea NOT animals', '--print', 'key'),
  );
  expect(await keys('dog', '-cat', '-snow')).toEqual(['animals/dog on the beach.jpg', 'animals/puppy.jpg']);
});

test('a mistake in the query is shown where it is', async () => {
  const { stdout, stderr, code } = await space.run(['search', 'dog AND (cat']);
  expect({ stdout, code }).toEqual({ stdout: '', code: 2 });
  expect(stderr).toMatchInlineSnapshot(`
    "Error: this ( is never closed

    dog AND (cat
            ^

    What to do:
      add a ) at its end
      rekback help query shows the syntax with examples
    "
  `);
  const { error } = await space.json<{ error: object }>(['search', 'dog AND (cat'], 2);
  expect(error).toMatchObject({ code: 'query-syntax', message: expect.any(String) });
});

test('nothing found is no failure, and close labels are named', async () => {
  const { stdout, stderr, code } = await space.run(['search', 'dgo']);
  expect({ stdout, code }).toEqual({ stdout: '', code: 0 });
  expect(stderr).toBe("No image found.\nno image has 'dgo'; did you mean Dog (4)?\n");
  expect(await found('dgo')).toMatchObject({ total: 0, next: null, images: [] });
});

test.each([
  ['--min-confidence', '101'],
  ['--limit', '0'],
  ['--next', 'nonsense'],
  ['--print', 'everything'],
])('%s %s is wrong usage', async (flag, value) => {
  const { error } = await space.json<{ error: object }>(['search', 'dog', flag, value], 2);
  expect(error).toMatchObject({ suggestions: [expect.any(String)] });
});
