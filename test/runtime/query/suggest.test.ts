import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { distanceTo, suggest } from '../../../src/runtime/query/suggest.ts';

const vocabulary = new Map([
  ['Dog', 400],
  ['dog', 12],
  ['DOG', 1],
  ['Dot', 3],
  ['Golden Retriever', 55],
  ['Golden', 2],
  ['Golf', 90],
  ['Automobile', 7],
  ['Bus', 30],
  ['Bug', 31],
]);

describe('suggest', () => {
  it('counts spellings as one label and shows the most common', () => {
    expect(suggest('dgo', vocabulary)).toEqual([{ name: 'Dog', images: 413 }]);
    expect(suggest('DGO', vocabulary)).toEqual([{ name: 'Dog', images: 413 }]);
  });

  it('puts fewer errors first, then more images', () => {
    expect(suggest('buh', vocabulary)).toEqual([
      { name: 'Bug', images: 31 },
      { name: 'Bus', images: 30 },
    ]);
    expect(suggest('golde', vocabulary).map(({ name }) => name)).toEqual(['Golden', 'Golden Retriever']);
  });

  it('knows the beginning of a label and of a word in it', () => {
    expect(suggest('go', vocabulary).map(({ name }) => name)).toEqual(['Golf', 'Golden Retriever', 'Golden']);
    expect(suggest('retriever', vocabulary)).toEqual([{ name: 'Golden Retriever', images: 55 }]);
  });

  it('allows two errors in long names and none in the shortest', () => {
    expect(suggest('automobbbile', vocabulary).map(({ name }) => name)).toEqual(['Automobile']);
    expect(suggest('automobbbbile', vocabulary)).toEqual([]);
    expect(suggest('do', new Map([['go', 1]]))).toEqual([]);
    expect(suggest('xyzzy', vocabulary)).toEqual([]);
  });

  it('names at most three', () => {
    expect(suggest('label', new Map(Array.from({ length: 50 }, (_, i) => [`Label${i}`, i])))).toEqual([
      { name: 'Label9', images: 9 },
      { name: 'Label8', images: 8 },
      { name: 'Label7', images: 7 },
    ]);
  });
});

/** Optimal string alignment by its recurrence. */
function distance(a: string, b: string): number {
  const cost = (i: number, j: number): number => {
    if (i === 0 || j === 0) return i + j;
    const same = a[i - 1] === b[j - 1] ? 0 : 1;
    const swap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
    return Math.min(
      cost(i - 1, j) + 1,
      cost(i, j - 1) + 1,
      cost(i - 1, j - 1) + same,
      swap ? cost(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY,
    );
  };
  return cost(a.length, b.length);
}

describe('distanceTo', () => {
  it('is the restricted Damerau-Levenshtein distance up to its limit', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', '🐕'), maxLength: 5 });
    fc.assert(
      fc.property(
        word,
        fc.array(word, { maxLength: 8 }),
        fc.integer({ min: 0, max: 3 }),
        (wanted, others, limit) => {
          const limited = distanceTo(wanted, limit);
          for (const other of others) {
            const exact = distance(wanted, other);
            expect(limited(other)).toBe(exact <= limit ? exact : Number.POSITIVE_INFINITY);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });
});
