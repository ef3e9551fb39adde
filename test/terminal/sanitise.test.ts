import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sanitise, sanitiseLines } from '../../src/terminal/sanitise.ts';

/** Any UTF-16 text, with what terminals act on far more often than chance. */
const texts = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '\\',
        '\n',
        '\x1b',
        '\x9b',
        '\u202e',
        '\u2066',
        '\u2028',
        'n',
        'x1b',
        'u202e',
        '犬',
        '👩‍🚀',
      ),
      fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)),
    ),
  )
  .map((parts) => parts.join(''));

function unsanitise(text: string): string {
  return text.replace(/\\(?:x(..)|u(....)|(.))/gu, (_, byte, unit, short) => {
    if (short === undefined) return String.fromCharCode(Number.parseInt(byte ?? unit, 16));
    return ({ n: '\n', r: '\r', t: '\t' } as Record<string, string>)[short] ?? short;
  });
}

test.each([
  ['a\nb\tc\rd', 'a\\nb\\tc\\rd'],
  ['\x1b[31mred\x9b0m\x7f\b', '\\x1b[31mred\\x9b0m\\x7f\\x08'],
  ['photo\u202egpj.exe', 'photo\\u202egpj.exe'],
  ['half \ud83d pair', 'half \\ud83d pair'],
  ['a\\nb', 'a\\\\nb'],
  ['Größe 犬 👩‍🚀', 'Größe 犬 👩‍🚀'],
])('%j is shown as %j', (text, shown) => {
  expect(sanitise(text)).toBe(shown);
});

test('no text keeps anything a terminal acts on, and no two texts look the same', () => {
  fc.assert(
    fc.property(texts, (text) => {
      const shown = sanitise(text);
      expect(shown).not.toMatch(/[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Cs}]/u);
      expect(unsanitise(shown)).toBe(text);
    }),
    { numRuns: 2_000 },
  );
});

test('lines keep their breaks and backslashes, so that a caret still points at its column', () => {
  expect(sanitiseLines('dog \\" \x1b[2J\n     ^')).toBe('dog \\" \\x1b[2J\n     ^');
});
