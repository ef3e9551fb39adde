import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { INCOMPLETE, MALFORMED, RowLexer, viewOf } from '../../../src/runtime/rows/lexer.ts';

/** Rows of a text, or 'malformed'. */
function lexed(text: string, columns: number, start?: string): string[][] | 'malformed' {
  const bytes = Buffer.from(text);
  const lexer = new RowLexer(columns, start);
  const rows: string[][] = [];
  for (let at = 0; at < bytes.length; ) {
    at = lexer.row(bytes, viewOf(bytes), at, true);
    if (at === MALFORMED) return 'malformed';
    if (lexer.count === 0) break;
    const values = Array.from({ length: lexer.count }, (_, column) => lexer.text(bytes, column));
    if (lexer.expected) values[0] = (start ?? '').slice(1, -2);
    rows.push(values);
  }
  return rows;
}

const asCsvParse = (text: string): string[][] | 'malformed' => {
  try {
    return parse(text, {
      record_delimiter: ['\r\n', '\n'],
      skip_empty_lines: true,
      relax_column_count: true,
    });
  } catch {
    return 'malformed';
  }
};

const value = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'b', ' ', '"', ',', '\n', '\r', '\r\n', 'é', '日', '%20') }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.stringMatching(/^[a-z0-9/.+%-]{0,60}$/),
);
const quoted = value.map((text) => `"${text.replaceAll('"', '""')}"`);
const unquoted = fc.stringMatching(/^[a-z0-9/.+ -]{0,20}$/);
const row = fc.array(fc.oneof({ weight: 4, arbitrary: quoted }, unquoted), { minLength: 3, maxLength: 3 });
const table = fc
  .tuple(fc.array(fc.tuple(row, fc.constantFrom('\n', '\r\n', '\n\n')), { minLength: 1 }), fc.boolean())
  .map(([rows, ended]) => {
    const text = rows.map(([fields, end]) => fields.join(',') + end).join('');
    return ended ? text : text.replace(/\r?\n\n?$/, '');
  });

test('rows are those of csv-parse', () => {
  fc.assert(
    fc.property(table, (text) => {
      expect(lexed(text, 3)).toEqual(asCsvParse(text));
    }),
    { numRuns: 2_000 },
  );
});

test('any text is read as csv-parse reads it, or refused by both', () => {
  const soup = fc.string({ unit: fc.constantFrom('a', '"', '""', ',', '\n', '\r\n', '","'), maxLength: 14 });
  fc.assert(
    fc.property(soup, (text) => {
      expect(lexed(text, 9)).toEqual(asCsvParse(text));
    }),
    { numRuns: 5_000 },
  );
});

test('an expected start changes nothing but the speed', () => {
  const bucket = fc.stringMatching(/^[a-c]{1,2}[a-z]{0,6}[ab]$/);
  fc.assert(
    fc.property(bucket, fc.array(fc.tuple(fc.nat({ max: 9 }), quoted), { minLength: 1 }), (name, rows) => {
      // In some rows another name of the same length, different in one place.
      const other = (at: number) => (at < name.length ? `${name.slice(0, at)}-${name.slice(at + 1)}` : name);
      const text = rows.map(([at, field]) => `"${other(at)}",${field}\n`).join('');
      expect(lexed(text, 9, `"${name}",`)).toEqual(lexed(text, 9));
    }),
  );
});

test('a row that the block cuts off is incomplete at every byte, and never another row', () => {
  fc.assert(
    fc.property(row, (fields) => {
      const bytes = Buffer.from(`${fields.join(',')}\r\n`);
      const lexer = new RowLexer(3);
      for (let end = 0; end < bytes.length; end++) {
        const cut = bytes.subarray(0, end);
        expect(lexer.row(cut, viewOf(cut), 0, false)).toBe(INCOMPLETE);
      }
    }),
  );
});
