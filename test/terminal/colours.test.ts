import { expect, test } from 'vitest';
import { palette, wantsColour } from '../../src/terminal/colours.ts';

test.each([
  ['a terminal', true, {}, true],
  ['no terminal', false, {}, false],
  ['NO_COLOR', true, { NO_COLOR: '1' }, false],
  ['an empty NO_COLOR', true, { NO_COLOR: '' }, true],
  ['TERM=dumb', true, { TERM: 'dumb' }, false],
  ['FORCE_COLOR without a terminal', false, { FORCE_COLOR: '1' }, true],
  ['FORCE_COLOR=0', true, { FORCE_COLOR: '0' }, false],
  ['both', true, { FORCE_COLOR: '1', NO_COLOR: '1' }, false],
  ['CI without a terminal', false, { CI: 'true' }, false],
])('%s', (_, isTTY, env, expected) => {
  expect(wantsColour({ isTTY }, env)).toBe(expected);
});

test('uses only hues that can be read on white and on black', () => {
  const { bold, dim, good, bad, notice } = palette({ isTTY: true }, {});
  const codes = [bold, dim, good, bad, notice].map((style) => /\[(\d+)m/.exec(style('x'))?.[1]);
  expect(codes).toEqual(['1', '2', '32', '31', '35']);
});
