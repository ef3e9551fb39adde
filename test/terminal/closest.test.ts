import { expect, test } from 'vitest';
import { closest } from '../../src/terminal/closest.ts';

const commands = ['backfill now', 'backfill list', 'search', 'setup', 'status', 'stacks'];

test.each([
  ['serch', ['search']],
  ['saerch', ['search']],
  ['backfil nwo', ['backfill now']],
  ['stats', ['stacks', 'status']],
  ['teleport', []],
])('%s', (typed, expected) => {
  expect(closest(typed, commands).sort()).toEqual([...expected].sort());
});

test('the nearest comes first', () => {
  expect(closest('backfill lst', ['backfill now', 'backfill list'])).toEqual([
    'backfill list',
    'backfill now',
  ]);
});
