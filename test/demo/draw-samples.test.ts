import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import ExifReader from 'exifreader';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKeywordsLabeler } from '../../src/adapters/keywords/labeler.ts';
import { storedLabels } from '../../src/runtime/image/document.ts';
import { fold } from '../../src/runtime/query/fold.ts';

const SCRIPT = join(import.meta.dirname, '../../demo/draw-samples.js');
const COMMITTED = join(import.meta.dirname, '../../demo/images');
const LARGEST = 15 * 1024;

const labeler = createKeywordsLabeler();
let folder: string;
let names: string[];

async function files(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

async function answer(root: string, name: string) {
  const bytes = await readFile(join(root, name));
  const head = { etag: '', size: bytes.length, lastModified: 0 };
  return labeler.detect({ bucket: root, key: name, head, bytes: async () => bytes });
}

/** The stored labels' names, or why there are none. */
async function outcome(root: string, name: string) {
  const given = await answer(root, name);
  return 'refusal' in given
    ? given.refusal
    : storedLabels(given.labels, labeler.labeling)
        .map((label) => label.name)
        .sort();
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'samples-'));
  await promisify(execFile)(process.execPath, [SCRIPT, join(folder, 'a')]);
  await promisify(execFile)(process.execPath, [SCRIPT, join(folder, 'b')]);
  names = await files(COMMITTED);
});

afterAll(() => rm(folder, { recursive: true }));

describe('draw-samples', () => {
  it('draws the committed files: the same names, labels and refusals under any release of sharp', async () => {
    expect(await files(join(folder, 'a'))).toEqual(names);
    for (const name of names) {
      expect([name, await outcome(join(folder, 'a'), name)]).toEqual([name, await outcome(COMMITTED, name)]);
    }
  });

  it('gives the same bytes every time', async () => {
    for (const name of names) {
      const [first, second] = await Promise.all(['a', 'b'].map((run) => readFile(join(folder, run, name))));
      expect(first?.equals(second ?? Buffer.alloc(0)), name).toBe(true);
    }
  });
});

describe('the sample images', () => {
  it('can be checked out anywhere: small, NFC, different by more than case', async () => {
    expect(names.length).toBeGreaterThanOrEqual(24);
    expect(new Set(names.map(fold)).size).toBe(names.length);
    for (const name of names) {
      expect(name).toBe(name.normalize('NFC'));
      expect(name).not.toMatch(/["*:<>?\\|]/);
      expect((await readFile(join(COMMITTED, name))).length, name).toBeLessThan(LARGEST);
    }
  });

  it('have what is hard in their names', () => {
    for (const hard of [/ /, /\+/, /&/, /é/, /ä/, /\p{Extended_Pictographic}/u]) {
      expect(names.some((name) => hard.test(name))).toBe(true);
    }
  });

  it('are refused only where they are broken', async () => {
    const refusals: Record<string, unknown> = {};
    for (const name of names) {
      const given = await answer(COMMITTED, name);
      if ('refusal' in given) refusals[name] = given.refusal;
    }
    expect(refusals).toEqual({
      'broken/empty.jpg': 'empty',
      'broken/notes.txt': 'format',
      'broken/old scan.bmp': 'format',
      'broken/truncated.jpg': 'corrupt',
    });
  });

  it('are found by these labels', async () => {
    const counts: Record<string, number> = {};
    for (const name of names) {
      const found = await outcome(COMMITTED, name);
      if (typeof found === 'string') continue;
      for (const label of found) counts[fold(label)] = (counts[fold(label)] ?? 0) + 1;
    }
    expect(counts).toMatchObject({
      animals: 7,
      dog: 4,
      cat: 3,
      bird: 2,
      sea: 5,
      snow: 2,
      vehicles: 3,
      café: 1,
    });
  });

  it('carry their keywords also for another reader', async () => {
    let keywords = 0;
    for (const name of names) {
      const given = await answer(COMMITTED, name);
      // In a PNG libvips compresses the packet, which exifreader doesn't read.
      if ('refusal' in given || (await readFile(join(COMMITTED, name))).includes('IHDR')) continue;
      const written = given.labels.filter(({ categories }) => categories === undefined);
      const own = new Set(written.map((label) => fold(label.name)));
      expect([name, own]).toEqual([name, new Set(await keywordsByExifReader(name))]);
      keywords += own.size;
    }
    expect(keywords).toBeGreaterThan(50);
  });
});

async function keywordsByExifReader(name: string): Promise<string[]> {
  const tags = ExifReader.load(await readFile(join(COMMITTED, name)), { expanded: true });
  const items = (tag: { value: unknown } | undefined) =>
    Array.isArray(tag?.value) ? tag.value.map((item: { value: string }) => item.value) : [];
  const iptc = [tags.iptc?.Keywords ?? []].flat().map((tag) => tag.description);
  const hierarchies = items(tags.xmp?.hierarchicalSubject).map((path) => path.split('|').at(-1) ?? '');
  return [...items(tags.xmp?.subject), ...hierarchies, ...iptc].map(fold);
}
