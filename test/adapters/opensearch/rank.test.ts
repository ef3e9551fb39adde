import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openMemoryIndex } from '../../../src/adapters/memory/index.ts';
import { allOf, below, matching } from '../../../src/adapters/opensearch/compile.ts';
import { ranked } from '../../../src/adapters/opensearch/rank.ts';
import type { Document } from '../../../src/runtime/contract.ts';
import type { ResolvedQuery } from '../../../src/runtime/query/tree.ts';
import { makeDocument } from '../../contracts/index.ts';
import { evaluate } from './evaluate.ts';

const LABELS = ['Dog', 'Cat', 'a|b', 'Tree', 'Sky'];
const confidence = fc.constantFrom(0, 1, 50, 89, 90, 91, 100);
const document = fc
  .uniqueArray(fc.record({ name: fc.constantFrom(...LABELS), confidence }), { selector: ({ name }) => name })
  .map((labels) => makeDocument('a', { labels }));
const labelsTerm: fc.Arbitrary<ResolvedQuery> = fc
  .record({
    labels: fc.uniqueArray(fc.constantFrom(...LABELS, 'unknown'), { maxLength: 3 }),
    minConfidence: fc.option(confidence, { nil: undefined }),
  })
  .map(({ labels, minConfidence }) => ({
    kind: 'labels',
    labels,
    ...(minConfidence !== undefined && { minConfidence }),
  }));
/** So many alternatives of so many terms that they can't be brought into groups. */
const wide = fc
  .array(fc.array(labelsTerm, { minLength: 4, maxLength: 5 }), { minLength: 2, maxLength: 3 })
  .map(
    (alternatives): ResolvedQuery => ({
      kind: 'or',
      parts: alternatives.map((parts) => ({ kind: 'and', parts })),
    }),
  );
const { query } = fc.letrec<{ query: ResolvedQuery }>((tie) => ({
  query: fc.oneof(
    { maxDepth: 4 },
    { weight: 6, arbitrary: labelsTerm },
    { weight: 1, arbitrary: wide },
    {
      weight: 6,
      arbitrary: fc
        .array(tie('query'), { maxLength: 4 })
        .map((parts): ResolvedQuery => ({ kind: 'and', parts })),
    },
    {
      weight: 6,
      arbitrary: fc
        .array(tie('query'), { maxLength: 4 })
        .map((parts): ResolvedQuery => ({ kind: 'or', parts })),
    },
    { weight: 6, arbitrary: tie('query').map((part): ResolvedQuery => ({ kind: 'not', part })) },
  ),
}));

/** What an index that does everything the obvious way finds and puts first. */
async function expected(documents: readonly Document[], asked: ResolvedQuery, minConfidence: number) {
  const index = openMemoryIndex({ bucket: 'photos' });
  await index.write(
    documents.map((each, at) => ({ document: { ...each, key: `${at}` }, expected: undefined })),
  );
  const { images } = await index.search({ query: asked, minConfidence, limit: 100 });
  return images.map(({ key }) => Number(key));
}

describe('what a query becomes', () => {
  test('matches and ranks as the obvious index does', async () => {
    const seen = { constant: 0, groups: 0, levels: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.array(document, { maxLength: 6 }),
        query,
        confidence,
        async (documents, asked, least) => {
          const found = await expected(documents, asked, least);
          const matches = matching(asked, least);
          const { query: best, isConstant } = ranked(asked, least);
          const score = (at: number) =>
            isConstant ? 101 : evaluate(best, documents[at] ?? makeDocument(''));
          const text = JSON.stringify(best);
          seen[isConstant ? 'constant' : text.includes('"first"') ? 'levels' : 'groups']++;
          documents.forEach((each, at) => {
            expect(evaluate(matches, each) !== undefined).toBe(found.includes(at));
            expect(evaluate(best, each) !== undefined).toBe(found.includes(at));
          });
          const order = [...found].sort((a, b) => (score(b) ?? 0) - (score(a) ?? 0) || a - b);
          expect(order).toEqual(found);
          const banded = documents.flatMap((each, at) =>
            evaluate(ranked(asked, least, 90).query, each) === undefined ? [] : at,
          );
          expect(banded).toEqual(found.filter((at) => (score(at) ?? 0) >= 91).sort((a, b) => a - b));
        },
      ),
      { numRuns: 1_000 },
    );
    for (const times of Object.values(seen)) expect(times).toBeGreaterThan(10);
  }, 60_000);

  test('a threshold of 0 asks for one term a label, any other for one a confidence', () => {
    const dog: ResolvedQuery = { kind: 'labels', labels: ['Dog'] };
    expect(matching(dog, 0)).toEqual({ terms: { names: ['Dog'] } });
    expect(matching(dog, 98)).toEqual({ terms: { labels: ['Dog|98', 'Dog|99', 'Dog|100'] } });
  });

  test('more labels than one terms query takes are spread over several', () => {
    const labels = Array.from({ length: 70_000 }, (_, at) => `L${at}`);
    const filter = matching({ kind: 'labels', labels }, 0);
    expect(evaluate(filter, makeDocument('a', { labels: [{ name: 'L69999', confidence: 1 }] }))).toBe(1);
    expect(JSON.stringify(filter).match(/"names"/g)).toHaveLength(2);
  });
});

describe('a key prefix', () => {
  const part = fc.string({ unit: fc.constantFrom('a', '/', '\u{1f415}', 'é'), maxLength: 8 });
  const long = fc.constantFrom(
    '',
    'x'.repeat(255),
    '/'.repeat(20),
    `${'\u{1f415}'.repeat(127)}x`,
    'x'.repeat(600),
  );

  test('finds the keys that begin with it, however long', () => {
    fc.assert(
      fc.property(part, part, part, long, (start, middle, end, filler) => {
        const prefix = start + filler + middle;
        for (const key of [prefix, prefix + end, start + filler, start + end, `${start}/${filler}`]) {
          const found = evaluate(allOf([below(prefix)]), makeDocument(key)) !== undefined;
          expect(found).toBe(key.startsWith(prefix));
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('that is a folder is one term', () => {
    expect(below('2024/05/')).toEqual({ term: { folders: '2024/05/' } });
    expect(below('2024/05')).toEqual({
      bool: { filter: [{ term: { folders: '2024/' } }, { prefix: { key: '2024/05' } }] },
    });
  });
});
