import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Gives a run a folder for the requests that its suites make (record.js); record.test.ts looks at it when all are done. */
export default async function prepareRecord(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), 'rekback-requests-'));
  process.env.REKBACK_RECORD_REQUESTS = folder;
  return () => rm(folder, { recursive: true, force: true });
}
