/**
 * Planning a run from an S3 inventory: rows a second against a bare gunzip of the same file, and memory.
 *
 *   npm run build && node test/bench/planning.js
 */
import { execFile } from 'node:child_process';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createGunzip } from 'node:zlib';
import { BUCKET, madeInventory } from './inventory.js';
import { printRows } from './print.js';
import { MODULES } from './where.js';

const ROWS = 2_000_000;
const FEW_ROWS = 200_000;
const ROUNDS = 5;

/** What planning promises: shares of the bare gunzip's rows a second, and of the memory that a tenth of the rows takes. */
const BOUNDS = { plain: 0.5, compressed: 0.3, memory: 1.2 };

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

async function timed(work) {
  const start = performance.now();
  const result = await work();
  return { seconds: (performance.now() - start) / 1000, result };
}

async function bareGunzip(data) {
  let bytes = 0;
  const unpacked = createReadStream(data, { highWaterMark: 1 << 18 }).pipe(
    createGunzip({ chunkSize: 1 << 18 }),
  );
  for await (const piece of unpacked) bytes += piece.length;
  return bytes;
}

/** Plans a run as a command does, with chunks written to files. */
async function plan(manifest, compress) {
  const [{ planRun }, { openRows }, { localFiles }] = await Promise.all([
    import(`${MODULES}/runtime/run/plan.js`),
    import(`${MODULES}/runtime/rows/open.js`),
    import(`${MODULES}/adapters/folder/files.js`),
  ]);
  const folder = await mkdtemp(join(tmpdir(), 'planning-'));
  try {
    return await timed(async () =>
      planRun({
        rows: await openRows(localFiles, manifest, BUCKET),
        formats: new Set(['.jpg', '.jpeg', '.png']),
        compress,
        put: (chunk, body) => writeFile(join(folder, String(chunk)), body),
        signal: new AbortController().signal,
      }),
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Peak memory in MB of a process that does nothing else. */
async function peakMemory(manifest, compress) {
  const args = [fileURLToPath(import.meta.url), '--peak', manifest, String(compress)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return Number(stdout);
}

/** @returns one row per figure */
export async function benchPlanning() {
  const [many, few] = [await madeInventory(ROWS), await madeInventory(FEW_ROWS)];
  const seconds = { gunzip: [], plain: [], compressed: [] };
  const bytesPerChunk = {};
  // Whatever else the machine does meets all three alike.
  for (let round = 0; round < ROUNDS; round++) {
    seconds.gunzip.push((await timed(() => bareGunzip(many.data))).seconds);
    for (const kind of ['plain', 'compressed']) {
      const planned = await plan(many.manifest, kind === 'compressed');
      if (planned.result.total !== ROWS) throw new Error(`${planned.result.total} rows were planned`);
      seconds[kind].push(planned.seconds);
      bytesPerChunk[kind] = Math.round(planned.result.bytes / planned.result.chunks.length);
    }
  }
  const memory = {};
  for (const kind of ['plain', 'compressed']) {
    const compress = kind === 'compressed';
    const peaks = { few: [], many: [] };
    for (let round = 0; round < 3; round++) {
      peaks.few.push(await peakMemory(few.manifest, compress));
      peaks.many.push(await peakMemory(many.manifest, compress));
    }
    memory[kind] = { few: median(peaks.few), many: median(peaks.many) };
  }
  const rows = [
    {
      what: `planning ${ROWS} inventory rows: bare gunzip`,
      value: ROWS / median(seconds.gunzip),
      unit: 'rows/s',
    },
  ];
  for (const kind of ['plain', 'compressed']) {
    const share = median(seconds.gunzip.map((bare, round) => bare / seconds[kind][round]));
    const { few: fewPeak, many: manyPeak } = memory[kind];
    rows.push(
      {
        what: `planning to ${kind} chunks: speed against gunzip`,
        value: share,
        unit: '×',
        atLeast: BOUNDS[kind],
      },
      { what: `planning to ${kind} chunks: a chunk`, value: bytesPerChunk[kind], unit: 'bytes' },
      { what: `planning to ${kind} chunks: peak memory`, value: manyPeak, unit: 'MB' },
      {
        what: `planning to ${kind} chunks: peak memory against a tenth of the rows`,
        value: manyPeak / fewPeak,
        unit: '×',
        atMost: BOUNDS.memory,
      },
    );
  }
  return rows;
}

if (process.argv[2] === '--peak') {
  await plan(process.argv[3], process.argv[4] === 'true');
  console.log(Math.round(process.resourceUsage().maxRSS / 1024));
} else if (process.argv[1] === fileURLToPath(import.meta.url)) {
  printRows(await benchPlanning());
}
