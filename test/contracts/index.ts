import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { openMemoryIndex } from '../../src/adapters/memory/index.ts';
import type { Document, DocumentState, Label } from '../../src/runtime/contract.ts';
import type { IndexReader, IndexWrite, IndexWriter, SearchRequest } from '../../src/runtime/ports.ts';
import type { ResolvedQuery } from '../../src/runtime/query/tree.ts';

export interface OpenIndex {
  writer: IndexWriter;
  reader: IndexReader;
}

const BUCKET = 'photos';
const UNKNOWN = undefined;

/** A document with everything set; what a test is about is overridden. */
export function makeDocument(key: string, overrides: Partial<Document> = {}): Document {
  return {
    bucket: BUCKET,
    key,
    etag: `etag-${key}`,
    size: 1_234,
    lastModified: 1_700_000_000_000,
    state: 'indexed',
    labeling: 'keywords:1',
    seq: '',
    observedAt: 1_700_000_001_000,
    run: 'run-1',
    row: 7,
    labels: [],
    ...overrides,
  };
}

const label = (name: string, confidence = 100): Label => ({ name, confidence });
const term = (...labels: string[]): ResolvedQuery => ({ kind: 'labels', labels });
const not = (part: ResolvedQuery): ResolvedQuery => ({ kind: 'not', part });
const and = (...parts: ResolvedQuery[]): ResolvedQuery => ({ kind: 'and', parts });
const or = (...parts: ResolvedQuery[]): ResolvedQuery => ({ kind: 'or', parts });

/** Keys that some layer has mangled somewhere: controls, quotes, both normal forms, beyond the BMP, 1,024 bytes. */
const HOSTILE_KEYS = [
  'a',
  'a/b',
  'a b',
  ' leading and trailing ',
  'line\nbreak\r\ttab',
  'nul\0inside',
  '\u001b[31mred\u0007',
  `it's "quoted" \\ back`,
  '%41%20+&?#',
  'caf\u00e9.jpg',
  'cafe\u0301.jpg',
  '\u{1f600}.jpg',
  '\uffee.jpg',
  '\ud7ff',
  '\ue000',
  '\u202eevil',
  '__proto__',
  '../up',
  'x'.repeat(1_024),
  `${'\u{1f415}'.repeat(255)}abc`,
];

/**
 * Every index must pass this. `open` gives an empty index of the bucket `photos`.
 * @param histories - how many random ones are tried
 */
export function indexContract(name: string, open: () => Promise<OpenIndex>, histories = 50): void {
  describe(`${name}: index contract`, () => {
    const opened: OpenIndex[] = [];
    const openTracked = async () => {
      const index = await open();
      opened.push(index);
      return index;
    };
    afterEach(async () => {
      for (const { writer, reader } of opened.splice(0)) {
        await reader.close();
        await writer.close();
      }
    });

    async function filled(documents: Document[]): Promise<OpenIndex> {
      const index = await openTracked();
      const results = await index.writer.write(
        documents.map((document) => ({ document, expected: UNKNOWN })),
      );
      expect(results.every(({ result }) => result === 'written')).toBe(true);
      return index;
    }

    const search = (reader: IndexReader, query: ResolvedQuery, rest: Partial<SearchRequest> = {}) =>
      reader.search({ query, minConfidence: 0, limit: 1_000, ...rest });
    const keysOf = async (reader: IndexReader, query: ResolvedQuery, rest: Partial<SearchRequest> = {}) =>
      (await search(reader, query, rest)).images.map(({ key }) => key);

    it('gives back every field of a document as it was written', async () => {
      const full = makeDocument('dir/a.jpg', {
        seq: '00123'.padEnd(64, '0'),
        labels: [label('Dog', 97), { name: 'Animal', confidence: 0, inherited: true }, label('Zebra', 12)],
      });
      const failed = makeDocument('b.jpg', {
        state: 'failed',
        reason: 'corrupt',
        detail: 'bad\0 "bytes"',
        row: -1,
      });
      const deleted = makeDocument('c.jpg', { state: 'deleted', etag: '', size: 0, run: '' });
      const { reader, writer } = await filled([full, failed, deleted]);
      for (const document of [full, failed, deleted]) {
        expect(await reader.get(document.key)).toEqual(document);
        const { labels: _, ...known } = document;
        expect((await writer.lookUp([document.key]))[0]?.document).toEqual(known);
      }
      expect(await reader.get('d.jpg')).toBeUndefined();
      expect((await search(reader, term('Dog'))).images).toEqual([
        {
          bucket: BUCKET,
          key: full.key,
          size: full.size,
          lastModified: full.lastModified,
          labels: full.labels,
        },
      ]);
    });

    it('looks up in the order of the keys, unknown and repeated ones included', async () => {
      const { writer } = await filled([makeDocument('a'), makeDocument('b')]);
      const found = await writer.lookUp(['b', 'x', 'a', 'b']);
      expect(found.map((known) => known?.document.key)).toEqual(['b', undefined, 'a', 'b']);
      expect(await writer.lookUp([])).toEqual([]);
    });

    it('compares and sets each item on its own', async () => {
      const { writer, reader } = await filled([makeDocument('a'), makeDocument('b')]);
      const [a] = await writer.lookUp(['a']);
      const results = await writer.write([
        { document: makeDocument('a', { size: 1 }), expected: a?.version },
        { document: makeDocument('b', { size: 1 }), expected: UNKNOWN },
        { document: makeDocument('b', { size: 1 }), expected: 'no such version' },
        { document: makeDocument('c', { size: 1 }), expected: '1' },
        { document: makeDocument('d', { size: 1 }), expected: UNKNOWN },
        { document: makeDocument('a', { size: 2 }), expected: a?.version },
      ]);
      expect(results.map(({ result }) => result)).toEqual([
        'written',
        'conflict',
        'conflict',
        'conflict',
        'written',
        'conflict',
      ]);
      expect((await reader.get('a'))?.size).toBe(1);
      expect((await reader.get('b'))?.size).toBe(1_234);
      expect(await reader.get('c')).toBeUndefined();
    });

    it('treats one key twice in a call as two calls', async () => {
      const { writer, reader } = await openTracked();
      const results = await writer.write([
        { document: makeDocument('a', { labels: [label('Dog')] }), expected: UNKNOWN },
        { document: makeDocument('a', { labels: [label('Cat')] }), expected: UNKNOWN },
      ]);
      expect(results.map(({ result }) => result)).toEqual(['written', 'conflict']);
      expect(await keysOf(reader, term('Dog'))).toEqual(['a']);
      expect(await keysOf(reader, term('Cat'))).toEqual([]);
    });

    it('never takes a version for that of a later state', async () => {
      const { writer } = await filled([makeDocument('a')]);
      const versions = new Set<string | undefined>();
      for (const state of ['deleted', 'indexed', 'failed', 'indexed'] satisfies DocumentState[]) {
        const [known] = await writer.lookUp(['a']);
        versions.add(known?.version);
        await writer.write([{ document: makeDocument('a', { state }), expected: known?.version }]);
      }
      expect(versions.size).toBe(4);
    });

    it('keeps the labels where a write brings none', async () => {
      const { writer, reader } = await filled([makeDocument('a', { labels: [label('Dog', 80)] })]);
      const { labels: _, ...touched } = makeDocument('a', { lastModified: 5, seq: '0a' });
      const [known] = await writer.lookUp(['a']);
      expect(await writer.write([{ document: touched, expected: known?.version }])).toEqual([
        { result: 'written' },
      ]);
      expect(await reader.get('a')).toEqual({ ...touched, labels: [label('Dog', 80)] });
      expect((await search(reader, term('Dog'))).images[0]?.lastModified).toBe(5);
    });

    it('refuses a document of another bucket, and a new one without labels', async () => {
      const { writer } = await openTracked();
      const { labels: _, ...unlabelled } = makeDocument('b');
      const results = await writer.write([
        { document: makeDocument('a', { bucket: 'other' }), expected: UNKNOWN },
        { document: unlabelled, expected: UNKNOWN },
        { document: makeDocument('c'), expected: UNKNOWN },
      ]);
      expect(results.map(({ result }) => result)).toEqual(['refused', 'refused', 'written']);
    });

    it('finds a labelled document by its content', async () => {
      const { writer } = await filled([
        makeDocument('a', { etag: 'same', labels: [label('Dog')] }),
        makeDocument('b', { etag: 'gone', state: 'deleted' }),
        makeDocument('c', { etag: 'bad', state: 'failed', reason: 'corrupt', detail: '' }),
      ]);
      expect(await writer.findByEtag('same')).toEqual(
        makeDocument('a', { etag: 'same', labels: [label('Dog')] }),
      );
      for (const etag of ['gone', 'bad', 'unknown']) expect(await writer.findByEtag(etag)).toBeUndefined();
    });

    it('ranks by the lowest matched confidence, ties by key', async () => {
      const { reader } = await filled([
        makeDocument('b', { labels: [label('Dog', 90), label('Beach', 60)] }),
        makeDocument('a', { labels: [label('Dog', 60), label('Beach', 99)] }),
        makeDocument('c', { labels: [label('Dog', 70), label('Beach', 70)] }),
        makeDocument('d', { labels: [label('Dog', 99)] }),
      ]);
      expect(await keysOf(reader, and(term('Dog'), term('Beach')))).toEqual(['c', 'a', 'b']);
      expect(await keysOf(reader, or(term('Dog'), term('Beach')))).toEqual(['a', 'd', 'b', 'c']);
      expect(await keysOf(reader, and(term('Dog'), not(term('Beach'))))).toEqual(['d']);
      expect(await keysOf(reader, term('Dog', 'Beach'))).toEqual(['a', 'd', 'b', 'c']);
      expect(await keysOf(reader, term())).toEqual([]);
    });

    it('applies a threshold at its exact value, a term’s own before the request’s, under NOT too', async () => {
      const { reader } = await filled([
        makeDocument('a', { labels: [label('Dog', 0)] }),
        makeDocument('b', { labels: [label('Dog', 79)] }),
        makeDocument('c', { labels: [label('Dog', 80)] }),
        makeDocument('d', { labels: [label('Dog', 100)] }),
        makeDocument('e'),
      ]);
      const own: ResolvedQuery = { kind: 'labels', labels: ['Dog'], minConfidence: 80 };
      expect(await keysOf(reader, term('Dog'))).toEqual(['d', 'c', 'b', 'a']);
      expect(await keysOf(reader, term('Dog'), { minConfidence: 80 })).toEqual(['d', 'c']);
      expect(await keysOf(reader, own, { minConfidence: 100 })).toEqual(['d', 'c']);
      expect(await keysOf(reader, not(term('Dog')), { minConfidence: 80 })).toEqual(['a', 'b', 'e']);
      expect(await keysOf(reader, not(own), { minConfidence: 0 })).toEqual(['a', 'b', 'e']);
      expect(await keysOf(reader, not(term('Dog')))).toEqual(['e']);
    });

    it('never finds what failed or was deleted', async () => {
      const { reader, writer } = await filled([
        makeDocument('a', { labels: [label('Dog')] }),
        makeDocument('b', { state: 'failed', reason: 'corrupt', detail: '' }),
        makeDocument('c', { labels: [label('Dog')] }),
      ]);
      const [known] = await writer.lookUp(['a']);
      await writer.write([{ document: makeDocument('a', { state: 'deleted' }), expected: known?.version }]);
      expect(await keysOf(reader, term('Dog'))).toEqual(['c']);
      expect(await keysOf(reader, not(term('Cat')))).toEqual(['c']);
      expect(await reader.vocabulary()).toEqual(new Map([['Dog', 1]]));
      expect((await reader.stats()).images).toEqual({ indexed: 1, failed: 1, deleted: 1 });
    });

    it('counts without images at limit 0', async () => {
      const { reader } = await filled([makeDocument('a', { labels: [label('Dog')] }), makeDocument('b')]);
      expect(await search(reader, term('Dog'), { limit: 0 })).toEqual({
        total: 1,
        totalExact: true,
        images: [],
      });
    });

    it('ends with the last page, also where the limit falls on the last image', async () => {
      const { reader } = await filled(['a', 'b', 'c', 'd'].map((key) => makeDocument(key)));
      const everything = not(term('Dog'));
      const first = await search(reader, everything, { limit: 2 });
      expect(first).toMatchObject({ total: 4, next: expect.any(String) });
      const second = await search(reader, everything, { limit: 2, ...(first.next && { after: first.next }) });
      expect(second.images.map(({ key }) => key)).toEqual(['c', 'd']);
      expect(second.next).toBeUndefined();
      expect(second.total).toBe(4);
    });

    it('keeps any key and label byte-exact and in byte order', async () => {
      const documents = HOSTILE_KEYS.map((key) => makeDocument(key, { labels: [label(key)] }));
      const { reader, writer } = await filled(documents);
      const ordered = [...HOSTILE_KEYS].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect(await keysOf(reader, not(term('no such label')))).toEqual(ordered);
      expect(await scanKeys(reader, {})).toEqual(ordered);
      expect(new Set((await reader.vocabulary()).keys())).toEqual(new Set(HOSTILE_KEYS));
      expect((await writer.lookUp(HOSTILE_KEYS)).map((known) => known?.document.key)).toEqual(HOSTILE_KEYS);
      for (const key of HOSTILE_KEYS) {
        expect((await reader.get(key))?.labels).toEqual([label(key)]);
        expect((await search(reader, term(key))).images.map((image) => [image.key, image.labels])).toEqual([
          [key, [label(key)]],
        ]);
        expect(await keysOf(reader, not(term()), { prefix: key })).toEqual(
          ordered.filter((candidate) => candidate.startsWith(key)),
        );
        expect(await scanKeys(reader, { after: key })).toEqual(ordered.slice(ordered.indexOf(key) + 1));
      }
    });

    it('scans by state and prefix in byte order', async () => {
      const states: DocumentState[] = ['indexed', 'failed', 'deleted'];
      const documents = Array.from({ length: 30 }, (_, i) =>
        makeDocument(`${i % 2 ? 'odd' : 'even'}/${String(i).padStart(2, '0')}`, {
          state: states[i % 3] ?? 'failed',
        }),
      );
      const { reader } = await filled(documents);
      for (const wanted of [undefined, ['failed'], ['deleted', 'indexed'], []] satisfies (
        | DocumentState[]
        | undefined
      )[]) {
        for (const prefix of [undefined, 'odd/', 'odd/1', 'none']) {
          expect(
            await scanKeys(reader, { ...(wanted && { states: wanted }), ...(prefix && { prefix }) }),
          ).toEqual(
            documents
              .filter(({ state }) => !wanted || wanted.some((one) => one === state))
              .map(({ key }) => key)
              .filter((key) => key.startsWith(prefix ?? ''))
              .sort(),
          );
        }
      }
    });

    it('has nothing in an empty index', async () => {
      const { reader, writer } = await openTracked();
      expect(await search(reader, not(term('Dog')))).toEqual({ total: 0, totalExact: true, images: [] });
      expect(await reader.vocabulary()).toEqual(new Map());
      expect((await reader.stats()).images).toEqual({ indexed: 0, failed: 0, deleted: 0 });
      expect(await scanKeys(reader, {})).toEqual([]);
      expect(await writer.write([])).toEqual([]);
    });

    it('answers random histories as the obvious index does', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.array(randomWrite, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 14 }),
          fc.array(randomRequest, { minLength: 1, maxLength: 12 }),
          async (history, requests) => {
            const index = await open();
            const oracle = openMemoryIndex({ bucket: BUCKET });
            try {
              for (const [i, batch] of history.entries()) {
                await replay(batch, index.writer, oracle);
                const request = requests[i % requests.length];
                if (request) await compareSearch(request, index.reader, oracle);
              }
              for (const request of requests) await compareSearch(request, index.reader, oracle);
              await compareAll(index, oracle);
            } finally {
              await index.reader.close();
              await index.writer.close();
            }
          },
        ),
        { numRuns: histories },
      );
    }, 120_000);
  });
}

async function scanKeys(reader: IndexReader, options: Parameters<IndexReader['scan']>[0]): Promise<string[]> {
  const keys: string[] = [];
  for await (const batch of reader.scan(options)) keys.push(...batch.map(({ key }) => key));
  return keys;
}

// Few keys, labels and confidences, so that histories overwrite, tie and meet.
const LABELS = ['Dog', 'Cat', 'Beach', 'Ünïcode 犬', 'Tree', 'Sky'];
const randomKey = fc.oneof(
  fc
    .tuple(fc.constantFrom('', 'a/', 'a/b', 'é/', '\u{1f600}', '\uffee'), fc.nat(12))
    .map(([prefix, n]) => `${prefix}${n}`),
  fc.constantFrom(...HOSTILE_KEYS),
);
const randomLabels = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom(...LABELS),
    confidence: fc.constantFrom(0, 1, 50, 55, 99, 100),
  }),
  { selector: ({ name }) => name, maxLength: LABELS.length },
);
const randomWrite = fc.record({
  key: randomKey,
  state: fc.constantFrom<DocumentState>('indexed', 'indexed', 'indexed', 'deleted', 'failed'),
  labels: fc.oneof({ weight: 5, arbitrary: randomLabels }, { weight: 1, arbitrary: fc.constant(undefined) }),
  etag: fc.constantFrom('e1', 'e2', 'e3'),
  stale: fc.nat(9).map((n) => n === 0),
});
const randomTerm: fc.Arbitrary<ResolvedQuery> = fc
  .record({
    labels: fc.uniqueArray(fc.constantFrom(...LABELS, 'unknown'), { maxLength: 3 }),
    minConfidence: fc.option(fc.constantFrom(0, 50, 51, 100), { nil: undefined, freq: 4 }),
  })
  .map(({ labels, minConfidence }) => ({
    kind: 'labels',
    labels,
    ...(minConfidence !== undefined && { minConfidence }),
  }));
const { query: randomQuery } = fc.letrec<{ query: ResolvedQuery }>((tie) => ({
  query: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    randomTerm,
    fc.array(tie('query'), { maxLength: 3 }).map((parts): ResolvedQuery => ({ kind: 'and', parts })),
    fc.array(tie('query'), { maxLength: 3 }).map((parts): ResolvedQuery => ({ kind: 'or', parts })),
    tie('query').map((part): ResolvedQuery => ({ kind: 'not', part })),
  ),
}));
const randomRequest = fc.record({
  query: randomQuery,
  minConfidence: fc.constantFrom(0, 0, 1, 50, 56, 100),
  prefix: fc.constantFrom(undefined, undefined, '', 'a', 'a/', 'a/b1', '\u{1f600}', '\uffee', 'é', 'none'),
  limit: fc.constantFrom(1, 2, 3, 7, 1_000),
});

type RandomWrite = typeof randomWrite extends fc.Arbitrary<infer T> ? T : never;
type RandomRequest = typeof randomRequest extends fc.Arbitrary<infer T> ? T : never;

/** The same writes on both, each with the version that its own index gave, or a stale one. */
async function replay(batch: readonly RandomWrite[], index: IndexWriter, oracle: IndexWriter): Promise<void> {
  const keys = batch.map(({ key }) => key);
  const [known, expected] = [await index.lookUp(keys), await oracle.lookUp(keys)];
  const writes = (versions: typeof known): IndexWrite[] =>
    batch.map(({ key, state, labels, etag, stale }, i) => {
      const { labels: none, ...document } = makeDocument(key, { state, etag });
      const kept =
        labels === undefined && versions[i] ? {} : { labels: state === 'indexed' ? (labels ?? none) : [] };
      return { document: { ...document, ...kept }, expected: stale ? 'stale' : versions[i]?.version };
    });
  expect(await index.write(writes(known))).toEqual(await oracle.write(writes(expected)));
}

async function compareSearch(request: RandomRequest, index: IndexReader, oracle: IndexReader): Promise<void> {
  const { prefix, ...rest } = request;
  const whole: SearchRequest = { ...rest, ...(prefix !== undefined && { prefix }) };
  const expected = await oracle.search({ ...whole, limit: 100_000 });
  const images: typeof expected.images = [];
  let after: string | undefined;
  do {
    const page = await index.search({ ...whole, ...(after !== undefined && { after }) });
    expect(page.total).toBe(expected.total);
    expect(page.images.length).toBeLessThanOrEqual(request.limit);
    images.push(...page.images);
    after = page.next;
    if (after !== undefined) expect(page.images.length).toBe(request.limit);
  } while (after !== undefined);
  expect(images).toEqual(expected.images);
}

async function compareAll({ writer, reader }: OpenIndex, oracle: IndexReader & IndexWriter): Promise<void> {
  const scanAll = async (from: IndexReader) => {
    const documents: Document[] = [];
    for await (const batch of from.scan({})) documents.push(...batch);
    return documents;
  };
  const documents = await scanAll(oracle);
  expect(await scanAll(reader)).toEqual(documents);
  expect(await reader.vocabulary()).toEqual(await oracle.vocabulary());
  expect((await reader.stats()).images).toEqual((await oracle.stats()).images);
  for (const etag of ['e1', 'e2', 'e3', 'e4']) {
    const found = await writer.findByEtag(etag);
    const candidates = documents.filter((document) => document.state === 'indexed' && document.etag === etag);
    if (found) expect(candidates).toContainEqual(found);
    else expect(candidates).toEqual([]);
  }
}
