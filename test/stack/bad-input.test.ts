import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  chown,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { builtCli } from '../cli.ts';

const run = promisify(execFile);
const PRELOAD = join(import.meta.dirname, '../outside/full-disk-preload.js');
const NOBODY = 65_534;
const COLOURS = ['#f00', '#0f0', '#00f', '#ff0'];

let folder: string;
let cli: string;
let images: string;
/** A home whose stack `bad` has labelled all images, and one in which it is only set up. */
let labelled: string;
let empty: string;

beforeAll(async () => {
  cli = await builtCli();
  folder = await mkdtemp(join(tmpdir(), 'rekback-bad-'));
  await chmod(folder, 0o755);
  images = join(folder, 'images');
  await mkdir(images);
  for (const [at, background] of COLOURS.entries()) {
    const create = { width: 8, height: 8, channels: 3, background } as const;
    await sharp({ create })
      .png()
      .toFile(join(images, `${at}.png`));
  }
  empty = join(folder, 'empty');
  labelled = join(folder, 'labelled');
  await rekback(empty, 'setup', '--folder', images, '--stack', 'bad');
  await cp(empty, labelled, { recursive: true });
  expect(await rekback(labelled, 'backfill', 'now')).toMatchObject({
    code: 0,
    json: { run: { indexed: 4 } },
  });
}, 120_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

interface Ended {
  code: number;
  json: Record<string, unknown>;
}

const rekback = (home: string, ...args: string[]) => rekbackWith({ home }, args);

/** Runs the CLI with `--json`; whatever happens there must be exactly one value on stdout. */
async function rekbackWith(
  options: { home: string; asNobody?: boolean; bytesLeft?: number },
  args: readonly string[],
): Promise<Ended> {
  const { home, asNobody, bytesLeft } = options;
  const preload = bytesLeft === undefined ? [] : ['--import', PRELOAD];
  const child = spawn(
    process.execPath,
    [...preload, join(cli, 'bin/run.js'), ...args, '--json', '--progress', 'none'],
    {
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        HOME: folder,
        REKBACK_HOME: home,
        REKBACK_DISK_BYTES: String(bytesLeft),
      },
      stdio: ['ignore', 'pipe', 'ignore'],
      ...(asNobody && process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}),
    },
  );
  let stdout = '';
  child.stdout.on('data', (data) => {
    stdout += data;
  });
  const [code] = await once(child, 'close');
  return { code, json: JSON.parse(stdout) };
}

const failure = (code: string, message: string | RegExp, exitCode = 1) => ({
  code: exitCode,
  json: {
    schemaVersion: 1,
    error: {
      code,
      message:
        typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message),
      // Every one of these says what to do.
      suggestions: expect.arrayContaining([expect.any(String)]),
    },
  },
});

const found = { code: 0, json: { total: 1, images: [{ key: '0.png' }] } };
const search = (home: string) => rekback(home, 'search', 'red');

let homes = 0;
async function copyOf(template: string): Promise<string> {
  const home = join(folder, `home-${homes++}`);
  await cp(template, home, { recursive: true });
  return home;
}

const stackOf = (home: string) => join(home, 'stacks/bad');

describe('a folder that is none', () => {
  test.each([
    ['is missing', 'nowhere', 'folder-missing'],
    ['is a file', 'images/0.png', 'not-a-folder'],
  ])('%s: setup and try say so, and make nothing', async (_, name, code) => {
    const home = join(folder, `home-${homes++}`);
    expect(await rekback(home, 'setup', '--folder', name)).toMatchObject(failure(code, name, 2));
    expect(await rekback(home, 'try', name)).toMatchObject(failure(code, name, 2));
    await expect(readdir(home)).rejects.toThrow('ENOENT');
  });
});

describe('a home that can not be used', () => {
  test('is a file', async () => {
    const home = join(folder, 'file');
    await writeFile(home, 'mine');
    for (const args of [['setup', '--folder', images], ['stacks'], ['search', 'red']])
      expect(await rekback(home, ...args)).toMatchObject(failure('home-unreadable', home));
    expect(await readFile(home, 'utf8')).toBe('mine');
  });

  test('has a file where the stack’s folder should be', async () => {
    const home = await copyOf(labelled);
    await rm(join(stackOf(home), 'leases'), { recursive: true, force: true });
    await writeFile(join(stackOf(home), 'leases'), '');
    expect(await rekback(home, 'backfill', 'now')).toMatchObject(
      failure('home-not-a-folder', 'leases/run.json'),
    );
    expect(await search(home)).toMatchObject(found);
  });

  /** A labelled home on which the one who uses it has only these rights. */
  async function restricted(rights: { folders: number; files: number }) {
    const home = await copyOf(labelled);
    const paths = [{ path: home, isFolder: true }];
    for (const entry of await readdir(home, { recursive: true, withFileTypes: true }))
      paths.push({ path: join(entry.parentPath, entry.name), isFolder: entry.isDirectory() });
    for (const { path, isFolder } of paths) {
      if (process.getuid?.() === 0) await chown(path, NOBODY, NOBODY);
      await chmod(path, isFolder ? rights.folders : rights.files);
    }
    return {
      home,
      rekback: (...args: string[]) => rekbackWith({ home, asNobody: true }, args),
      async release() {
        for (const { path, isFolder } of paths) if (isFolder) await chmod(path, 0o755);
      },
    };
  }

  test('may not be written: nothing new is made, what is there is still read', async () => {
    const closed = await restricted({ folders: 0o555, files: 0o444 });
    const refused = failure('home-not-writable', closed.home);
    expect(await closed.rekback('backfill', 'now')).toMatchObject(refused);
    expect(await closed.rekback('live', '--once')).toMatchObject(refused);
    expect(await closed.rekback('settings', 'set', 'rate=1')).toMatchObject(refused);
    expect(await closed.rekback('setup', '--folder', images, '--stack', 'other')).toMatchObject(refused);
    expect(await closed.rekback('search', 'red')).toMatchObject(found);
    await closed.release();
    expect(await readdir(join(closed.home, 'stacks'))).toEqual(['bad']);
  });

  test('may not be read', async () => {
    const closed = await restricted({ folders: 0o755, files: 0o000 });
    expect(await closed.rekback('search', 'red')).toMatchObject(
      failure('home-unreadable', join(stackOf(closed.home), 'stack.json')),
    );
  });
});

describe('a full disk', () => {
  const recovered = { code: 0, json: { run: { state: 'succeeded', total: 4, failed: {}, pending: 0 } } };
  const full = failure('disk-full', /^no space left/);

  test('stops a backfill wherever it is met; with room again the same command ends it', async () => {
    const codes = new Set<unknown>();
    for (const bytesLeft of [0, 700, 1_500, 3_000, 100_000]) {
      const home = await copyOf(empty);
      const ended = await rekbackWith({ home, bytesLeft }, ['backfill', 'now']);
      if (ended.code !== 0) expect(ended).toMatchObject(full);
      codes.add(ended.code);
      expect(await rekback(home, 'backfill', 'now'), String(bytesLeft)).toMatchObject(recovered);
      expect(await search(home)).toMatchObject(found);
    }
    expect(codes).toEqual(new Set([0, 1]));
  });

  test('a real one, where a small disk can be mounted', async () => {
    const disk = join(folder, 'disk');
    await mkdir(disk);
    const mount = (options: string) => run('mount', ['-t', 'tmpfs', '-o', options, 'none', disk]);
    try {
      await mount('size=8m');
    } catch (error) {
      // Needs root, and in a container the right to mount; what it would show is shown above by other means.
      console.warn(`no disk could be mounted, so that only a simulated one was full: ${String(error)}`);
      return;
    }
    const leave = async (kilobytes: number) => {
      const { stdout } = await run('df', ['--output=used', '-k', disk]);
      await mount(`remount,size=${Number(stdout.split('\n')[1]) + kilobytes}k`);
    };
    try {
      const codes = new Set<unknown>();
      for (const kilobytes of [0, 28, 68, 140, 2_000]) {
        const home = join(disk, `home-${kilobytes}`);
        await mount('remount,size=8m');
        await cp(empty, home, { recursive: true });
        await leave(kilobytes);
        const ended = await rekback(home, 'backfill', 'now');
        if (ended.code !== 0) expect(ended, String(kilobytes)).toMatchObject(full);
        codes.add(ended.code);
        await mount('remount,size=8m');
        expect(await rekback(home, 'backfill', 'now'), String(kilobytes)).toMatchObject(recovered);
        expect(await search(home)).toMatchObject(found);
        // An index that does not fit beside the present one must not take its place.
        await leave(kilobytes);
        const rebuilt = await rekback(home, 'index', 'rebuild');
        if (rebuilt.code !== 0) expect(rebuilt, String(kilobytes)).toMatchObject(full);
        await mount('remount,size=8m');
        expect(await search(home), `after a rebuild with ${kilobytes} KB`).toMatchObject(found);
        await rm(home, { recursive: true });
      }
      expect(codes).toEqual(new Set([0, 1]));
      for (const kilobytes of [20, 120, 190, 240]) {
        const home = join(disk, `new-${kilobytes}`);
        await leave(kilobytes);
        const setup = () => rekback(home, 'setup', '--folder', images, '--stack', 'bad');
        const ended = await setup();
        if (ended.code !== 0) expect(ended, String(kilobytes)).toMatchObject(full);
        await mount('remount,size=8m');
        expect(await setup()).toMatchObject({ code: 0 });
        expect(await rekback(home, 'backfill', 'now'), String(kilobytes)).toMatchObject(recovered);
        await rm(home, { recursive: true });
      }
    } finally {
      await run('umount', [disk]);
    }
  }, 120_000);
});

describe('a stack’s record', () => {
  test('of a newer version is read, and never written', async () => {
    const home = await copyOf(labelled);
    const path = join(stackOf(home), 'stack.json');
    const record = JSON.parse(await readFile(path, 'utf8'));
    const newer = JSON.stringify({
      ...record,
      format: record.format + 1,
      settings: { ...record.settings, new: 1 },
    });
    await writeFile(path, newer);
    const before = (await readdir(home, { recursive: true })).sort();
    const commands = [
      ['backfill', 'now'],
      ['backfill', 'retry'],
      ['live', '--once'],
      ['index', 'rebuild'],
      ['settings', 'set', 'rate=1'],
      ['setup', '--folder', images, '--stack', 'bad', '--prefix', 'x'],
      ['teardown', '--yes'],
    ];
    for (const args of commands)
      expect(await rekback(home, ...args), args.join(' ')).toMatchObject(failure('stack-newer', `'bad'`));
    expect(await readFile(path, 'utf8')).toBe(newer);
    expect((await readdir(home, { recursive: true })).sort()).toEqual(before);
    expect(await search(home)).toMatchObject(found);
    for (const args of [
      ['status'],
      ['stacks'],
      ['images', 'list', '--state', 'indexed'],
      ['backfill', 'list'],
    ])
      expect((await rekback(home, ...args)).code, args.join(' ')).toBe(0);
  });

  test.each(['', '{', '[]', 'null', '{}'])(
    'that is damaged (%j) is named, with what to do',
    async (content) => {
      const home = await copyOf(labelled);
      await writeFile(join(stackOf(home), 'stack.json'), content);
      for (const args of [['search', 'red'], ['backfill', 'now'], ['status']])
        expect(await rekback(home, ...args), args.join(' ')).toMatchObject(
          failure('stack-damaged', 'stack.json'),
        );
      expect(await rekback(home, 'setup', '--folder', images, '--stack', 'bad')).toMatchObject({ code: 0 });
      expect(await search(home)).toMatchObject(found);
    },
  );
});

describe('an index', () => {
  const damages: Record<string, (path: string) => Promise<unknown>> = {
    'that is text': (path) => writeFile(path, 'no index'),
    'that was cut short': (path) => truncate(path, 10_000),
    'that is empty': (path) => truncate(path, 0),
    'that is gone': (path) => rm(path),
    'with foreign bytes in it': async (path) => {
      const bytes = await readFile(path);
      await writeFile(path, bytes.fill(0xa5, 8_192));
    },
  };
  for (const [what, damage] of Object.entries(damages)) {
    test(`${what} is named with the command that makes it again, and that does`, async () => {
      const home = await copyOf(labelled);
      await damage(join(stackOf(home), 'index.db'));
      const unusable = failure(/empty|gone/.test(what) ? 'index-missing' : 'index-unreadable', 'index.db');
      const advice = { json: { error: { suggestions: [expect.stringContaining('rekback index rebuild')] } } };
      const commands = [
        ['search', 'red'],
        ['labels'],
        ['images', 'list', '--state', 'indexed'],
        ['backfill', 'now'],
      ];
      for (const args of commands) {
        const ended = await rekback(home, ...args);
        expect(ended, args.join(' ')).toMatchObject(unusable);
        expect(ended, args.join(' ')).toMatchObject(advice);
      }
      expect(await rekback(home, 'status')).toMatchObject({ code: 0, json: { index: null } });
      expect(await rekback(home, 'index', 'rebuild')).toMatchObject({ code: 0, json: { documents: 4 } });
      expect(await search(home)).toMatchObject(found);
      expect(await rekback(home, 'backfill', 'now')).toMatchObject({
        code: 0,
        json: { run: { labelCalls: 0 } },
      });
    });
  }
});

test('a damaged object of the label archive is named, and the index stays', async () => {
  const home = await copyOf(labelled);
  const entries = await readdir(join(stackOf(home), 'labels'), { recursive: true });
  const name = entries.find((entry) => entry.endsWith('.ndjson.gz')) ?? '';
  await truncate(join(stackOf(home), 'labels', name), 30);
  expect(await rekback(home, 'index', 'rebuild')).toMatchObject(
    failure('archive-unreadable', `'labels/${name}'`),
  );
  expect(await search(home)).toMatchObject(found);
});

describe('images that are away', () => {
  const indexed = { code: 0, json: { index: { images: 4 } } };
  const away = async (home: string, work: () => Promise<void>) => {
    await rename(images, `${images}-away`);
    try {
      await work();
      expect(await rekback(home, 'status')).toMatchObject(indexed);
      expect(await search(home)).toMatchObject(found);
    } finally {
      await rm(images, { recursive: true, force: true });
      await rename(`${images}-away`, images);
    }
    expect(await rekback(home, 'live', '--once')).toMatchObject({
      code: 0,
      json: { live: { indexed: 0, removed: 0, failed: 0, unchanged: 4 } },
    });
  };

  test('with their folder: nothing is removed from the index', async () => {
    const home = await copyOf(labelled);
    await away(home, async () => {
      const gone = failure('folder-unreadable', images);
      expect(await rekback(home, 'live', '--once')).toMatchObject(gone);
      expect(await rekback(home, 'backfill', 'now')).toMatchObject(gone);
    });
    expect(await rekback(home, 'backfill', 'now')).toMatchObject({ code: 0, json: { run: { total: 4 } } });
  });

  test('from their folder: as an unmounted disk leaves it', async () => {
    const home = await copyOf(labelled);
    await away(home, async () => {
      await mkdir(images);
      expect(await rekback(home, 'live', '--once')).toMatchObject(failure('folder-empty', images));
      expect(await rekback(home, 'backfill', 'now')).toMatchObject({ code: 0, json: { run: { total: 0 } } });
    });
  });
});
