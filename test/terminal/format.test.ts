import { expect, test } from 'vitest';
import {
  formatBytes,
  formatCount,
  formatCounted,
  formatDate,
  formatDollars,
  formatDuration,
  formatRate,
} from '../../src/terminal/format.ts';

test.each([
  [0, '0'],
  [999, '999'],
  [1_234_567, '1,234,567'],
  [39.96, '40'],
  [3.14, '3.1'],
])('count %d', (value, shown) => {
  expect(formatCount(value)).toBe(shown);
});

test('nouns follow their number', () => {
  expect(formatCounted(1, 'image')).toBe('1 image');
  expect(formatCounted(0, 'image')).toBe('0 images');
  expect(formatCounted(2_000, 'query', 'queries')).toBe('2,000 queries');
});

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1_000, '1 KB'],
  [999_949, '999.9 KB'],
  [999_999, '1 MB'],
  [1_500_000_000, '1.5 GB'],
])('%d bytes', (bytes, shown) => {
  expect(formatBytes(bytes)).toBe(shown);
});

test.each([
  [0, '0 s'],
  [420, '0.4 s'],
  [9_949, '9.9 s'],
  [9_950, '10 s'],
  [59_600, '1 min'],
  [95_000, '1 min 35 s'],
  [3_600_000, '1 h'],
  [7_829_000, '2 h 10 min'],
  [367_200_000, '4 d 6 h'],
])('%d milliseconds', (milliseconds, shown) => {
  expect(formatDuration(milliseconds)).toBe(shown);
});

test('dates are local', () => {
  expect(formatDate(new Date(2026, 0, 5, 9, 7).getTime())).toBe('2026-01-05 09:07');
});

test.each([
  [0, '$0.00'],
  [0.004, '< $0.01'],
  [1_234.5, '$1,234.50'],
])('%d dollars', (dollars, shown) => {
  expect(formatDollars(dollars)).toBe(shown);
});

test.each([
  [0.42, '0.4/s'],
  [9.94, '9.9/s'],
  [39.6, '40/s'],
  [1_529.9, '1,530/s'],
])('rate %d', (value, shown) => {
  expect(formatRate(value)).toBe(shown);
});
