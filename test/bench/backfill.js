// Backfills of a folder: the first against a bare loop that does the same reading and colour counting, and a second one
// of an unchanged folder. Alone: node test/bench/backfill.js (after npm run build:bench).
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { calibrate } from './calibrate.js';
import { madePhotos } from './photos.js';
import { printRows } from './print.js';
import { MODULES, RUN } from './where.js';

const PHOTOS = 10_000;
const FILES = 200_000;

/** What a local backfill has in flight by default. */
const CONCURRENCY = Math.max(8, availableParallelism() * 2);

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** Reads every photo and labels it, and keeps nothing. */
async function bareLoop(folder) {
  const { createKeywordsLabeler } = await import(`${MODULES}/adapters/keywords/labeler.js`);
  const labeler = createKeywordsLabeler();
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  let next = 0;
  const loop = async () => {
    for (let at = next++; at < paths.length; at = next++) {
      const bytes = await readFile(paths[at]);
      const answer = await labeler.detect({ bucket: '', key: '', head: {}, bytes: async () => bytes });
      if (!answer.labels.some(({ name }) => name === 'Photo')) throw new Error(`no keyword in ${paths[at]}`);
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, loop));
}

function timed(args, env = {}) {
  const start = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    env: { ...process.env, ...env },
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  const seconds = (performance.now() - start) / 1000;
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
  return { seconds, stdout };
}

async function withHome(work) {
  const home = await mkdtemp(join(tmpdir(), 'rekback-bench-'));
  try {
    return await work({ REKBACK_HOME: home });
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

const run = (env, ...args) => timed([RUN, ...args, '--progress', 'none', '--json'], env);

async function firstBackfill(folder) {
  return withHome((env) => {
    run(env, 'setup', '--folder', folder);
    const { seconds, stdout } = run(env, 'backfill', 'now');
    const { indexed } = JSON.parse(stdout).run;
    if (indexed !== PHOTOS) throw new Error(`${indexed} of ${PHOTOS} photos were indexed`);
    return seconds;
  });
}

/** @returns one row per figure */
export async function benchBackfill() {
  const photos = await madePhotos({ count: PHOTOS, width: 1154, height: 866, distinct: true });
  const ratios = [];
  const bare = [];
  const self = fileURLToPath(import.meta.url);
  for (let round = 0; round < 3; round++) {
    bare.push(timed([self, 'bare', photos]).seconds);
    ratios.push((await firstBackfill(photos)) / bare[round]);
  }
  const files = await madePhotos({ count: FILES, width: 64, height: 64, distinct: false });
  const rates = [];
  const calibration = [];
  await withHome(async (env) => {
    run(env, 'setup', '--folder', files);
    run(env, 'backfill', 'now');
    for (let round = 0; round < 5; round++) {
      calibration.push(calibrate());
      const { seconds, stdout } = run(env, 'backfill', 'now');
      const { skipped, labelCalls } = JSON.parse(stdout).run;
      if (labelCalls !== 0 || skipped.unchanged !== FILES) throw new Error(`not all were skipped: ${stdout}`);
      rates.push(FILES / seconds);
    }
  });
  return [
    {
      what: `backfill of ${PHOTOS} photos of 1 megapixel: bare loop`,
      value: PHOTOS / median(bare),
      unit: 'photos/s',
    },
    { what: 'backfill: time against the bare loop', value: median(ratios), unit: '×', atMost: 1.5 },
    {
      what: `second backfill of ${FILES} files, listing and start included`,
      value: median(rates),
      unit: 'images/s',
      atLeast: 20_000,
    },
    { what: 'calibration loop beside it', value: median(calibration), unit: 'ms' },
  ];
}

if (process.argv[2] === 'bare') await bareLoop(process.argv[3]);
else if (process.argv[1] === fileURLToPath(import.meta.url)) printRows(await benchBackfill());
