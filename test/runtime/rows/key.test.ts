import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeKey, encodeKey, isDecodableKey, keyStartsWith } from '../../../src/runtime/rows/key.ts';

const decoded = (text: string) => decodeKey(Buffer.from(text), 0, Buffer.byteLength(text));

/** The definition: `+` is a space, then percent-decoding as ECMAScript has it, which refuses what is not UTF-8. */
function reference(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

const escapes = fc.string({
  unit: fc.constantFrom(
    'a',
    '/',
    '+',
    '%',
    '%2',
    '%25',
    '%2B',
    '%C3',
    '%A9',
    '%c3%a9',
    '%F0%9F%98%80',
    '%ED%A0%80',
    'é',
  ),
  maxLength: 8,
});

test('keys are decoded once, and what is not UTF-8 is told', () => {
  fc.assert(
    fc.property(escapes, (text) => {
      // Half a character raw and half escaped is UTF-8 all the same; ECMAScript would not say so.
      fc.pre(!/é%[89a-f]/i.test(text) && !/%[c-f]\w(%\w\w)*é/i.test(text));
      expect(decoded(text)).toBe(reference(text));
      const bytes = Buffer.from(text);
      expect(isDecodableKey(bytes, 0, bytes.length)).toBe(reference(text) !== undefined);
    }),
    { numRuns: 5_000 },
  );
});

test('every key survives encoding and decoding', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 1024 }), (key) => {
      const encoded = encodeKey(key);
      expect(encoded).toMatch(/^[\x21-\x7e]*$/);
      expect(decoded(encoded ?? '')).toBe(key);
    }),
  );
});

test('a key longer than any of S3 is decoded', () => {
  expect(decoded('%C3%A9'.repeat(5_000))).toBe('é'.repeat(5_000));
});

test('no encoding for half a surrogate pair', () => {
  expect(encodeKey('a\ud800')).toBeUndefined();
});

test('a prefix is compared with the decoded key', () => {
  const key = fc.string({ unit: fc.constantFrom('a', ' ', '+', '/', 'é', '%'), maxLength: 6 });
  fc.assert(
    fc.property(key, key, fc.boolean(), (text, other, escapeAll) => {
      const encoded = escapeAll
        ? [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
        : (encodeKey(text) ?? '');
      const bytes = Buffer.from(encoded);
      for (const prefix of [other, text, text.slice(0, 2), `${text}a`]) {
        expect(keyStartsWith(bytes, 0, bytes.length, Buffer.from(prefix))).toBe(text.startsWith(prefix));
      }
    }),
  );
});
