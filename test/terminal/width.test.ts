import { expect, test } from 'vitest';
import { cutEnd, cutMiddle, displayWidth } from '../../src/terminal/width.ts';

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
