import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { gunzipped } from '../../../src/runtime/rows/gunzip.ts';
import { pieces } from './fixtures.ts';

async function unpacked(bytes: Buffer, piece: number): Promise<string> {
  let text = '';
  for await (const part of gunzipped('rows.csv.gz', pieces(bytes, piece))) text += part.toString();
  return text;
}

const first = gzipSync('one\n'.repeat(300));
const second = gzipSync('two\n'.repeat(300));
const BOTH = 'one\n'.repeat(300) + 'two\n'.repeat(300);

test('members are read one after the other, wherever the pieces are cut', async () => {
  const file = Buffer.concat([first, second]);
  for (let piece = 1; piece <= file.length; piece++) expect(await unpacked(file, piece)).toBe(BOTH);
});

test('a file cut off at any byte is an error that names it', async () => {
  for (let end = 0; end < first.length; end++) {
    await expect(unpacked(first.subarray(0, end), 10)).rejects.toMatchObject({
      code: 'file-damaged',
      message: expect.stringContaining("'rows.csv.gz'"),
    });
  }
});

test.each([
  ['zeros', [first, Buffer.alloc(3)]],
  ['zeros before another member', [first, Buffer.alloc(3), second]],
  ['text', [first, Buffer.from('one\n')]],
  ['half a header', [first, second.subarray(0, 2)]],
])('what follows the data is an error: %s', async (_, parts) => {
  const file = Buffer.concat(parts);
  for (const piece of [1, first.length, file.length]) {
    await expect(unpacked(file, piece)).rejects.toMatchObject({ code: 'file-damaged' });
  }
});

test('a changed byte is an error', async () => {
  const file = Buffer.from(first);
  file[file.length - 6] = (file.at(-6) ?? 0) ^ 1;
  await expect(unpacked(file, 100)).rejects.toMatchObject({ code: 'file-damaged' });
});

test('an error of the file itself is passed on', async () => {
  async function* broken() {
    yield first.subarray(0, 5);
    throw new Error('disk gone');
  }
  await expect(async () => {
    for await (const _ of gunzipped('rows.csv.gz', broken()));
  }).rejects.toThrow('disk gone');
});

test('a reader that stops early closes the file', async () => {
  let closed = false;
  async function* endless() {
    try {
      for (;;) yield first;
    } finally {
      closed = true;
    }
  }
  for await (const _ of gunzipped('rows.csv.gz', endless())) break;
  expect(closed).toBe(true);
});
