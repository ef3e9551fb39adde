import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openIndexReader } from '../../../src/adapters/sqlite/reader.ts';
import { openIndexWriter } from '../../../src/adapters/sqlite/writer.ts';
import type { IndexWriter } from '../../../src/runtime/ports.ts';
import { makeDocument } from '../../contracts/index.ts';

const bucket = 'photos';
let folder: string;
let file: string;
let writer: IndexWriter;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rekback-index-'));
  file = join(folder, 'index.db');
  writer = await openIndexWriter(file, { bucket, limits: { maxSpan: 512, mergeFactor: 4 } });
});
afterEach(async () => {
  await writer.close();
  rmSync(folder, { recursive: true });
});

/** Overwrites the keys as a whole or creates them, whichever; each state has another label. */
async function write(keys: number[], state: number): Promise<void> {
  const names = keys.map((key) => `key-${String(key).padStart(4, '0')}`);
  const known = await writer.lookUp(names);
  const results = await writer.write(
    names.map((key, i) => ({
      document: makeDocument(key, { labels: [{ name: `State ${state}`, confidence: 90 }] }),
      expected: known[i]?.version,
    })),
  );
  expect(results.every(({ result }) => result === 'written')).toBe(true);
}

function segments(): { count: number; span: number; live: number; postings: number } {
  const database = new Database(file);
  const row = database.prepare(
    `SELECT count(*) AS count, sum(span) AS span, sum(count) AS live,
     (SELECT count(*) FROM postings WHERE id >> 24 NOT IN (SELECT id FROM segments)) AS postings FROM segments`,
  );
  const found = row.get([]) as ReturnType<typeof segments>;
  database.close();
  return found;
}

it('merges single writes into few segments', async () => {
  for (let key = 0; key < 300; key++) await write([key], 0);
  expect(segments()).toMatchObject({ span: 300, live: 300, postings: 0 });
  // Fewer than 4 of each of the tiers 1, 4, 16, 64, 256.
  expect(segments().count).toBeLessThanOrEqual(15);
});

it('keeps fewer dead rows than live ones, however often images change', async () => {
  for (let from = 0; from < 400; from += 50)
    await write(
      Array.from({ length: 50 }, (_, i) => from + i),
      0,
    );
  for (let round = 1; round < 60; round++) {
    await write(
      Array.from({ length: 20 }, (_, i) => (i * 19 + round * 7) % 400),
      round,
    );
    const { span, live, postings } = segments();
    expect(live).toBe(400);
    expect(span).toBeLessThanOrEqual(800);
    expect(postings).toBe(0);
  }
});

it('moves nothing while an index is labelled again from the first image to the last', async () => {
  for (let from = 0; from < 512; from += 32)
    await write(
      Array.from({ length: 32 }, (_, i) => from + i),
      0,
    );
  const row = () => {
    const database = new Database(file);
    const { row: found } = database.prepare("SELECT row FROM images WHERE key = 'key-0511'").get([]) as {
      row: number;
    };
    database.close();
    return found;
  };
  const before = row();
  for (let from = 0; from < 480; from += 32)
    await write(
      Array.from({ length: 32 }, (_, i) => from + i),
      1,
    );
  expect(row()).toBe(before);
});

it('forgets what a failed transaction had added', async () => {
  const labels = [{ name: 'New', confidence: 90 }];
  const impossible = makeDocument('a', { labels, run: 'new run', size: Number.NaN });
  await expect(writer.write([{ document: impossible, expected: undefined }])).rejects.toThrow('NOT NULL');
  await writer.write([
    { document: makeDocument('b', { labels: [{ name: 'Other', confidence: 90 }] }), expected: undefined },
  ]);
  await writer.write([{ document: makeDocument('c', { labels, run: 'new run' }), expected: undefined }]);
  const reader = await openIndexReader(file, { bucket });
  expect(await reader.get('a')).toBeUndefined();
  expect(await reader.get('c')).toMatchObject({ labels, run: 'new run' });
  expect(await reader.vocabulary()).toEqual(
    new Map([
      ['Other', 1],
      ['New', 1],
    ]),
  );
  await reader.close();
});
