import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fold } from '../../../src/runtime/query/fold.ts';
import { parse } from '../../../src/runtime/query/parse.ts';
import { resolve } from '../../../src/runtime/query/resolve.ts';
import type { ResolvedQuery } from '../../../src/runtime/query/tree.ts';

const vocabularyOf = (...names: string[]) => new Map(names.map((name) => [name, 1]));

/** The labels that a query of one term stands for. */
function labelsOf(query: string, ...names: string[]): string[] {
  const resolved = resolve(parse(query), vocabularyOf(...names)).query;
  if (resolved.kind !== 'labels') throw new Error(`${query} is more than one term`);
  return resolved.labels;
}

describe('resolve', () => {
  it('keeps the tree and the thresholds', () => {
    const { query, unknown } = resolve(parse('dog>=90 OR -(cat bird)'), vocabularyOf('Dog', 'Cat'));
    expect(query).toEqual<ResolvedQuery>({
      kind: 'or',
      parts: [
        { kind: 'labels', labels: ['Dog'], minConfidence: 90 },
        {
          kind: 'not',
          part: {
            kind: 'and',
            parts: [
              { kind: 'labels', labels: ['Cat'] },
              { kind: 'labels', labels: [] },
            ],
          },
        },
      ],
    });
    expect(unknown.map(({ name, at }) => [name, at])).toEqual([['bird', 17]]);
  });

  it('finds every spelling that differs only in case or composition', () => {
    expect(labelsOf('DOG', 'dog', 'Dog', 'dOG', 'Dogs', 'hotdog')).toEqual(['Dog', 'dOG', 'dog']);
    expect(labelsOf('cafe\u0301', 'CAFÉ', 'Cafe')).toEqual(['CAFÉ']);
    expect(labelsOf('οδός', 'ΟΔΌΣ')).toEqual(['ΟΔΌΣ']);
    expect(labelsOf('straße', 'STRAẞE', 'STRASSE')).toEqual(['STRAẞE']);
  });

  it.each([
    ['dogs', 'Dog'],
    ['boxes', 'Box'],
    ['puppies', 'Puppy'],
    ['movies', 'Movie'],
    ['wolves', 'Wolf'],
    ['knives', 'Knife'],
    ['women', 'Woman'],
    ['children', 'Child'],
    ['people', 'Person'],
    ['"golden retrievers"', 'Golden Retriever'],
  ])('reads the plural %s as %s', (plural, singular) => {
    expect(labelsOf(plural, 'Cat', singular)).toEqual([singular]);
  });

  it('takes a plural literally where it is a label, and never makes one', () => {
    expect(labelsOf('dogs', 'Dog', 'DOGS')).toEqual(['DOGS']);
    expect(labelsOf('dog', 'Dogs')).toEqual([]);
    expect(labelsOf('glass', 'Glas')).toEqual([]);
    expect(labelsOf('is', 'I')).toEqual([]);
    expect(labelsOf('dogs*', 'Dog')).toEqual([]);
  });

  it.each([
    ['dog*', ['Dog', 'Dog House', 'dogwood']],
    ['*dog', ['Dog', 'Hot Dog']],
    ['d*g', ['Dog']],
    ['d*o*o*', ['Dog House', 'dogwood']],
    ['*o*o*', ['Dog House', 'Hot Dog', 'dogwood']],
    ['"* dog"', ['Hot Dog']],
    ['dog*g', []],
    ['dog*dog', []],
    ['"c\\**"', ['C*']],
    ['c\\*', ['C\\D']],
    ['ΣΊΣ*', ['ΣΊΣΥΦΟΣ']],
  ])('expands %s', (query, labels) => {
    expect(labelsOf(query, 'Dog', 'Dog House', 'dogwood', 'Hot Dog', 'C*', 'C\\D', 'CD', 'ΣΊΣΥΦΟΣ')).toEqual(
      labels,
    );
  });

  it('expands like the regular expression', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'B', '*', '.'), minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(text, fc.uniqueArray(text, { maxLength: 30 }), (pattern, names) => {
        fc.pre(/[^*]/.test(pattern) && pattern.includes('*'));
        const expression = new RegExp(`^${pattern.replaceAll('.', '\\.').replace(/\*+/g, '.*')}$`, 'i');
        expect(labelsOf(pattern, ...names)).toEqual(names.filter((name) => expression.test(name)).sort());
      }),
      { numRuns: 2_000 },
    );
  });

  it('answers a pattern with many wildcards without backtracking', () => {
    expect(labelsOf(`${'a*'.repeat(5_000)}b`, 'a'.repeat(100_000))).toEqual([]);
  });

  it('does not mind what order the vocabulary comes in', () => {
    expect(labelsOf('a*', 'ab', 'AB', 'aa')).toEqual(labelsOf('a*', 'aa', 'ab', 'AB'));
  });
});

describe('fold', () => {
  it('is the same for every normal form, and for its own result', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        expect(fold(fold(name))).toBe(fold(name));
        expect(fold(name.normalize('NFD'))).toBe(fold(name));
      }),
      { numRuns: 1_000 },
    );
    expect(fold('H\u0331')).toBe(fold('\u1e96'));
  });
});
