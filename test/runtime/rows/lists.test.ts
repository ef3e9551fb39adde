import { describe, expect, test } from 'vitest';
import { readCsv } from '../../../src/runtime/rows/csv.ts';
import { readKeys } from '../../../src/runtime/rows/keys.ts';
import { allRows, BUCKET, line, pieces } from './fixtures.ts';

const csv = (text: string | Buffer, piece = 7) =>
  allRows(readCsv('my.csv', pieces(Buffer.from(text), piece), BUCKET));
const keys = async (text: string | Buffer, piece = 7) =>
  (await allRows(readKeys('my.txt', pieces(Buffer.from(text), piece)))).map(({ key }) => key);
const error = (code: string, ...texts: string[]) => ({
  code,
  message: expect.stringMatching(new RegExp(texts.join('.*'))),
});

describe('a CSV that a person made', () => {
  test('a header row names columns in any order and case', async () => {
    const text = `ETag,Storage Class,NOTE,Last-Modified,KEY,size\n"""e1""",STANDARD,x,2026-01-31T12:00:00Z,a b%20+.jpg,12\n`;
    expect(await csv(text)).toEqual([
      {
        key: 'a b%20+.jpg',
        size: 12,
        lastModified: Date.UTC(2026, 0, 31, 12),
        etag: 'e1',
        storageClass: 'STANDARD',
      },
    ]);
  });

  test.each([
    ['bucket,key', `${BUCKET},a.jpg\n${BUCKET},"b,c.jpg"\n`, ['a.jpg', 'b,c.jpg']],
    ['key', 'a.jpg\r\nb.jpg\r\n', ['a.jpg', 'b.jpg']],
    ['with a byte order mark', '\ufeffkey\na.jpg', ['a.jpg']],
    ['only a header', 'bucket,key\n', []],
    ['beyond ASCII', 'key\n日本/é.jpg\n', ['日本/é.jpg']],
    ['a key over two lines', 'key\n"a\nb.jpg"\n', ['a\nb.jpg']],
  ])('%s', async (_, text, wanted) => {
    for (const piece of [1, 7, 1000]) expect((await csv(text, piece)).map(({ key }) => key)).toEqual(wanted);
  });

  test('a key that is not UTF-8 is told', async () => {
    const text = Buffer.concat([Buffer.from('key\na'), Buffer.from([0xe9]), Buffer.from('.jpg\n')]);
    expect(await csv(text)).toEqual([{ key: 'a\ufffd.jpg', skip: 'name-not-utf8' }]);
  });

  test.each([
    ['two columns', line(BUCKET, 'a.jpg')],
    ['more columns', line(BUCKET, 'a.jpg', 1)],
    ['more columns, unquoted', `${BUCKET},a.jpg,1\n`],
  ])('a data file of an inventory is refused: %s', async (_, text) => {
    await expect(csv(text)).rejects.toMatchObject({
      ...error('inventory-data', "'my.csv'"),
      suggestions: [expect.stringContaining('manifest.json'), expect.stringContaining('header row')],
    });
  });

  test.each([
    ['another bucket', 'bucket,key\nelse,a.jpg\n', error('wrong-bucket', 'row 2', 'my.csv', 'else', BUCKET)],
    ['another bucket, no header', 'else,a.jpg\n', error('wrong-bucket', 'row 1', 'else', BUCKET)],
    ['no key column', 'name,size,date\na.jpg,1,x\n', error('column-missing', 'my.csv', "'key'")],
    ['two key columns', 'key,Key\na,b\n', error('column-repeated', 'my.csv')],
    ['no key', 'key,size\n,1\n', error('row-invalid', 'row 2', 'my.csv')],
    ['a size in words', 'key,size\na.jpg,12 kB\n', error('row-invalid', 'row 2', '12 kB', 'bytes')],
    ['a date in words', 'key,lastModified\na.jpg,1/2/26\n', error('row-invalid', 'row 2', '1/2/26')],
    ['too few values', 'key,size\na.jpg\n', error('row-invalid', 'my.csv')],
    ['a quote too few', 'key\n"a.jpg\n', error('row-invalid', 'my.csv')],
    ['nothing but line ends', '\n\n', error('file-empty', 'my.csv')],
  ])('%s is an error', async (_, text, wanted) => {
    await expect(csv(text)).rejects.toMatchObject(wanted);
  });
});

describe('a key list', () => {
  test.each([
    ['LF', 'a.jpg\nb c+%20.jpg\n', ['a.jpg', 'b c+%20.jpg']],
    ['CRLF, no end', 'a.jpg\r\nb.jpg', ['a.jpg', 'b.jpg']],
    ['empty lines', '\na.jpg\n\n\r\nb.jpg\n', ['a.jpg', 'b.jpg']],
    ['NUL', 'a\nb.jpg\0c\r.jpg\0', ['a\nb.jpg', 'c\r.jpg']],
    ['NUL, no end', 'a.jpg\0b.jpg', ['a.jpg', 'b.jpg']],
    ['a byte order mark', '\ufeffa.jpg\n', ['a.jpg']],
    ['commas and quotes', 'a,"b".jpg\n', ['a,"b".jpg']],
  ])('%s', async (_, text, wanted) => {
    for (const piece of [1, 2, 3, 1000]) expect(await keys(text, piece)).toEqual(wanted);
  });

  test('many keys, in any pieces', async () => {
    const many = Array.from({ length: 12_000 }, (_, number) => `photos/${number}.jpg`);
    for (const end of ['\n', '\r\n', '\0']) {
      expect(await keys(many.join(end), 65_537)).toEqual(many);
    }
  });

  test('a key that is not UTF-8 is told', async () => {
    const rows = await allRows(readKeys('my.txt', pieces(Buffer.from([0x61, 0xe9, 0x0a]), 9)));
    expect(rows).toEqual([{ key: 'a\ufffd', skip: 'name-not-utf8' }]);
  });

  test.each([
    [
      'a NUL after many lines',
      `${'a.jpg\n'.repeat(20_000)}b\0.jpg\n`,
      error('row-invalid', 'key 20001', 'my.txt', 'NUL'),
    ],
    ['a line that does not end', 'a'.repeat(200_000), error('row-invalid', 'my.txt')],
    ['nothing', '\n\r\n', error('file-empty', 'my.txt')],
  ])('%s is an error', async (_, text, wanted) => {
    await expect(keys(text, 1 << 16)).rejects.toMatchObject(wanted);
  });
});
