import { expect, test } from 'vitest';
import { separateWords } from '../../src/terminal/words.ts';

const flags = {
  limit: { type: 'option', char: 'n' },
  count: { type: 'boolean', allowNo: true },
  null: { type: 'boolean', aliases: ['0', 'nul'] },
} as const;

test.each([
  [['dog', '-cat'], [], ['dog', '-cat']],
  [['dog', '-0'], ['-0'], ['dog']],
  [['-0', 'dog', '--nul'], ['-0', '--nul'], ['dog']],
  [
    ['dog', '--limit', '5', 'cat'],
    ['--limit', '5'],
    ['dog', 'cat'],
  ],
  [['dog', '--limit=5'], ['--limit=5'], ['dog']],
  [['-n', '-5', 'dog'], ['-n', '-5'], ['dog']],
  [['-night', '-n5'], [], ['-night', '-n5']],
  [['--no-count', 'dog'], ['--no-count'], ['dog']],
  [['dog', '--limt', '5'], ['--limt'], ['dog', '5']],
  [['dog', '--', '--limit', '--', '-0'], [], ['dog', '--limit', '--', '-0']],
  [['-'], [], ['-']],
  [['dog', '--limit'], ['--limit'], ['dog']],
])('%j', (argv, expectedFlags, words) => {
  expect(separateWords(argv, flags as never)).toEqual({ flags: expectedFlags, words });
});
