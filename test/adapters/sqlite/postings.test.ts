import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodePostings, PostingsBuilder } from '../../../src/adapters/sqlite/postings.ts';

const SPANS = [1, 3, 4, 5, 200, 65_535, 65_536];

function roundTrip(rows: [offset: number, value: number][], span: number): [number, number][] {
  const builder = new PostingsBuilder();
  for (const [offset, value] of rows) builder.add(offset, value);
  const { offsets, values } = decodePostings(Uint8Array.from(builder.encode(span)));
  return [...values]
    .map((value, i): [number, number] => [offsets ? (offsets[i] ?? -1) : i, value])
    .filter(([, value]) => value > 0);
}

it('stores a list as it is, few rows or all', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...SPANS),
      fc.uniqueArray(fc.tuple(fc.nat(65_535), fc.integer({ min: 1, max: 101 })), {
        selector: ([offset]) => offset,
        maxLength: 60,
      }),
      (span, drawn) => {
        const rows = drawn.filter(([offset]) => offset < span).sort(([a], [b]) => a - b);
        expect(roundTrip(rows, span)).toEqual(rows);
      },
    ),
  );
});

it('takes the shorter of both forms', () => {
  const encoded = (count: number) => {
    const builder = new PostingsBuilder();
    for (let i = 0; i < count; i++) builder.add(i, 101);
    return builder.encode(65_536).length;
  };
  expect(encoded(1)).toBe(4);
  expect(encoded(21_845)).toBe(65_536);
  expect(encoded(21_846)).toBe(65_537);
  expect(encoded(65_536)).toBe(65_537);
});

it('joins lists without their dead rows', () => {
  const builder = new PostingsBuilder();
  const live = Uint8Array.of(0b1011);
  builder.addAll({ offsets: Uint16Array.of(0, 2, 3), values: Uint8Array.of(5, 6, 7) }, 0, live);
  builder.addAll({ values: Uint8Array.of(0, 9, 0, 101) }, 4, undefined);
  const { offsets, values } = decodePostings(Uint8Array.from(builder.encode(1_000)));
  expect([...(offsets ?? [])]).toEqual([0, 3, 5, 7]);
  expect([...values]).toEqual([5, 7, 9, 101]);
});
