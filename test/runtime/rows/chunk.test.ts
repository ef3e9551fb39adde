import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CHUNK_COLUMNS, ChunkBuilder, encodeRow, readChunk } from '../../../src/runtime/rows/chunk.ts';
import { line } from './fixtures.ts';

async function built(
  text: string,
  rows: number,
  compress: boolean,
  columns: readonly string[] = CHUNK_COLUMNS,
) {
  const chunk = new ChunkBuilder(columns, Buffer.alloc(10));
  const bytes = Buffer.from(text);
  chunk.add(bytes, 0, bytes.length, rows);
  return chunk.build(compress);
}

describe.each([false, true])('compressed: %s', (compress) => {
  test('images survive, keys byte for byte', async () => {
    const image = fc.record(
      {
        key: fc.string({ unit: 'binary', minLength: 1 }),
        size: fc.nat(),
        lastModified: fc.integer({ min: 0, max: 4e12 }),
        etag: fc.stringMatching(/^[a-f0-9",-]{1,9}[a-f]$/),
        storageClass: fc.constantFrom('STANDARD', 'GLACIER_IR'),
      },
      { requiredKeys: ['key'] },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(image, { minLength: 1 }), async (images) => {
        const body = await built(images.map(encodeRow).join(''), images.length, compress);
        expect(await readChunk(body)).toEqual(images);
      }),
      { numRuns: 50 },
    );
  });

  test('rows of an inventory are kept as they are', async () => {
    const rows = line('photos', 'a+%C3%A9.jpg', '2026-01-01T00:00:00.000Z', 3, 'SSE-S3').trimEnd();
    const body = await built(rows, 1, compress, [
      'Bucket',
      'Key',
      'LastModifiedDate',
      'Size',
      'Encryption é',
    ]);
    expect(await readChunk(body)).toEqual([{ key: 'a é.jpg', lastModified: Date.UTC(2026), size: 3 }]);
    if (!compress) expect(body.subarray(body.indexOf('\n') + 1).toString()).toBe(`${rows}\n`);
  });

  test('cut off anywhere, it is damaged', async () => {
    const body = await built('"a.jpg","1","","",""\n"b.jpg","2","","",""\n', 2, compress);
    for (let end = 0; end < body.length; end++) {
      await expect(readChunk(body.subarray(0, end))).rejects.toMatchObject({ code: 'chunk-damaged' });
    }
  });
});

test('a chunk of a version to come, or with another number of rows, is not read', async () => {
  await expect(readChunk(Buffer.from('{"version":2}\n'))).rejects.toMatchObject({ code: 'chunk-damaged' });
  await expect(readChunk(await built('"a.jpg","1","","",""\n', 2, false))).rejects.toMatchObject({
    code: 'chunk-damaged',
    message: expect.stringContaining('1 of 2 rows'),
  });
});
