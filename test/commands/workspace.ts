import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type CliOptions, type CliResult, rekback, startRekback } from '../cli.ts';

const SAMPLES = join(import.meta.dirname, '../../demo/images');

/** What the sample images come to: 28 of them can be looked at, one of which is cut off; another is empty. */
export const SAMPLE_LEDGER = {
  total: 31,
  indexed: 27,
  skipped: { 'not-an-image': 1, format: 1 },
  failed: { empty: 1, corrupt: 1 },
  pending: 0,
  labelCalls: 28,
};

/** The samples' dogs, as a search for `dog` lists them. */
export const DOGS = [
  'animals/black dog in snow.jpg',
  'animals/cat & dog.jpg',
  'animals/dog on the beach.jpg',
  'animals/puppy.jpg',
];

/** A folder for one test with a copy of the sample images and a home of its own for stacks. */
export interface Workspace {
  folder: string;
  photos: string;
  home: string;
  /** Runs the CLI in the folder. */
  run(args: readonly string[], options?: CliOptions): Promise<CliResult>;
  /** The same, without waiting for its end. */
  start(args: readonly string[], options?: CliOptions): ReturnType<typeof startRekback>;
  /** The one value that a command prints with `--json`, after it ended with this code. */
  json<Result extends object>(
    args: readonly string[],
    exitCode?: number,
    options?: CliOptions,
  ): Promise<Result & { schemaVersion: number }>;
  remove(): Promise<void>;
}

/** Makes a workspace; `images: 'none'` leaves its folder of photos empty. */
export async function workspace({
  images = 'samples',
}: {
  images?: 'samples' | 'none';
} = {}): Promise<Workspace> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'rekback-commands-')));
  const photos = join(folder, 'photos');
  const home = join(folder, 'home');
  if (images === 'samples') await cp(SAMPLES, photos, { recursive: true });
  else await mkdir(photos);
  await settle(photos);
  const within = (options: CliOptions = {}): CliOptions => ({
    cwd: folder,
    ...options,
    env: { REKBACK_HOME: home, ...options.env },
  });
  const run = (args: readonly string[], options?: CliOptions) => rekback(args, within(options));
  return {
    folder,
    photos,
    home,
    run,
    start: (args, options) => startRekback(args, within(options)),
    async json(args, exitCode = 0, options = {}) {
      const { stdout, stderr, code } = await run([...args, '--json', '--progress', 'none'], options);
      expect({ stderr, code }).toEqual({ stderr: '', code: exitCode });
      expect(stdout).toMatch(/^\{"schemaVersion":1,.*\}\n$/);
      return JSON.parse(stdout);
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Dates all files back: what is younger than two seconds is not trusted to be unchanged. */
export async function settle(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) await utimes(join(entry.parentPath, entry.name), 1_700_000_000, 1_700_000_000);
  }
}

/** Every file below a folder with a hash of its content, for telling whether anything changed. */
export async function contents(folder: string): Promise<Record<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries
    // A database in WAL mode has these while anyone reads it.
    .filter((entry) => entry.isFile() && !/-(wal|shm)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    await Promise.all(files.sort().map(async (path) => [path, hash(await readFile(path))] as const)),
  );
}

const hash = (content: Buffer) => createHash('sha256').update(content).digest('hex');

/** Waits until what a child printed on a stream so far satisfies the test, and returns it. */
export function printed(stream: NodeJS.ReadableStream, wanted: (text: string) => boolean): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    stream.on('data', (chunk) => {
      text += chunk;
      if (wanted(text)) resolve(text);
    });
    stream.on('end', () => reject(new Error(`the output ended with: ${text}`)));
  });
}
