import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterAll, describe, expect, it } from 'vitest';
import { translateError } from '../../../src/adapters/sqlite/errors.ts';
import { openIndexReader } from '../../../src/adapters/sqlite/reader.ts';
import { openIndexWriter } from '../../../src/adapters/sqlite/writer.ts';
import { RekbackError, RetryableError, SystemicError } from '../../../src/runtime/errors.ts';
import type { IndexReader } from '../../../src/runtime/ports.ts';
import type { ResolvedQuery } from '../../../src/runtime/query/tree.ts';
import { makeDocument } from '../../contracts/index.ts';

const bucket = 'photos';
const folder = mkdtempSync(join(tmpdir(), 'rekback-index-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;
const newFile = () => join(folder, `${files++} 100%?#é.db`);

async function madeIndex(count = 1): Promise<string> {
  const file = newFile();
  const writer = await openIndexWriter(file, { bucket });
  const documents = Array.from({ length: count }, (_, i) => makeDocument(String(i).padStart(6, '0')));
  await writer.write(documents.map((document) => ({ document, expected: undefined })));
  await writer.close();
  return file;
}

const everything: ResolvedQuery = { kind: 'not', part: { kind: 'labels', labels: [] } };
const openBoth = [
  ['writer', openIndexWriter],
  ['reader', openIndexReader],
] as const;

describe('opening', () => {
  it('says that there is no index yet, and makes none, when one is to be read', async () => {
    const file = newFile();
    await expect(openIndexReader(file, { bucket })).rejects.toMatchObject({ code: 'index-missing' });
    expect(statSync(file, { throwIfNoEntry: false })).toBeUndefined();
    writeFileSync(file, '');
    await expect(openIndexReader(file, { bucket })).rejects.toMatchObject({ code: 'index-missing' });
  });

  it('opens again what it made', async () => {
    const file = await madeIndex(3);
    const writer = await openIndexWriter(file, { bucket });
    expect((await writer.lookUp(['000002']))[0]?.version).toBe('1');
    await writer.close();
    const reader = await openIndexReader(file, { bucket });
    expect((await reader.search({ query: everything, minConfidence: 0, limit: 0 })).total).toBe(3);
    await reader.close();
  });

  it.each(openBoth)('refuses the index of another bucket: %s', async (_, open) => {
    const file = await madeIndex();
    await expect(open(file, { bucket: 'other' })).rejects.toMatchObject({ code: 'index-of-another-bucket' });
  });

  it.each(openBoth)('refuses a newer version and leaves it alone: %s', async (_, open) => {
    const file = await madeIndex();
    const database = new Database(file);
    database.exec('PRAGMA user_version = 99; PRAGMA wal_checkpoint(TRUNCATE)');
    database.close();
    const before = readFileSync(file);
    await expect(open(file, { bucket })).rejects.toMatchObject({ code: 'stack-newer' });
    expect(readFileSync(file).equals(before)).toBe(true);
  });

  it.each(openBoth)('refuses what is no index and leaves it alone: %s', async (_, open) => {
    const text = newFile();
    writeFileSync(text, 'not a database, but long enough to have a header '.repeat(100));
    const foreign = newFile();
    const database = new Database(foreign);
    database.exec('CREATE TABLE other (a)');
    database.close();
    for (const file of [text, foreign]) {
      const before = readFileSync(file);
      const error: unknown = await open(file, { bucket }).catch((thrown) => thrown);
      expect(error).toMatchObject({ code: 'index-unreadable', suggestions: ['rekback index rebuild'] });
      expect(String(error)).toContain(file);
      expect(readFileSync(file).equals(before)).toBe(true);
    }
  });

  it('reports damage inside as such', async () => {
    const file = await madeIndex(2_000);
    const bytes = readFileSync(file);
    bytes.fill(0xa5, 8_192);
    writeFileSync(file, bytes);
    const readAll = async () => {
      const reader = await openIndexReader(file, { bucket });
      return reader.search({ query: everything, minConfidence: 0, limit: 10 });
    };
    await expect(readAll()).rejects.toMatchObject({ code: 'index-unreadable' });
  });

  it('names a folder that it can’t write to', async () => {
    const notAFolder = newFile();
    writeFileSync(notAFolder, '');
    await expect(openIndexWriter(join(notAFolder, 'index.db'), { bucket })).rejects.toMatchObject({
      code: 'home-not-writable',
    });
  });
});

describe('errors of the database', () => {
  const failure = (rawCode: number) => Object.assign(new Error('from the driver'), { rawCode });

  it.each([
    [13, 'disk-full'],
    [8, 'home-not-writable'],
    [8 | (5 << 8), 'home-not-writable'],
    [14, 'home-not-writable'],
    [26, 'index-unreadable'],
    [11, 'index-unreadable'],
    [10 | (3 << 8), 'index-io'],
  ])('result code %i stops the run as %s, with its cause', (rawCode, code) => {
    const cause = failure(rawCode);
    const error = translateError(cause, '/home/x/index.db');
    expect(error).toBeInstanceOf(SystemicError);
    expect(error).toMatchObject({ code, cause, message: expect.stringContaining('/home/x/index.db') });
  });

  it('takes a lock of another process for something that passes', () => {
    expect(translateError(failure(5), 'index.db')).toBeInstanceOf(RetryableError);
  });

  it('leaves all others as they are', () => {
    for (const error of [failure(19), new TypeError('ours'), new RekbackError('x', 'y'), 'text']) {
      expect(translateError(error, 'index.db')).toBe(error);
    }
  });
});

describe('what a process leaves that ends in the middle', () => {
  it('is the state after one of its writes, whichever', async () => {
    const file = newFile();
    const writer = await openIndexWriter(file, { bucket, limits: { maxSpan: 64, mergeFactor: 2 } });
    const batches = 12;
    for (let batch = 0; batch < batches; batch++) {
      const documents = Array.from({ length: 7 }, (_, i) =>
        makeDocument(`${batch}/${i}`, { labels: [{ name: `Label ${i}`, confidence: 50 + batch }] }),
      );
      await writer.write(documents.map((document) => ({ document, expected: undefined })));
      const [known] = await writer.lookUp(['0/0']);
      if (batch > 0)
        await writer.write([{ document: makeDocument('0/0', { size: batch }), expected: known?.version }]);
    }
    // The log as it is while a commit is being appended: whole up to some byte.
    const bytes = statSync(`${file}-wal`).size;
    const seen = new Set<number>();
    for (let cut = 0; cut <= 24; cut++) {
      const copy = newFile();
      copyFileSync(file, copy);
      copyFileSync(`${file}-wal`, `${copy}-wal`);
      truncateSync(`${copy}-wal`, Math.floor((bytes * cut) / 24));
      const reopened = await openIndexWriter(copy, { bucket });
      const reader = await openIndexReader(copy, { bucket });
      seen.add(await consistentCount(reader));
      await reader.close();
      await reopened.close();
    }
    expect(seen.size).toBeGreaterThan(6);
    expect(Math.max(...seen)).toBe(batches * 7);
    await writer.close();
  });
});

/** The number of images, after checking that every part of the index says the same. */
async function consistentCount(reader: IndexReader): Promise<number> {
  const { images } = await reader.stats();
  const found = await reader.search({ query: everything, minConfidence: 0, limit: 1_000 });
  expect(found.total).toBe(images.indexed);
  expect(found.images).toHaveLength(images.indexed);
  expect(images.indexed % 7).toBe(0);
  for (const [name, count] of await reader.vocabulary()) {
    const { total } = await reader.search({
      query: { kind: 'labels', labels: [name] },
      minConfidence: 0,
      limit: 0,
    });
    expect(total).toBe(count);
  }
  return images.indexed;
}

describe('full segments', () => {
  it('hold 65,536 images, and the next one begins another', async () => {
    const file = newFile();
    const writer = await openIndexWriter(file, { bucket });
    const reader = await openIndexReader(file, { bucket });
    const count = 65_540;
    const documents = Array.from({ length: count }, (_, i) =>
      makeDocument(String(count - i).padStart(6, '0'), {
        labels: [
          { name: i % 2 ? 'Odd' : 'Even', confidence: 100 },
          ...(i % 1_000 === 0 ? [{ name: 'Rare', confidence: 80 }] : []),
          ...(i % 10 === 0 ? [{ name: 'Tenth', confidence: i === 60_000 ? 90 : 70 }] : []),
        ],
      }),
    );
    await writer.write(documents.map((document) => ({ document, expected: undefined })));
    const search = (labels: string[], prefix = '') =>
      reader.search({ query: { kind: 'labels', labels }, minConfidence: 0, limit: 3, prefix });
    expect(await search(['Odd'])).toMatchObject({
      total: count / 2,
      images: [{ key: '000001' }, { key: '000003' }, {}],
    });
    expect(await search(['Even'])).toMatchObject({ total: count / 2, images: [{ key: '000002' }, {}, {}] });
    expect(await search(['Even'], '06554')).toMatchObject({ total: 1, images: [{ key: '065540' }] });
    expect((await search(['Rare'])).total).toBe(66);
    expect(await search(['Tenth'])).toMatchObject({
      total: count / 10,
      images: [{ key: '005540' }, { key: '000010' }, { key: '000020' }],
    });
    expect((await search(['Odd', 'Even'])).total).toBe(count);
    await reader.close();
    await writer.close();
  });
});
