import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SdkRequest } from './record.js';

/** Where each suite of a run notes that it was there. */
export const SUITES_FILE = 'suites.txt';

/** A request and the suite that led to it. */
export type Recorded = SdkRequest & { from: string };

/** What a run left in the folder of record.js. */
export async function readRecord(folder: string): Promise<{ requests: Recorded[]; suites: string[] }> {
  const names = await readdir(folder);
  const requests: Recorded[] = [];
  for (const name of names.filter((each) => each.endsWith('.ndjson')).sort()) {
    for (const line of lines(await readFile(join(folder, name), 'utf8'))) {
      requests.push(JSON.parse(line) as Recorded);
    }
  }
  const suites = names.includes(SUITES_FILE) ? lines(await readFile(join(folder, SUITES_FILE), 'utf8')) : [];
  return { requests, suites };
}

/** Whole lines only: a process that was killed may have left half of one. */
function lines(text: string): string[] {
  return text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '');
}
