import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, cp, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openFolderObjects } from '../../src/adapters/folder/objects.ts';
import { openIndexReader } from '../../src/adapters/sqlite/reader.ts';
import { listImages } from '../../src/runtime/run/images.ts';
import { builtCli } from '../cli.ts';

const PRELOAD = join(import.meta.dirname, 'kill-preload.js');
const COLOURS = {
  'red.png': '#f00',
  'blue.png': '#00f',
  'sub/lime.png': '#0f0',
  'sub/red-again.png': '#f00',
};
/** How the folder is to be accounted for; the program under test has no part in this. */
const ACCOUNT = { indexed: 4, skipped: { 'not-an-image': 1 }, failed: { corrupt: 1, empty: 1 }, pending: 0 };
/** red, blue, lime, and the corrupt one; the second red is a copy, the empty one needs no call. */
const LABEL_CALLS = 4;
/** Processes side by side. */
const LANES = 4;

let folder: string;
let cli: string;
let images: string;
/** A home in which the stack is set up and nothing labelled. */
let template: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rekback-kill-'));
  cli = await builtCli();
  images = join(folder, 'images');
  template = join(folder, 'template');
  await mkdir(join(images, 'sub'), { recursive: true });
  for (const [name, background] of Object.entries(COLOURS)) {
    const create = { width: 8, height: 8, channels: 3, background } as const;
    await sharp({ create }).png().toFile(join(images, name));
  }
  const red = await readFile(join(images, 'red.png'));
  await writeFile(join(images, 'broken.png'), red.subarray(0, red.length / 2));
  await writeFile(join(images, 'empty.png'), '');
  await writeFile(join(images, 'notes.txt'), 'no image');
  // Long ago: a file this young would be looked at again, in case it changes once more within its time's resolution.
  for (const name of await files()) await utimes(join(images, name), 1_000_000_000, 1_000_000_000);
  const setup = await rekback(['setup', '--folder', images, '--stack', 'kill'], { home: template });
  expect(setup.code).toBe(0);
}, 120_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

/** The names of all files below the folder. */
async function files(): Promise<string[]> {
  const entries = await readdir(images, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(images.length + 1));
}

interface Ended {
  /** The exit code, or the signal's name. */
  code: number | string;
  json: unknown;
}

function start(args: readonly string[], options: { home: string; writes?: object }) {
  const preload = options.writes === undefined ? [] : ['--import', PRELOAD];
  return spawn(process.execPath, [...preload, join(cli, 'bin/run.js'), ...args, '--json', '--quiet'], {
    env: {
      PATH: process.env.PATH,
      HOME: folder,
      REKBACK_HOME: options.home,
      REKBACK_WRITES: JSON.stringify(options.writes ?? {}),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function rekback(args: readonly string[], options: { home: string; writes?: object }): Promise<Ended> {
  const child = start(args, options);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data) => (stdout += data));
  child.stderr.on('data', (data) => (stderr += data));
  const [code, signal] = await once(child, 'close');
  if (code !== null) expect(stderr).toBe('');
  return { code: signal ?? code, json: stdout === '' ? undefined : JSON.parse(stdout) };
}

const backfill = (home: string, writes?: object) =>
  rekback(['backfill', 'now'], writes === undefined ? { home } : { home, writes });

let homes = 0;
async function newHome(): Promise<string> {
  const home = join(folder, `home-${homes++}`);
  await cp(template, home, { recursive: true });
  return home;
}

/** Everything that `search` and `images list` tell from. */
async function contents(home: string) {
  const stack = join(home, 'stacks/kill');
  const index = await openIndexReader(join(stack, 'index.db'), { bucket: images });
  try {
    const documents: object[] = [];
    for await (const batch of index.scan({})) {
      documents.push(...batch.map(({ observedAt: _, run: __, ...document }) => document));
    }
    const vocabulary = [...(await index.vocabulary())].sort();
    const found: unknown[] = [];
    for (const [label] of vocabulary) {
      const query = { kind: 'labels' as const, labels: [label] };
      found.push(await index.search({ query, minConfidence: 0, limit: 100 }));
    }
    const listed: object[] = [];
    for (const state of ['indexed', 'skipped', 'failed'] as const) {
      for await (const { run: _, ...image } of listImages(openFolderObjects(stack), index, { state })) {
        listed.push(image);
      }
    }
    return { documents, vocabulary, found, listed, stats: (await index.stats()).images };
  } finally {
    await index.close();
  }
}

/** After a kill: the same command again must end as if nothing had happened. */
async function expectRecovery(home: string, wanted: Awaited<ReturnType<typeof contents>>, where: string) {
  const { code, json } = await backfill(home);
  const { run } = json as { run: Record<string, unknown> };
  const total = (await files()).length;
  const isContinuation = run.indexed !== 0;
  expect(run, where).toMatchObject({
    state: 'succeeded',
    total,
    ...(isContinuation
      ? { ...ACCOUNT, labelCalls: LABEL_CALLS }
      : {
          // The killed run had come to its end.
          indexed: 0,
          skipped: { unchanged: 4, 'failed-before': 2, 'not-an-image': 1 },
          failed: {},
          pending: 0,
          labelCalls: 0,
        }),
  });
  expect(code, where).toBe(isContinuation ? 3 : 0);
  expect(await contents(home), where).toEqual(wanted);
  await expect(access(join(home, 'stacks/kill/leases/run.json')), where).rejects.toThrow('ENOENT');
}

test('killed at any write, the same command again ends as if nothing had happened', async () => {
  const undisturbed = await newHome();
  const file = join(folder, 'count');
  expect((await backfill(undisturbed, { count: file })).code).toBe(3);
  const wanted = await contents(undisturbed);
  expect(wanted.stats).toEqual({ indexed: 4, failed: 2, deleted: 0 });
  const writes = Number(await readFile(file, 'utf8'));
  expect(writes).toBeGreaterThan(30);

  const cases = Array.from({ length: writes }, (_, kill) =>
    (['before', 'after'] as const).map((when) => ({ kill, when })),
  ).flat();
  const queue = cases[Symbol.iterator]();
  const lane = async () => {
    for (const { kill, when } of queue) {
      const where = `${when} write ${kill} of ${writes}`;
      const home = await newHome();
      expect((await backfill(home, { kill, when })).code, where).toBe('SIGKILL');
      await expectRecovery(home, wanted, where);
      await rm(home, { recursive: true });
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
}, 300_000);

test('a killed one does not stand in the way of the next, a living one does', async () => {
  const home = await newHome();
  const first = start(['backfill', 'now'], { home, writes: { stand: 20 } });
  await once(first.stderr, 'data');
  const refused = await backfill(home);
  expect(refused).toMatchObject({
    code: 1,
    json: {
      error: {
        code: 'run-active',
        message: expect.stringMatching(
          new RegExp(`'rekback backfill now' by .* \\(process ${first.pid}, since `),
        ),
      },
    },
  });
  const closed = once(first, 'close');
  first.kill('SIGKILL');
  await closed;
  expect((await backfill(home)).json).toMatchObject({ run: { state: 'succeeded', ...ACCOUNT } });
});
