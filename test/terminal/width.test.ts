import { expect, test } from 'vitest';
import { cutEnd, cutMiddle, displayWidth, fitted } from '../../src/terminal/width.ts';

test.each([
  ['plain', 5],
  ['日本語', 6],
  ['e\u0301', 1],
  ['👩‍🚀', 2],
  ['…', 1],
])('%s takes %i columns', (text, width) => {
  expect(displayWidth(text)).toBe(width);
});

test('cutting keeps both ends and never splits a wide character', () => {
  expect(cutMiddle('abcdefghij', 7)).toBe('abc…hij');
  expect(cutMiddle('日本語日本語', 6)).toBe('日…語');
  expect(cutMiddle('short', 5)).toBe('short');
});

test('cutting the end never splits a wide character', () => {
  expect(cutEnd('abcdefghij', 7)).toBe('abcdef…');
  expect(cutEnd('日本語日本語', 6)).toBe('日本…');
  expect(cutEnd('short', 5)).toBe('short');
});

test('a line is broken at blanks for a terminal, and whole without one', () => {
  const narrow = { isTTY: true, columns: 20 };
  expect(fitted('  one two three four five', '      ', narrow)).toBe('  one two three four\n      five');
  expect(fitted('a'.repeat(30), '  ', narrow)).toBe('a'.repeat(30));
  expect(fitted('one  two', '', { isTTY: true, columns: 4 })).toBe('one  two');
  expect(fitted('one two three four five six', '', { isTTY: false, columns: 20 })).toBe(
    'one two three four five six',
  );
});
