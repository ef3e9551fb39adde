import { mkdir, mkdtemp, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { builtCli, type CliResult, rekback as runCli } from '../cli.ts';
import { LONG, NAMES } from './hostile-names.ts';

const BAD = 'bad\u001b]0;title\u0007\n\u202e.png';

/** What no terminal may be sent: control characters but line ends and the tabs between columns, bidi, separators. */
const RAW = /(?![\n\t])[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/u;

const byBytes = (keys: readonly string[]) =>
  [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

let folder: string;
let images: string;

beforeAll(async () => {
  await builtCli();
  folder = await realpath(await mkdtemp(join(tmpdir(), 'rekback-names-')));
  images = join(folder, 'images');
  for (const [at, name] of NAMES.entries()) {
    await mkdir(dirname(join(images, name)), { recursive: true });
    // Each a content of its own.
    const create = { width: 8 + at, height: 8, channels: 3, background: '#f00' } as const;
    await writeFile(join(images, name), await sharp({ create }).png().toBuffer());
  }
  await writeFile(join(images, BAD), 'no image');
  expect((await rekback('setup', '--folder', images, '--json')).code).toBe(0);
}, 120_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

const rekback = (...args: string[]): Promise<CliResult> =>
  runCli(args, { cwd: folder, env: { HOME: folder, REKBACK_HOME: join(folder, 'home') } });

async function json(...args: string[]) {
  const { stdout, stderr } = await rekback(...args, '--json');
  expect(stderr).toBe('');
  expect(stdout).not.toMatch(RAW);
  return JSON.parse(stdout);
}

const keysOf = ({ images: listed }: { images: { key: string }[] }) => listed.map(({ key }) => key);

test('the names are what they should be', () => {
  expect(Buffer.byteLength(LONG)).toBe(1_024);
  expect(NAMES.filter((name) => RAW.test(name) || /[\n\t]/.test(name)).length).toBeGreaterThan(5);
});

describe('a backfill', () => {
  test('indexes them all, and tells of them without their control characters', async () => {
    const { stdout, stderr, code } = await rekback('backfill', 'now', '--progress', 'plain');
    expect(code).toBe(3);
    expect(stdout + stderr).not.toMatch(RAW);
    expect(stderr).toContain('bad\\x1b]0;title\\x07\\n\\u202e.png');
    expect(await json('backfill', 'show')).toMatchObject({
      run: { total: NAMES.length + 1, indexed: NAMES.length, failed: { format: 1 } },
    });
  });
});

describe('byte for byte', () => {
  test('search --json', async () => {
    const found = await json('search', 'red', '--limit', '100');
    expect(keysOf(found)).toEqual(byBytes(NAMES));
  });

  test.each([
    ['key', (text: string) => text],
    ['path', (text: string) => text.slice(images.length + 1)],
    ['uri', (text: string) => fileURLToPath(text).slice(images.length + 1)],
  ])('search --print %s -0', async (form, keyOf) => {
    const { stdout } = await rekback('search', 'red', '--limit', '100', '--print', form, '-0');
    expect(stdout.endsWith('\0')).toBe(true);
    expect(stdout.slice(0, -1).split('\0').map(keyOf)).toEqual(byBytes(NAMES));
  });

  test('images list and failures list', async () => {
    expect(keysOf(await json('images', 'list', '--state', 'indexed'))).toEqual(byBytes(NAMES));
    expect(keysOf(await json('failures', 'list'))).toEqual([BAD]);
  });

  test('show', async () => {
    await Promise.all(
      NAMES.map(async (name) => {
        // Behind `--`, so that no name is taken for a flag.
        const { stdout } = await rekback('show', '--json', '--', name);
        expect(JSON.parse(stdout), name).toMatchObject({ key: name, state: 'indexed' });
      }),
    );
  }, 60_000);

  test('a name that begins with a dash needs nothing before it', async () => {
    expect(await json('show', '-rf.png')).toMatchObject({ key: '-rf.png', state: 'indexed' });
  });

  test('prefixes', async () => {
    await Promise.all(
      ['caf\u00e9', 'cafe\u0301', 'a%2B', '-', '--/', '\u202e', LONG.slice(0, 400)].map(async (prefix) => {
        const found = await json('search', 'red', `--prefix=${prefix}`);
        expect(keysOf(found), prefix).toEqual(byBytes(NAMES).filter((name) => name.startsWith(prefix)));
      }),
    );
  });

  test('a list of keys, one per NUL', async () => {
    await writeFile(join(folder, 'keys.txt'), NAMES.map((name) => `${name}\0`).join(''));
    expect(await json('backfill', 'now', '--from', 'keys.txt', '--progress', 'none')).toMatchObject({
      run: { total: NAMES.length, skipped: { unchanged: NAMES.length }, failed: {} },
    });
  });
});

describe('to a person', () => {
  test.each([
    [['search', 'red', '--limit', '100'], NAMES.length],
    [['search', 'red', '--limit', '100', '--print', 'key'], NAMES.length],
    [['search', 'red', '--limit', '100', '--print', 'path'], NAMES.length],
    [['search', 'red', '--limit', '100', '--print', 'uri'], NAMES.length],
    [['images', 'list', '--state', 'indexed'], NAMES.length],
    [['failures', 'list'], 1],
  ])('%j prints one line for each, and nothing that a terminal would act on', async (args, lines) => {
    const { stdout, stderr } = await rekback(...args);
    expect(stdout + stderr).not.toMatch(RAW);
    const rows = stdout.trimEnd().split('\n');
    // Tables have a line above them.
    expect([lines, lines + 1]).toContain(rows.length);
    expect(new Set(rows).size).toBe(rows.length);
  });

  test('show and live are as harmless', async () => {
    const risky = NAMES.filter((name) => RAW.test(name) || name.includes('\n'));
    await Promise.all(
      [...risky, BAD, 'nowhere\u001b[2J.png'].map(async (name) => {
        const { stdout, stderr } = await rekback('show', '--', name);
        expect(stdout + stderr, name).not.toMatch(RAW);
      }),
    );
    await rename(join(images, BAD), join(images, `${BAD.slice(0, -4)}2.png`));
    const { stdout, stderr } = await rekback('live', '--once');
    expect(stdout + stderr).not.toMatch(RAW);
    expect(stdout).toContain('removed bad\\x1b]0;title\\x07\\n\\u202e.png');
  });
});
