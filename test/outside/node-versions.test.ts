import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { builtCli } from '../cli.ts';
import { describeWith, lookFor } from './requires.ts';

/** The lowest version that package.json allows, and every line that has long-term support. */
const VERSIONS = ['20.19.0', '22', '24'];

/** With a script that runs nearly every command on sample images and fails where a result is wrong. */
const DEMO = join(import.meta.dirname, '../../demo');

const CACHE = join(import.meta.dirname, '../../.cache/node');
const run = promisify(execFile);

/** The path of a Node of this version, from npm's `node` package; kept in .cache. */
async function nodeBinary(version: string): Promise<string> {
  const folder = join(CACHE, version);
  const binary = join(folder, 'node_modules/node/bin/node');
  const works = () =>
    run(binary, ['--version']).then(
      () => true,
      () => false,
    );
  if (await works()) return binary;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{"private":true}');
  await run('npm', ['install', `node@${version}`, '--no-audit', '--no-fund'], { cwd: folder });
  if (!(await works())) throw new Error(`npm's node@${version} brought no binary that runs here`);
  return binary;
}

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rekback-packed-'));
  await run('npm', ['pack', await builtCli(), '--ignore-scripts', '--pack-destination', folder]);
  const [tarball = ''] = await readdir(folder);
  await writeFile(join(folder, 'package.json'), '{"private":true}');
  await run('npm', ['install', `./${tarball}`, '--no-audit', '--no-fund', '--omit=dev'], { cwd: folder });
  await mkdir(join(folder, 'images'));
  await cp(DEMO, join(folder, 'node_modules/rekback/demo'), { recursive: true });
}, 300_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

for (const version of VERSIONS) {
  const found = await lookFor(() => nodeBinary(version));
  describeWith(`the package on Node ${version}`, found, (binary) => {
    const rekback = async (...args: string[]) => {
      const env = { PATH: process.env.PATH, HOME: folder, REKBACK_HOME: join(folder, `home-${version}`) };
      const cli = join(folder, 'node_modules/rekback/bin/run.js');
      const { stdout, stderr } = await run(binary, [cli, ...args], { cwd: folder, env });
      expect(stderr).toBe('');
      return stdout;
    };

    test('names its version', async () => {
      const { stdout } = await run(binary, ['--version']);
      expect(await rekback('--version')).toContain(`node-${stdout.trim()}`);
    });

    test('helps', async () => {
      expect(await rekback('--help')).toContain('$ rekback [COMMAND]');
    });

    test('runs the demo', async () => {
      const demo = join(folder, 'node_modules/rekback/demo/local.js');
      const { stdout, stderr } = await run(binary, [demo], {
        cwd: folder,
        // What many shells have set; oclif behaves differently under it.
        env: { ...process.env, NODE_ENV: 'development' },
      });
      expect(stderr).not.toMatch(/^\s+at |Warning/m);
      expect(stdout).toContain('\nEverything was as it must be.\n');
    }, 120_000);

    test('makes, searches and removes a stack', async () => {
      const json = async (...args: string[]) =>
        JSON.parse(await rekback(...args, '--json', '--progress', 'none'));
      expect(await json('setup', '--folder', 'images', '--stack', 'packed')).toMatchObject({
        schemaVersion: 1,
      });
      expect(await json('backfill', 'now')).toMatchObject({ run: { state: 'succeeded', total: 0 } });
      expect(await json('search', 'dog', '-cat')).toMatchObject({ total: 0, images: [] });
      expect(await json('teardown', '--stack', 'packed', '--yes')).toMatchObject({ left: [] });
      expect(await json('stacks')).toMatchObject({ stacks: [] });
    });
  });
}

describeWith('a Node that is too old', await lookFor(() => nodeBinary('18')), (binary) => {
  test('is refused in one line', async () => {
    const refused = run(binary, [join(import.meta.dirname, '../../bin/run.js'), '--version']);
    await expect(refused).rejects.toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /^Error: rekback needs Node 20\.19 or newer, and this is Node 18\.\d+\.\d+\n$/,
      ),
    });
  });
});
