import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Column, renderTable } from '../../src/terminal/tables.ts';
import { displayWidth } from '../../src/terminal/width.ts';

interface Row {
  key: string;
  images: number;
  note: string;
}

const columns: Column<Row>[] = [
  { header: 'KEY', cell: (row) => row.key },
  { header: 'IMAGES', cell: (row) => String(row.images), align: 'right' },
  { header: 'NOTE', cell: (row) => row.note },
];

const rows: Row[] = [
  { key: 'short.jpg', images: 7, note: 'ok' },
  {
    key: 'archive/2024/summer/holiday-in-the-mountains/selected/edited/panorama-0001.jpg',
    images: 12_345,
    note: 'also ok',
  },
  { key: 'evil\n\x1b[2J\tname\u202e.jpg', images: 1, note: '犬と猫' },
];

test('fits 80 columns by cutting the widest column in the middle', async () => {
  expect(await renderTable(rows, columns, { width: 80 })).toMatchInlineSnapshot(`
    "KEY                                                              IMAGES  NOTE
    short.jpg                                                             7  ok
    archive/2024/summer/holiday-in-…lected/edited/panorama-0001.jpg   12345  also ok
    evil\\n\\x1b[2J\\tname\\u202e.jpg                                         1  犬と猫
    "
  `);
});

test('leaves whole what fits 120 columns', async () => {
  expect(await renderTable(rows, columns, { width: 120 })).toMatchInlineSnapshot(`
    "KEY                                                                             IMAGES  NOTE
    short.jpg                                                                            7  ok
    archive/2024/summer/holiday-in-the-mountains/selected/edited/panorama-0001.jpg   12345  also ok
    evil\\n\\x1b[2J\\tname\\u202e.jpg                                                        1  犬と猫
    "
  `);
});

test('without a terminal: whole cells between tabs, no header', async () => {
  expect(await renderTable(rows.slice(2), columns, { width: undefined })).toBe(
    'evil\\n\\x1b[2J\\tname\\u202e.jpg\t1\t犬と猫\n',
  );
});

test('styles get the whole cell and its row', async () => {
  const style = (text: string, row: Row) => (row.images > 100 ? `<${text}>` : text);
  const table = await renderTable(rows, [{ header: 'N', cell: (row) => String(row.images), style }], {
    width: 80,
  });
  expect(table).toBe('N\n7\n<12345>\n1\n');
});

test('no line is wider than the terminal, whatever the cells are', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ key: fc.string({ unit: 'grapheme', maxLength: 200 }), note: fc.string() }), {
        minLength: 1,
      }),
      fc.integer({ min: 40, max: 120 }),
      async (cells, width) => {
        const table = await renderTable(
          cells.map((cell) => ({ ...cell, images: 1 })),
          columns,
          { width },
        );
        for (const line of table.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(width);
        expect(table.split('\n')).toHaveLength(cells.length + 2);
      },
    ),
  );
});
