/**
 * One worker of a run on AWS, as its container starts it, against the AWS double and a real index, both without latency:
 * images for each second of its own CPU, memory, and what a million images cost beside Rekognition.
 *
 *   npm run build && node test/bench/worker.js
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { launchNode, prepareEngine } from '../outside/opensearch/engine.js';
import { printRows } from './print.js';
import { ROOT } from './where.js';

const ENGINE = '2.19.1.0';
const IMAGES = 20_000;
const BOUNDS = { imagesPerCpuSecond: 1_000, megabytes: 256, dollars: 0.12 };
const CHUNKS = [5_000, 20_000];

/** DetectLabels a second of the default quota's share of a backfill, in AWS's larger Regions. */
const RATE = 40;

const START = `
  const { work } = await import(process.argv[1]);
  const code = await work();
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  console.log(JSON.stringify({ cpu: (userCPUTime + systemCPUTime) / 1e6, megabytes: maxRSS / 1024 }));
  process.exit(code);
`;

async function runWorker(env) {
  const bundle = pathToFileURL(join(ROOT, 'dist/bundle/index.mjs')).href;
  const child = spawn(process.execPath, ['--input-type=module', '-e', START, bundle], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (text) => {
    output += text;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`the worker ended with ${code}: ${output}`);
  return JSON.parse(output.trim().split('\n').at(-1));
}

/** @returns one row per figure */
export async function benchWorker() {
  const folder = await mkdtemp(join(tmpdir(), 'rekback-worker-'));
  const outfile = join(ROOT, '.cache', 'bench', 'worker-world.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'worker-world.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    define: { 'import.meta.url': JSON.stringify(pathToFileURL(join(ROOT, 'test/aws/kernel/world.js')).href) },
    logLevel: 'error',
  });
  const { startStack } = await import(outfile);
  const classPath = await prepareEngine(ENGINE);
  const node = await launchNode({ classPath, folder: join(folder, 'node'), heap: '1g' });
  const stack = await startStack(node.url, IMAGES);
  try {
    const rows = [];
    let first;
    for (const [at, chunkRows] of CHUNKS.entries()) {
      const found = await runWorker(await stack.plannedRun(`20261123-00000${at}-0000`, chunkRows));
      first ??= { ...found, requests: stack.requests() };
      rows.push({
        what: `a worker, chunks of ${chunkRows} images: peak memory`,
        value: found.megabytes,
        unit: 'MB',
        atMost: BOUNDS.megabytes,
      });
    }
    return [
      {
        what: 'a worker: images for each second of one core',
        value: IMAGES / first.cpu,
        unit: 'images/s',
        atLeast: BOUNDS.imagesPerCpuSecond,
      },
      ...rows,
      ...(await costs(first)),
    ];
  } finally {
    await stack.stop();
    process.kill(node.pid, 'SIGKILL');
    await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }
}

const MILLION = 1_000_000;
const VCPUS = 0.25;
const MEMORY_GB = 0.5;

/** US dollars of a million images at the default quota, Rekognition's own and its reading of the images left out. */
async function costs({ cpu, requests }) {
  const prices = JSON.parse(await readFile(join(ROOT, 'src/runtime/prices.json'), 'utf8'));
  const { arm, spotShare } = prices.fargate;
  const hours = Math.max((cpu / IMAGES) * (MILLION / VCPUS), MILLION / RATE) / 3600;
  const task = VCPUS * arm.vcpuHour + MEMORY_GB * arm.gbHour;
  const dear = ['PutObject', 'ListObjectsV2'];
  // At the quota's rate a part of the archive is written every five seconds, and the lease renewed every twenty.
  const puts = MILLION / (RATE * 5) + MILLION / (RATE * 20);
  const counted = Object.entries(requests).filter(([operation]) => operation !== 'PutObject');
  const reads = counted.reduce((sum, [operation, count]) => {
    const price = dear.includes(operation) ? 0.005 / 1_000 : 0.0004 / 1_000;
    return sum + count * (MILLION / IMAGES) * price;
  }, 0);
  const shared = hours * prices.publicIpv4.hour + puts * (0.005 / 1_000) + reads;
  const row = (what, value, bound = {}) => ({
    what: `a million images: ${what}`,
    value,
    unit: '$',
    ...bound,
  });
  return [
    row(`one worker on Fargate Spot, ${hours.toFixed(1)} h`, hours * task * spotShare + shared, {
      atMost: BOUNDS.dollars,
    }),
    row('the same on demand', hours * task + shared),
    // $0.25 a job and $1 a million objects; a function of 128 MB for a second each: S3 and Lambda pricing pages.
    row('S3 Batch Operations with a function for each', 0.25 + 1 + 0.2 + MILLION * 0.128 * 0.0000133334),
    // A transition for each child, $0.025 a thousand, and the same function: Step Functions pricing page.
    row(
      'a Distributed Map with a function for each',
      MILLION * (0.025 / 1_000) + 0.2 + MILLION * 0.128 * 0.0000133334,
    ),
    // Fargate bills a minute at least.
    row('one Batch job for each', (MILLION / 60) * (task + prices.publicIpv4.hour)),
  ];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) printRows(await benchWorker());
