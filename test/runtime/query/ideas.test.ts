import { beforeEach, expect, test } from 'vitest';
import { openMemoryIndex } from '../../../src/adapters/memory/index.ts';
import type { IndexReader } from '../../../src/runtime/ports.ts';
import { queryIdeas, tellingFirst } from '../../../src/runtime/query/ideas.ts';
import { listLabels } from '../../../src/runtime/query/labels.ts';

const IMAGES: Readonly<Record<string, readonly string[]>> = {
  'a.jpg': ['Blue', 'Dog', 'Beach'],
  'b.jpg': ['Blue', 'Dog'],
  'c.jpg': ['Blue', 'Golden Retriever'],
  'd.jpg': ['Blue', 'GRAY'],
};

let index: IndexReader;

beforeEach(async () => {
  const memory = openMemoryIndex({ bucket: 'b' });
  await memory.write(
    Object.entries(IMAGES).map(([key, names]) => ({
      expected: undefined,
      document: {
        bucket: 'b',
        key,
        etag: key,
        size: 1,
        lastModified: 1,
        state: 'indexed',
        labeling: '',
        seq: '',
        observedAt: 1,
        run: '',
        row: -1,
        labels: names.map((name) => ({ name, confidence: 90 })),
      },
    })),
  );
  index = memory;
});

const labels = async (plain?: ReadonlySet<string>) =>
  tellingFirst(listLabels(await index.vocabulary()), plain);
const names = async (plain?: ReadonlySet<string>) => (await labels(plain)).map(({ name }) => name);

test('labels that say little come last, in any case; the others keep their order', async () => {
  expect(await names()).toEqual(['Blue', 'Dog', 'Beach', 'GRAY', 'Golden Retriever']);
  expect(await names(new Set(['Blue', 'Gray']))).toEqual([
    'Dog',
    'Beach',
    'Golden Retriever',
    'Blue',
    'GRAY',
  ]);
});

test('one label, two together, one without another, each with what it finds', async () => {
  expect(await queryIdeas(index, await names(new Set(['Blue', 'Gray'])))).toEqual([
    { query: 'Dog', images: 2 },
    { query: 'Dog Beach', images: 1 },
    { query: 'Dog -Beach', images: 1 },
  ]);
});

test('no idea without a result', async () => {
  expect(await queryIdeas(index, ['nosuch', 'Golden Retriever'])).toEqual([
    { query: '"Golden Retriever"', images: 1 },
  ]);
  expect(await queryIdeas(index, [])).toEqual([]);
});
