import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ATTEMPTS, type IndexOptions } from '../../../src/adapters/opensearch/client.ts';
import { openIndexReader } from '../../../src/adapters/opensearch/reader.ts';
import { openIndexWriter } from '../../../src/adapters/opensearch/writer.ts';
import type { Document } from '../../../src/runtime/contract.ts';
import type { IndexWriter } from '../../../src/runtime/ports.ts';
import { makeDocument } from '../../contracts/index.ts';
import { type Fault, type FaultyProxy, startFaultyProxy } from './faulty-proxy.ts';
import { describeOnNodes } from './node.ts';
import { openTestIndex, request } from './open.ts';

const fault = fc.constantFrom<Fault | undefined>(
  undefined,
  429,
  500,
  502,
  503,
  504,
  'refuse',
  'lose',
  'hang',
  'cut',
  'stall',
  'garble',
  'partly',
);

await describeOnNodes('faults on the way', (endpoint) => {
  let index: Awaited<ReturnType<typeof openTestIndex>>;
  let proxy: FaultyProxy;
  /** Speaks to the index through the proxy. */
  let options: IndexOptions;
  let pauses: number;
  let printed: ReturnType<typeof vi.spyOn>;

  beforeEach(async () => {
    index = await openTestIndex(endpoint);
    proxy = await startFaultyProxy(endpoint);
    pauses = 0;
    const pause = async () => void pauses++;
    options = { ...index.options, endpoint: proxy.url, timeout: 300, pause };
    printed = vi.spyOn(console, 'log');
  });
  afterEach(async () => {
    expect(printed).not.toHaveBeenCalled();
    printed.mockRestore();
    await proxy.stop();
    await index.reader.close();
    await index.writer.close();
  });

  const write = async (writer: IndexWriter, documents: Document[]) => {
    const known = await writer.lookUp(documents.map(({ key }) => key));
    const writes = documents.map((document, at) => ({ document, expected: known[at]?.version }));
    return (await writer.write(writes)).map(({ result }) => result);
  };

  test('nothing is lost and nothing taken for another’s, whatever passes', async () => {
    const writer = await openIndexWriter(options);
    let round = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fault, { maxLength: 7 }), async (faults) => {
        round++;
        proxy.faults = [...faults];
        proxy.seen = [];
        const documents = Array.from({ length: 9 }, (_, at) =>
          makeDocument(`${at}`, {
            seq: `${round}`.padStart(5, '0'),
            labels: [{ name: `L${round}`, confidence: at }],
          }),
        );
        expect(await write(writer, documents)).toEqual(documents.map(() => 'written'));
        for (const document of documents) expect(await index.reader.get(document.key)).toEqual(document);
        // One look-up and one write, each again per fault, and one look at what became of a lost write.
        expect(proxy.seen.length).toBeLessThanOrEqual(faults.length + 3);
      }),
      { numRuns: 30 },
    );
    await writer.close();
  }, 60_000);

  test('an answer that was lost is not taken for a success', async () => {
    const writer = await openIndexWriter(options);
    await write(writer, [makeDocument('a'), makeDocument('b')]);
    const known = await writer.lookUp(['a', 'b']);
    // Another one writes `a` first; then this one's answer is lost.
    await write(index.writer, [makeDocument('a', { run: 'other' })]);
    proxy.faults = ['lose'];
    const writes = ['a', 'b'].map((key, at) => ({
      document: makeDocument(key, { run: 'mine' }),
      expected: known[at]?.version,
    }));
    expect((await writer.write(writes)).map(({ result }) => result)).toEqual(['conflict', 'written']);
    expect((await index.reader.get('a'))?.run).toBe('other');
    expect((await index.reader.get('b'))?.run).toBe('mine');
    await writer.close();
  });

  test.each<[Fault, string]>([
    [429, 'RetryableError'],
    [503, 'RetryableError'],
    ['hang', 'RetryableError'],
    ['refuse', 'index-unreachable'],
    ['partly', 'RetryableError'],
  ])('%s for ever ends, and with a pause between any two attempts', async (always, ends) => {
    const writer = await openIndexWriter({ ...options, ...(always === 'hang' && { timeout: 100 }) });
    proxy.seen = [];
    proxy.always = always;
    const writes = ['a', 'b', 'c', 'd'].map((key) => ({ document: makeDocument(key), expected: undefined }));
    // With every second of those that are left, the last one arrives in the end.
    const many =
      always === 'partly'
        ? writes.flatMap((each) =>
            Array.from({ length: 400 }, (_, at) => ({
              ...each,
              document: makeDocument(`${each.document.key}${at}`),
            })),
          )
        : writes;
    const failed = await writer.write(many).then(
      () => undefined,
      (error: { name: string; code?: string }) => error.code ?? error.name,
    );
    expect(failed).toBe(ends);
    expect(proxy.seen).toHaveLength(ATTEMPTS.writing);
    expect(pauses).toBe(ATTEMPTS.writing - 1);
    proxy.always = undefined;
    await writer.close();
  });

  test.each<[Fault, string]>([
    [401, 'index-denied'],
    [403, 'index-denied'],
  ])('%s ends at once', async (always, code) => {
    const writer = await openIndexWriter(options);
    const reader = await openIndexReader(options);
    proxy.seen = [];
    proxy.always = always;
    const systemic = { name: 'SystemicError', code };
    await expect(writer.write([{ document: makeDocument('a'), expected: undefined }])).rejects.toMatchObject(
      systemic,
    );
    await expect(writer.lookUp(['a'])).rejects.toMatchObject(systemic);
    await expect(reader.vocabulary()).rejects.toMatchObject(systemic);
    expect(proxy.seen).toHaveLength(3);
    expect(pauses).toBe(0);
    proxy.always = undefined;
    await reader.close();
    await writer.close();
  });

  test('what is too large for the way is sent in halves', async () => {
    const writer = await openIndexWriter(options);
    proxy.faults = [undefined, 413, undefined, 413, 413];
    const documents = ['a', 'b', 'c', 'd'].map((key) => makeDocument(key));
    expect(await write(writer, documents)).toEqual(['written', 'written', 'refused', 'written']);
    await writer.close();
  });

  test('searches and scans go through what passes', async () => {
    await write(
      index.writer,
      ['a', 'b', 'c'].map((key) => makeDocument(key)),
    );
    const reader = await openIndexReader(options);
    for (const each of [429, 503, 'refuse', 'lose', 'hang', 'cut', 'stall', 'garble'] as const) {
      proxy.faults = [each, each];
      const found = await reader.search({ query: { kind: 'and', parts: [] }, minConfidence: 0, limit: 10 });
      expect(found.images.map(({ key }) => key)).toEqual(['a', 'b', 'c']);
      proxy.faults = [undefined, each, each];
      const keys: string[] = [];
      for await (const batch of reader.scan({})) keys.push(...batch.map(({ key }) => key));
      expect(keys).toEqual(['a', 'b', 'c']);
    }
    await reader.close();
  });

  test('an index that is not there yet is told from one that does not answer', async () => {
    await request(endpoint, 'DELETE', `/rekback-${index.options.stack}-v1`);
    await expect(openIndexReader(options)).rejects.toMatchObject({ code: 'index-missing' });
    proxy.always = 'refuse';
    await expect(openIndexReader(options)).rejects.toMatchObject({ code: 'index-unreachable' });
  });
});
