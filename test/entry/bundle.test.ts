import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Metafile } from 'esbuild';
import { beforeAll, expect, test } from 'vitest';
import { builtCli } from '../cli.ts';

let folder: string;
/** What is in the bundle, by path. */
let inputs: string[];

beforeAll(async () => {
  folder = join(await builtCli(), 'dist/bundle');
  const { outputs }: Metafile = JSON.parse(await readFile(join(folder, 'meta.json'), 'utf8'));
  inputs = Object.values(outputs).flatMap((output) => Object.keys(output.inputs));
}, 120_000);

test('has the entries, and nothing of the CLI, of provisioning or native', () => {
  for (const entry of ['live', 'planner', 'worker']) {
    expect(inputs).toContainEqual(expect.stringMatching(new RegExp(`(^|/)dist/entry/${entry}\\.js$`)));
  }
  const own = inputs.filter((path) => !path.includes('node_modules/'));
  expect(own.filter((path) => /\/(commands|terminal|provision|gallery)\//.test(path))).toEqual([]);
  expect(
    inputs.filter((path) => /node_modules\/(@oclif|listr2|sharp|@img|libsql|@libsql)\//.test(path)),
  ).toEqual([]);
  expect(inputs.filter((path) => path.endsWith('.node'))).toEqual([]);
});

test('is 1.5 MB at most', async () => {
  expect((await stat(join(folder, 'index.mjs'))).size).toBeLessThanOrEqual(1_500_000);
});

test('is all that a Node needs to load it', async () => {
  // Where no package is found.
  const elsewhere = await mkdtemp(join(tmpdir(), 'rekback-bundle-'));
  try {
    await copyFile(join(folder, 'index.mjs'), join(elsewhere, 'index.mjs'));
    const script = "import('./index.mjs').then((all) => console.log(Object.keys(all).join()))";
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--eval', script], {
      cwd: elsewhere,
    });
    expect(stderr).toBe('');
    expect(stdout.trim().split(',').sort()).toEqual(['handler', 'plan', 'work']);
  } finally {
    await rm(elsewhere, { recursive: true });
  }
});
