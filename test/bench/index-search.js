/**
 * The embedded index at full size: how fast it is written, looked up in and searched.
 *
 *   npm run build && node test/bench/index-search.js [images]
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { printRows } from './print.js';
import { MODULES } from './where.js';

const BUCKET = 'acme-field-photos';
const VOCABULARY = 3_000;
const LABELS_PER_IMAGE = 12;
const BATCH = 1_000;
/** Passes over all queries, and runs of each in a pass: the figure is the median of the passes' 99th percentiles. */
const PASSES = 5;
const WARM_RUNS = 200;
const COLD_RUNS = 5;

/** A small fast generator (mulberry32), so that every machine measures the same index. */
function seeded(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const labelName = (rank) => `Label ${String(rank).padStart(4, '0')}`;

/** Ranks by Zipf's law: rank r is 1/(r+1) as frequent as rank 0. */
function zipf(random) {
  const cumulative = new Float64Array(VOCABULARY);
  let sum = 0;
  for (let rank = 0; rank < VOCABULARY; rank++) cumulative[rank] = sum += 1 / (rank + 1);
  return () => {
    const at = random() * sum;
    let low = 0;
    let high = VOCABULARY - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (cumulative[middle] < at) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

export const keyOf = (number) =>
  `photos/2024/${String((number / 1000) | 0).padStart(5, '0')}/IMG_${String(number).padStart(8, '0')}.jpg`;

/** Documents in batches. Besides the Zipf labels: `Half` on half of all, `Left` and `Right` on 20 % each that never meet. */
export function* makeDocuments(images) {
  const random = seeded(images);
  const rank = zipf(random);
  const hex = () =>
    Math.floor(random() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');
  for (let from = 0; from < images; from += BATCH) {
    const documents = [];
    for (let number = from; number < Math.min(from + BATCH, images); number++) {
      const names = new Set();
      if (number % 2 === 0) names.add('Half');
      if (number % 5 === 0) names.add('Left');
      if (number % 5 === 1) names.add('Right');
      while (names.size < LABELS_PER_IMAGE) names.add(labelName(rank()));
      documents.push({
        bucket: BUCKET,
        key: keyOf(number),
        etag: hex() + hex() + hex() + hex(),
        size: Math.floor(2e5 + random() * 8e5),
        lastModified: 1_640_995_200_000 + number * 31_000,
        state: 'indexed',
        labeling: 'rekognition:1:0123456789abcdef',
        seq: '',
        observedAt: 1_763_856_000_000,
        run: '20251123T000000-abcdef',
        row: number,
        labels: [...names].map((name) => ({ name, confidence: 55 + Math.floor(random() * 46) })),
      });
    }
    yield documents;
  }
}

const term = (...labels) => ({ kind: 'labels', labels });
const not = (part) => ({ kind: 'not', part });
const and = (...parts) => ({ kind: 'and', parts });
const request = (query, rest = {}) => ({ query, minConfidence: 0, limit: 50, ...rest });
/** Labels of every frequency, the commonest included. */
const HUNDRED = Array.from({ length: 100 }, (_, i) => labelName(i * (VOCABULARY / 100)));
const COMMONEST = Array.from({ length: 100 }, (_, i) => labelName(i));

/** Each is a new request per run, so that no answer could be kept from the run before. */
export const QUERIES = {
  'one label': { p99: 20, make: (rank) => request(term(labelName(rank()))) },
  'one label, at least 90': {
    p99: 20,
    make: (rank) => request(term(labelName(rank())), { minConfidence: 90 }),
  },
  'a AND NOT b': {
    p99: 20,
    make: (rank) => request(and(term(labelName(rank())), not(term(labelName(rank()))))),
  },
  'half of all': { p99: 20, make: () => request(term('Half')) },
  'two that never meet': { p99: 20, make: () => request(and(term('Left'), term('Right'))) },
  'half AND NOT left': { p99: 20, make: () => request(and(term('Half'), not(term('Left')))) },
  'one label below a prefix': {
    p99: 20,
    make: (rank) => request(term(labelName(rank())), { prefix: 'photos/2024/000' }),
  },
  'wildcard of 100 labels': { p99: 50, make: () => request(term(...HUNDRED)) },
  'wildcard of the 100 commonest': { p50: 50, make: () => request(term(...COMMONEST)) },
};

/** @returns the file of an index of so many images, made once and kept in `.cache/`, and how long each step took */
export async function madeIndex(images) {
  const cache = join(import.meta.dirname, '../../.cache');
  const file = join(cache, `index-${images}.db`);
  if (existsSync(file)) return { file };
  mkdirSync(cache, { recursive: true });
  const part = `${file}.part`;
  for (const suffix of ['', '-wal', '-shm']) rmSync(part + suffix, { force: true });
  const { openIndexWriter } = await import(`${MODULES}/adapters/sqlite/writer.js`);
  const writer = await openIndexWriter(part, { bucket: BUCKET });
  let seconds = 0;
  let longest = 0;
  for (const documents of makeDocuments(images)) {
    const writes = documents.map((document) => ({ document, expected: undefined }));
    const start = performance.now();
    const results = await writer.write(writes);
    const took = performance.now() - start;
    seconds += took / 1000;
    longest = Math.max(longest, took);
    if (!results.every(({ result }) => result === 'written')) throw new Error('not everything was written');
  }
  await writer.close();
  for (const suffix of ['-wal', '-shm']) rmSync(part + suffix, { force: true });
  renameSync(part, file);
  return { file, rate: images / seconds, longest };
}

async function lookUps(file, images) {
  const { openIndexWriter } = await import(`${MODULES}/adapters/sqlite/writer.js`);
  const writer = await openIndexWriter(file, { bucket: BUCKET });
  const wanted = Math.min(200_000, images);
  let found = 0;
  const start = performance.now();
  for (let from = 0; from < wanted; from += BATCH) {
    const keys = Array.from({ length: BATCH }, (_, i) => keyOf(from + i));
    for (const known of await writer.lookUp(keys)) if (known) found++;
  }
  const seconds = (performance.now() - start) / 1000;
  await writer.close();
  if (found !== wanted) throw new Error(`found ${found} of ${wanted}`);
  return wanted / seconds;
}

function percentile(times, share) {
  return times.sort((a, b) => a - b)[Math.ceil(times.length * share) - 1];
}

async function warm(file) {
  const { openIndexReader } = await import(`${MODULES}/adapters/sqlite/reader.js`);
  const reader = await openIndexReader(file, { bucket: BUCKET });
  const passes = Object.fromEntries(Object.keys(QUERIES).map((name) => [name, { p50: [], p99: [] }]));
  for (let pass = 0; pass < PASSES; pass++) {
    for (const [name, { make }] of Object.entries(QUERIES)) {
      const rank = zipf(seeded(pass + 1));
      const times = [];
      for (let run = -20; run < WARM_RUNS; run++) {
        const asked = make(rank);
        const start = performance.now();
        await reader.search(asked);
        if (run >= 0) times.push(performance.now() - start);
      }
      passes[name].p50.push(percentile(times, 0.5));
      passes[name].p99.push(percentile(times, 0.99));
    }
  }
  await reader.close();
  return Object.entries(QUERIES).flatMap(([name, bounds]) =>
    ['p50', 'p99'].map((share) => ({
      what: `${name}: warm ${share}`,
      value: percentile(passes[name][share], 0.5),
      unit: 'ms',
      ...(bounds[share] === undefined ? {} : { atMost: bounds[share] }),
    })),
  );
}

/** One query in this fresh process: loading the adapter, opening, the vocabulary and the answer, in milliseconds. */
async function first(file, name) {
  const asked = QUERIES[name].make(zipf(seeded(2)));
  const start = performance.now();
  const { openIndexReader } = await import(`${MODULES}/adapters/sqlite/reader.js`);
  const reader = await openIndexReader(file, { bucket: BUCKET });
  await reader.vocabulary();
  await reader.search(asked);
  console.log(performance.now() - start);
}

async function cold(file) {
  const rows = [];
  for (const name of Object.keys(QUERIES)) {
    const times = [];
    for (let run = 0; run < COLD_RUNS; run++) {
      const { stdout } = await promisify(execFile)(process.execPath, [
        fileURLToPath(import.meta.url),
        'first',
        file,
        name,
      ]);
      times.push(Number(stdout));
    }
    rows.push({
      what: `${name}: first query of a process, median`,
      value: percentile(times, 0.5),
      unit: 'ms',
      atMost: 250,
    });
  }
  return rows;
}

/** @returns one row per figure: what, value, unit and, where there is a bound, `atMost` or `atLeast` */
export async function benchIndexSearch({ images = 1_000_000 } = {}) {
  const { file, rate, longest } = await madeIndex(images);
  const rows = [];
  if (rate) {
    rows.push({ what: 'index: written', value: rate, unit: 'images/s' });
    rows.push({ what: 'index: longest write of 1,000', value: longest, unit: 'ms' });
  }
  rows.push({ what: 'index: size', value: statSync(file).size / images, unit: 'bytes/image' });
  rows.push({
    what: 'index: looked up',
    value: await lookUps(file, images),
    unit: 'keys/s',
  });
  return [...rows, ...(await warm(file)), ...(await cold(file))];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [mode, file, name] = process.argv.slice(2);
  if (mode === 'first') await first(file, name);
  else {
    printRows(await benchIndexSearch(mode ? { images: Number(mode) } : {}));
  }
}
