import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { openIndexReader } from '../../../src/adapters/sqlite/reader.ts';
import type { SegmentLimits } from '../../../src/adapters/sqlite/segment-set.ts';
import { openIndexWriter } from '../../../src/adapters/sqlite/writer.ts';
import type { IndexWriter } from '../../../src/runtime/ports.ts';
import { indexContract } from '../../contracts/index.ts';

const folder = mkdtempSync(join(tmpdir(), 'rekback-index-'));
afterAll(() => rmSync(folder, { recursive: true }));
let files = 0;

async function open(limits?: SegmentLimits) {
  const file = join(folder, `${files++}.db`);
  const writer = await openIndexWriter(file, { bucket: 'photos', ...(limits && { limits }) });
  return { writer, reader: await openIndexReader(file, { bucket: 'photos' }) };
}

indexContract('sqlite', () => open());
// So small that a short history reaches merges of every tier, full segments and compaction.
indexContract('sqlite with tiny segments', () => open({ maxSpan: 9, mergeFactor: 2 }));
indexContract('sqlite with small segments', () => open({ maxSpan: 20, mergeFactor: 4 }));

// Each keeps ids of labels and rows in mind that the other one adds to.
indexContract('sqlite with two writers', async () => {
  const limits = { maxSpan: 20, mergeFactor: 2 };
  const { writer: first, reader } = await open(limits);
  const second = await openIndexWriter(join(folder, `${files - 1}.db`), { bucket: 'photos', limits });
  let calls = 0;
  const next = () => (calls++ % 2 ? first : second);
  const writer: IndexWriter = {
    lookUp: (keys) => next().lookUp(keys),
    findByEtag: (etag) => next().findByEtag(etag),
    write: (writes) => (calls % 3 ? first : second).write(writes),
    close: async () => {
      await first.close();
      await second.close();
    },
  };
  return { writer, reader };
});
