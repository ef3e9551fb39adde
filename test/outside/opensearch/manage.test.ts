import { expect, test } from 'vitest';
import { createIndex, newIndex, removeIndex } from '../../../src/adapters/opensearch/manage.ts';
import { indexNames } from '../../../src/adapters/opensearch/mapping.ts';
import { openIndexReader } from '../../../src/adapters/opensearch/reader.ts';
import { openIndexWriter } from '../../../src/adapters/opensearch/writer.ts';
import type { Document } from '../../../src/runtime/contract.ts';
import type { IndexReader, IndexWriter, SearchRequest } from '../../../src/runtime/ports.ts';
import { makeDocument } from '../../contracts/index.ts';
import { describeOnNodes } from './node.ts';
import { newOptions, openTestIndex, request } from './open.ts';

const create = async (writer: IndexWriter, documents: Document[]) => {
  const results = await writer.write(documents.map((document) => ({ document, expected: undefined })));
  expect(results.every(({ result }) => result === 'written')).toBe(true);
};

async function keysOf(reader: IndexReader): Promise<string[]> {
  const keys: string[] = [];
  for await (const batch of reader.scan({})) keys.push(...batch.map(({ key }) => key));
  return keys;
}

await describeOnNodes('indexes and aliases', (endpoint) => {
  const indexesOf = async (stack: string) =>
    Object.keys((await request(endpoint, 'GET', `/rekback-${stack}-v*`)) as object).sort();

  test('an index is made once, and removed as often as one likes', async () => {
    const options = newOptions(endpoint);
    await Promise.all([createIndex(options), createIndex(options)]);
    const writer = await openIndexWriter(options);
    await create(writer, [makeDocument('a')]);
    await writer.close();
    await createIndex(options);
    const reader = await openIndexReader(options);
    expect((await reader.get('a'))?.key).toBe('a');
    await reader.close();
    expect(await indexesOf(options.stack)).toEqual([`rekback-${options.stack}-v1`]);
    await removeIndex(options);
    await removeIndex(options);
    expect(await indexesOf(options.stack)).toEqual([]);
  });

  test('what is not there, or of another bucket, is said', async () => {
    const options = newOptions(endpoint);
    const missing = { code: 'index-missing', message: expect.stringContaining('no such index') };
    await expect(openIndexReader(options)).rejects.toMatchObject(missing);
    await expect(openIndexWriter(options)).rejects.toMatchObject(missing);
    await createIndex(options);
    const other = { ...options, bucket: 'paintings' };
    await expect(openIndexReader(other)).rejects.toMatchObject({ code: 'index-of-another-bucket' });
    await expect(createIndex(other)).rejects.toMatchObject({ code: 'index-of-another-bucket' });
    await removeIndex(options);
  });

  test('an index that is removed under a writer is not made again by writing', async () => {
    const { writer, reader, options } = await openTestIndex(endpoint);
    await removeIndex(options);
    const write = writer.write([{ document: makeDocument('a'), expected: undefined }]);
    await expect(write).rejects.toMatchObject({ code: 'index-missing' });
    await expect(writer.lookUp(['a'])).rejects.toMatchObject({ code: 'index-missing' });
    expect(await indexesOf(options.stack)).toEqual([]);
    await reader.close();
    await writer.close();
  });

  test('a rebuilt index takes the place of the other at once', async () => {
    const { writer, reader, options } = await openTestIndex(endpoint);
    await create(writer, [makeDocument('old')]);
    // One that was interrupted.
    await (await newIndex(options)).index.close();
    const { index, replace } = await newIndex(options);
    await create(index, [makeDocument('new'), makeDocument('gone', { state: 'deleted' })]);
    await index.close();
    expect(await keysOf(reader)).toEqual(['old']);
    await replace();
    expect(await keysOf(reader)).toEqual(['gone', 'new']);
    expect(await indexesOf(options.stack)).toHaveLength(1);
    const [known] = await writer.lookUp(['new']);
    expect(
      await writer.write([{ document: makeDocument('new', { seq: '1' }), expected: known?.version }]),
    ).toEqual([{ result: 'written' }]);
    await reader.close();
    await writer.close();
  });

  test('who searches the read alias never meets a tombstone, whatever is asked', async () => {
    const { writer, reader, options } = await openTestIndex(endpoint);
    await create(writer, [
      makeDocument('a'),
      makeDocument('b', { state: 'deleted' }),
      makeDocument('c', { state: 'failed', reason: 'corrupt', detail: '' }),
    ]);
    const { read, write } = indexNames(options.stack);
    const count = async (index: string) =>
      ((await request(endpoint, 'GET', `/${index}/_count`)) as { count: number }).count;
    expect([await count(read), await count(write)]).toEqual([2, 3]);
    const all = { query: { query_string: { query: '*' } } };
    const found = (await request(endpoint, 'POST', `/${read}/_search`, all)) as { hits: { total: object } };
    expect(found.hits.total).toMatchObject({ value: 2 });
    await reader.close();
    await writer.close();
  });

  test('a scan goes on where its point in time is lost, and counts are exact beyond 10,000', async () => {
    const { writer, reader, options } = await openTestIndex(endpoint);
    const keys = Array.from({ length: 12_000 }, (_, at) => `images/${String(at).padStart(5, '0')}`);
    await create(
      writer,
      keys.map((key) => makeDocument(key)),
    );
    const found: string[] = [];
    for await (const batch of reader.scan({})) {
      found.push(...batch.map(({ key }) => key));
      if (found.length === 3_000) await request(endpoint, 'DELETE', '/_search/point_in_time/_all');
    }
    expect(found).toEqual(keys);
    const everything: SearchRequest = { query: { kind: 'and', parts: [] }, minConfidence: 0, limit: 0 };
    expect(await reader.search(everything)).toEqual({
      total: 12_000,
      totalExact: true,
      images: [],
    });
    const page = await reader.search({ ...everything, limit: 11_000 });
    expect(page).toMatchObject({ total: 10_000, totalExact: false, next: expect.any(String) });
    expect(page.images.map(({ key }) => key)).toEqual(keys.slice(0, 11_000));
    expect((await reader.stats()).bytes).toBeGreaterThan(10_000);
    await reader.close();
    await writer.close();
    expect(await indexesOf(options.stack)).toEqual([]);
  });

  test('a blocked index is no matter of waiting', async () => {
    const { writer, reader, options } = await openTestIndex(endpoint, {
      pause: () => Promise.reject(new Error('it waits')),
    });
    const [index] = await indexesOf(options.stack);
    const block = (value: boolean | null) =>
      request(endpoint, 'PUT', `/${index}/_settings`, { 'index.blocks.read_only_allow_delete': value });
    await block(true);
    const write = writer.write([{ document: makeDocument('a'), expected: undefined }]);
    await expect(write).rejects.toMatchObject({ code: 'index-read-only', name: 'SystemicError' });
    await block(null);
    await create(writer, [makeDocument('a')]);
    await reader.close();
    await writer.close();
  });

  test('one document that the index refuses does not hold up the others', async () => {
    const { writer, reader } = await openTestIndex(endpoint);
    // A term has at most 32,766 bytes.
    const documents = ['a', 'b', 'c'].map((key) =>
      makeDocument(key, { labels: [{ name: key === 'b' ? 'x'.repeat(40_000) : 'Dog', confidence: 90 }] }),
    );
    const results = await writer.write(documents.map((document) => ({ document, expected: undefined })));
    expect(results).toEqual([
      { result: 'written' },
      { result: 'refused', detail: expect.stringContaining('immense term') },
      { result: 'written' },
    ]);
    expect(await keysOf(reader)).toEqual(['a', 'c']);
    await reader.close();
    await writer.close();
  });

  test('a query beyond what the index takes is refused by name', async () => {
    const { writer, reader } = await openTestIndex(endpoint);
    const parts = Array.from({ length: 2_000 }, (_, at) => ({ kind: 'labels' as const, labels: [`L${at}`] }));
    const search = reader.search({ query: { kind: 'and', parts }, minConfidence: 50, limit: 1 });
    await expect(search).rejects.toMatchObject({ code: 'query-too-large', exitCode: 2 });
    await reader.close();
    await writer.close();
  });
});
