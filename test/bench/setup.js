/**
 * Setting up a whole stack on the AWS double: the command without latency, and with 50 ms a call against the longest
 * path of the resources' graph.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { ROOT, RUN } from './where.js';

const BOUNDS = { seconds: 3, pathRatio: 1.5, pathCalls: 40 };
const LATENCY = 50;
const ROUNDS = 5;

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

/** @returns one row per figure */
export async function benchSetup() {
  const folder = await mkdtemp(join(tmpdir(), 'rekback-setup-'));
  // Beside the project's modules, where what is left out of the bundle is found.
  const outfile = join(ROOT, '.cache', 'bench', 'stack-world.mjs');
  await build({
    entryPoints: [join(import.meta.dirname, 'stack-world.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    // The double names a file beside its kernel.
    define: { 'import.meta.url': JSON.stringify(pathToFileURL(join(ROOT, 'test/aws/kernel/world.js')).href) },
    logLevel: 'error',
  });
  const { criticalPath, givenImages, setUpWhole, startWorld } = await import(outfile);
  const world = await startWorld();
  try {
    const seconds = [];
    for (let round = 0; round < ROUNDS; round++) {
      await givenImages(world);
      world.clock.runOnRealTime();
      seconds.push(await commandSeconds({ ...world.env(), REKBACK_HOME: join(folder, 'home') }));
      world.reset();
    }
    const walls = [];
    const paths = [];
    for (let round = 0; round < ROUNDS; round++) {
      await givenImages(world);
      world.faults.add({ effect: { latency: LATENCY } });
      const start = performance.now();
      await setUpWhole(world);
      walls.push(performance.now() - start);
      world.reset();
      await givenImages(world);
      world.faults.add({ effect: { latency: LATENCY } });
      paths.push(await criticalPath(world, LATENCY));
      world.reset();
    }
    const path = median(paths.map(({ milliseconds }) => milliseconds));
    return [
      {
        what: 'rekback setup --bucket, no latency',
        value: median(seconds),
        unit: 's',
        atMost: BOUNDS.seconds,
      },
      {
        what: `setup, ${LATENCY} ms a call: calls one after the other on the longest path`,
        value: median(paths.map(({ calls }) => calls)),
        unit: 'calls',
        atMost: BOUNDS.pathCalls,
      },
      {
        what: `setup, ${LATENCY} ms a call: time against the longest path`,
        value: median(walls) / path,
        unit: '×',
        atMost: BOUNDS.pathRatio,
      },
    ];
  } finally {
    await world.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function commandSeconds(env) {
  const args = [
    RUN,
    'setup',
    '--bucket',
    'images',
    '--image-uri',
    'example/rekback@sha256:0',
    '--yes',
    '--json',
  ];
  const { AWS_PROFILE, ...own } = process.env;
  const start = performance.now();
  const child = spawn(process.execPath, args, {
    env: { ...own, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stdout.on('data', (text) => {
    errors += text;
  });
  child.stderr.on('data', (text) => {
    errors += text;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`setup ended with ${code}: ${errors}`);
  return (performance.now() - start) / 1000;
}
