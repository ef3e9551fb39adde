/**
 * The OpenSearch index on a node of this machine with 1 GB: how fast it is written, looked up in and searched, against the same
 * requests sent bare to the same node in the same run.
 *
 *   npm run build && node test/bench/opensearch.js [images]
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launchNode, prepareEngine } from '../outside/opensearch/engine.js';
import { keyOf, makeDocuments, QUERIES } from './index-search.js';
import { printRows } from './print.js';
import { MODULES } from './where.js';

const ENGINE = '2.19.1.0';
const BUCKET = 'acme-field-photos';
/** Documents of one timed piece; the two ways take turns, so that whatever else the machine does meets both alike. */
const PIECE = 10_000;
const PIECES = 10;
const LOOK_UP = 1_000;
const RUNS = 100;

/** What the index promises: shares of the bare replay, milliseconds, bytes per document. */
const BOUNDS = { bulk: 0.7, lookUp: 0.7, search: 60, bytes: 1_200 };
const BOUNDED = [
  'one label',
  'one label, at least 90',
  'a AND NOT b',
  'half of all',
  'wildcard of 100 labels',
];

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const percentile = (values, share) => values.toSorted((a, b) => a - b)[Math.ceil(values.length * share) - 1];

async function timed(work) {
  const start = performance.now();
  const result = await work();
  return { seconds: (performance.now() - start) / 1_000, result };
}

/** Sends a request as barely as Node can and reads its answer without looking at it. */
function bareClient(endpoint) {
  const agent = new Agent({ keepAlive: true });
  const send = (method, path, body) =>
    new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/x-ndjson', 'content-length': Buffer.byteLength(body) };
      const outgoing = request(new URL(path, endpoint), { method, headers, agent }, (answer) => {
        const chunks = [];
        answer.on('data', (chunk) => chunks.push(chunk));
        answer.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          if (answer.statusCode === 200) resolve(text);
          else reject(new Error(`${method} ${path}: ${answer.statusCode} ${text.slice(0, 300)}`));
        });
      });
      outgoing.on('error', reject);
      outgoing.end(body);
    });
  return { send, close: () => agent.destroy() };
}

/** Two at once, as the index itself does. */
async function inPairs(bodies, send) {
  const next = bodies[Symbol.iterator]();
  const lane = async () => {
    for (const body of next) await send(body);
  };
  await Promise.all([lane(), lane()]);
}

async function open(endpoint, stack) {
  const [{ createIndex }, { openIndexWriter }, { openIndexReader }] = await Promise.all([
    import(`${MODULES}/adapters/opensearch/manage.js`),
    import(`${MODULES}/adapters/opensearch/writer.js`),
    import(`${MODULES}/adapters/opensearch/reader.js`),
  ]);
  const options = { endpoint, signIn: { kind: 'none' }, stack, bucket: BUCKET };
  await createIndex(options);
  return { writer: await openIndexWriter(options), reader: await openIndexReader(options) };
}

const write = async (writer, documents) => {
  const results = await writer.write(documents.map((document) => ({ document, expected: undefined })));
  if (!results.every(({ result }) => result === 'written')) throw new Error('not everything was written');
};

function* pieces(images, size) {
  const piece = [];
  for (const documents of makeDocuments(images)) {
    piece.push(...documents);
    while (piece.length >= size) yield piece.splice(0, size);
  }
  if (piece.length > 0) yield piece;
}

/** The same documents through the index and, as the bodies that it makes of them, without it. */
async function bulk(endpoint, bare) {
  const { documentId, toSource } = await import(`${MODULES}/adapters/opensearch/document.js`);
  const [ours, replayed] = [await open(endpoint, 'ours'), await open(endpoint, 'bare')];
  const ratios = [];
  const rates = [];
  let pass = 0;
  for (const documents of pieces((PIECES + 1) * PIECE, PIECE)) {
    const lines = documents.map(
      (document) =>
        `{"create":{"_id":"${documentId(BUCKET, document.key)}"}}\n${JSON.stringify(toSource(document))}\n`,
    );
    const bodies = [];
    for (let from = 0, size = 0; from < lines.length; from += size) {
      size = Math.floor(5e6 / Buffer.byteLength(lines[0]));
      bodies.push(lines.slice(from, from + size).join(''));
    }
    const replay = () =>
      timed(() => inPairs(bodies, (body) => bare.send('POST', '/rekback-bare_write/_bulk', body)));
    const index = () => timed(() => write(ours.writer, documents));
    const both = pass % 2 === 0 ? [await replay(), await index()] : [await index(), await replay()].reverse();
    // The first piece warms the server up.
    if (pass++ === 0) continue;
    ratios.push(both[0].seconds / both[1].seconds);
    rates.push(PIECE / both[1].seconds);
  }
  for (const { writer, reader } of [ours, replayed]) {
    await reader.close();
    await writer.close();
  }
  await bare.send('DELETE', '/rekback-ours-v1,rekback-bare-v1', '');
  return [
    { what: 'OpenSearch: bulk indexing', value: median(rates), unit: 'images/s' },
    {
      what: 'OpenSearch: bulk indexing against a bare replay',
      value: median(ratios),
      unit: '×',
      atLeast: BOUNDS.bulk,
    },
  ];
}

async function lookUps(bare, writer, images) {
  const { documentId } = await import(`${MODULES}/adapters/opensearch/document.js`);
  const ratios = [];
  const rates = [];
  for (let pass = -2; pass < 20; pass++) {
    const keys = Array.from({ length: LOOK_UP * 5 }, (_, at) =>
      keyOf(((pass + 2) * 7_919 + at * 13) % images),
    );
    const bodies = [];
    for (let from = 0; from < keys.length; from += LOOK_UP) {
      const ids = keys.slice(from, from + LOOK_UP).map((key) => documentId(BUCKET, key));
      bodies.push(JSON.stringify({ ids }));
    }
    const replay = () =>
      timed(async () => {
        for (const body of bodies) await bare.send('POST', '/rekback-bench_write/_mget', body);
      });
    const index = () => timed(() => writer.lookUp(keys));
    const both = pass % 2 === 0 ? [await replay(), await index()] : [await index(), await replay()].reverse();
    if (both[1].result.some((known) => known === undefined)) throw new Error('an image is not in the index');
    if (pass < 0) continue;
    ratios.push(both[0].seconds / both[1].seconds);
    rates.push(keys.length / both[1].seconds);
  }
  return [
    { what: 'OpenSearch: looked up', value: median(rates), unit: 'keys/s' },
    {
      what: 'OpenSearch: looking up against a bare replay',
      value: median(ratios),
      unit: '×',
      atLeast: BOUNDS.lookUp,
    },
  ];
}

async function searches(reader) {
  const rows = [];
  for (const [name, { make }] of Object.entries(QUERIES)) {
    const times = [];
    // Ranks of labels from the commonest to the rare, the same in every run.
    for (let run = -10; run < RUNS; run++) {
      const asked = make(() => (Math.abs(run) * 37) % 1_000);
      const { seconds } = await timed(() => reader.search(asked));
      if (run >= 0) times.push(seconds * 1_000);
    }
    rows.push(
      { what: `OpenSearch: ${name}: p50`, value: percentile(times, 0.5), unit: 'ms' },
      {
        what: `OpenSearch: ${name}: p99`,
        value: percentile(times, 0.99),
        unit: 'ms',
        ...(BOUNDED.includes(name) && { atMost: BOUNDS.search }),
      },
    );
  }
  const { seconds } = await timed(() => reader.vocabulary());
  rows.push({ what: 'OpenSearch: vocabulary, first time', value: seconds * 1_000, unit: 'ms' });
  return rows;
}

/** @returns one row per figure */
export async function benchOpenSearch({ images = 1_000_000 } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'rekback-bench-'));
  const classPath = await prepareEngine(ENGINE);
  const node = await launchNode({ classPath, folder: join(folder, 'node'), heap: '1g' });
  const bare = bareClient(node.url);
  try {
    const rows = await bulk(node.url, bare);
    const { writer, reader } = await open(node.url, 'bench');
    for (const documents of pieces(images, 5_000)) await write(writer, documents);
    // What a domain comes to by itself when nobody writes any more, without waiting for it.
    await bare.send('POST', '/rekback-bench_write/_forcemerge?max_num_segments=5', '');
    await bare.send('POST', '/rekback-bench_write/_flush', '');
    const { bytes } = await reader.stats();
    rows.push({ what: 'OpenSearch: size', value: bytes / images, unit: 'bytes/image', atMost: BOUNDS.bytes });
    rows.push(...(await lookUps(bare, writer, images)), ...(await searches(reader)));
    await reader.close();
    await writer.close();
    return rows;
  } finally {
    bare.close();
    process.kill(node.pid, 'SIGKILL');
    await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const images = process.argv[2];
  printRows(await benchOpenSearch(images === undefined ? {} : { images: Number(images) }));
}
