import { createHash, randomUUID } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { link, lstat, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type Libsql from 'libsql';
import { compareKeys } from '../../runtime/key-order.ts';
import type { ObjectStore, Version } from '../../runtime/ports.ts';
import { asReadError, asWriteError, systemCode } from './errors.ts';

/** Unfinished writes of a killed process: never listed, removed with the stack. */
const TEMPORARY = '.tmp-';

/** The file whose lock orders conditional writes; no object. */
const MUTEX = 'mutex.db';

/** Between two tries at the lock, at most; milliseconds. It is held for about one. */
const MUTEX_POLL = 20;
const MUTEX_TRIES = 3_000;

/**
 * A stack's objects as files below one folder. Each appears whole or not at all (written aside, then renamed or
 * linked), and survives a crash of the machine once `put` has returned.
 *
 * @param root need not be there yet
 */
export function openFolderObjects(root: string): ObjectStore {
  const pathOf = (key: string) => join(root, key);

  async function get(key: string) {
    try {
      const body = await readFile(pathOf(key));
      return { body, version: versionOf(body) };
    } catch (error) {
      if (isMissing(error) || systemCode(error) === 'EISDIR') return undefined;
      throw asReadError(error, pathOf(key));
    }
  }

  async function replace(key: string, body: Uint8Array): Promise<void> {
    const path = pathOf(key);
    const aside = await writeAside(path, body);
    try {
      await rename(aside, path);
      await keepName(path);
    } catch (error) {
      await rm(aside, { force: true });
      throw asWriteError(error, path);
    }
  }

  return {
    get,
    async put(key, body, condition) {
      const version = versionOf(body);
      if (condition === undefined) {
        await replace(key, body);
        return { version };
      }
      if ('ifAbsent' in condition) {
        const path = pathOf(key);
        const aside = await writeAside(path, body);
        try {
          // link(2) fails when the name exists: the one atomic "create if absent" that also appears whole.
          await link(aside, path);
          await keepName(path);
          return { version };
        } catch (error) {
          if (systemCode(error) === 'EEXIST') return 'conflict';
          throw asWriteError(error, path);
        } finally {
          await rm(aside, { force: true });
        }
      }
      const isCurrent = async () => (await get(key))?.version === condition.ifVersion;
      if (!(await isCurrent())) return 'conflict';
      return exclusively(root, async () => {
        if (!(await isCurrent())) return 'conflict';
        await replace(key, body);
        return { version };
      });
    },
    async *list(prefix) {
      yield* listFiles(root, prefix);
    },
    async remove(key) {
      await rm(pathOf(key), { force: true }).catch((error: unknown) => {
        if (!isMissing(error)) throw asWriteError(error, pathOf(key));
      });
    },
  };
}

const versionOf = (body: Uint8Array): Version => createHash('sha256').update(body).digest('base64url');

const isMissing = (error: unknown) => systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR';

async function writeAside(path: string, body: Uint8Array): Promise<string> {
  const aside = join(dirname(path), TEMPORARY + randomUUID());
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const file = await open(aside, 'wx', 0o600);
    try {
      await file.writeFile(body);
      await file.datasync();
    } finally {
      await file.close();
    }
    return aside;
  } catch (error) {
    await rm(aside, { force: true }).catch(() => {});
    throw asWriteError(error, path);
  }
}

/** A new name survives a crash of the machine only once its folder is on the disk too. */
async function keepName(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/**
 * Runs `work` while no other does so below `root`, in this process or another. SQLite's file lock is used because the
 * system lets go of it when its holder is killed, which no lock file of our own could promise. It is asked for again and
 * again rather than waited for: SQLite's own waiting would stop this process, and with it whoever holds the lock in it.
 */
async function exclusively<T>(root: string, work: () => Promise<T>): Promise<T> {
  const { default: Database } = await import('libsql');
  const path = join(root, MUTEX);
  for (let tries = 1; ; tries++) {
    let lock: Libsql.Database | undefined;
    try {
      lock = new Database(path);
      lock.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      lock?.close();
      if (systemCode(error) !== 'SQLITE_BUSY' || tries === MUTEX_TRIES) throw asWriteError(error, path);
      await setTimeout(Math.random() * MUTEX_POLL);
      continue;
    }
    try {
      return await work();
    } finally {
      lock.close();
    }
  }
}

async function* listFiles(root: string, prefix: string): AsyncGenerator<{ key: string; size: number }> {
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  let entries: Dirent[];
  try {
    entries = await readdir(join(root, folder), { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return;
    throw asReadError(error, join(root, folder));
  }
  const keys = entries
    .filter(({ name }) => !name.startsWith(TEMPORARY) && (folder !== '' || name !== MUTEX))
    .map((entry) => folder + entry.name + (entry.isDirectory() ? '/' : ''))
    .filter((key) => key.startsWith(prefix))
    .sort(compareKeys);
  for (const key of keys) {
    if (key.endsWith('/')) yield* listFiles(root, key);
    else {
      const size = await sizeOf(join(root, key));
      if (size !== undefined) yield { key, size };
    }
  }
}

/** Undefined for what was removed while it was listed. */
async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await lstat(path)).size;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw asReadError(error, path);
  }
}
