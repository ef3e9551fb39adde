import fc from 'fast-check';
import { expect, it } from 'vitest';
import { clear, dropBelow, higher, invert, lower, wordsOf } from '../../../src/adapters/sqlite/lanes.ts';

/** Scores go to 101; the operations promise 127. */
const byte = fc.oneof(fc.constantFrom(0, 1, 100, 101, 126, 127), fc.integer({ min: 0, max: 127 }));
const pairs = fc
  .array(fc.tuple(byte, byte), { minLength: 4, maxLength: 40 })
  .map((all) => all.slice(0, all.length & ~3));

/** Runs an operation on words and its plain meaning on bytes. */
function compare(
  operate: (into: Int32Array, other: Int32Array) => void,
  meaning: (a: number, b: number) => number,
): void {
  fc.assert(
    fc.property(pairs, (all) => {
      const into = Uint8Array.from(all, ([a]) => a);
      operate(wordsOf(into), wordsOf(Uint8Array.from(all, ([, b]) => b)));
      expect([...into]).toEqual(all.map(([a, b]) => meaning(a, b)));
    }),
  );
}

it('takes the lower byte', () => compare(lower, Math.min));
it('takes the higher byte', () => compare(higher, Math.max));
it('clears where the other is set', () => compare(clear, (a, b) => (b === 0 ? a : 0)));
it('inverts', () =>
  compare(
    (into) => invert(into, 101),
    (a) => (a === 0 ? 101 : 0),
  ));
it('drops what is below a threshold', () => {
  for (const least of [0, 1, 56, 101, 127])
    compare(
      (into) => dropBelow(into, least),
      (a) => (a >= least ? a : 0),
    );
});
