import { createHash, randomUUID } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { link, lstat, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ObjectStore, Version } from '../../runtime/ports.ts';
import { asWriteError, systemCode } from './errors.ts';

/** Unfinished writes of a killed process: never listed, removed with the stack. */
const TEMPORARY = '.tmp-';

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
      if (isMissing(error)) return undefined;
      throw asWriteError(error, pathOf(key));
    }
  }

  async function replace(key: string, body: Uint8Array): Promise<void> {
    const path = pathOf(key);
    const aside = await writeAside(path, body);
    await rename(aside, path).catch(async (error: unknown) => {
      await rm(aside, { force: true });
      throw asWriteError(error, path);
    });
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
          return { version };
        } catch (error) {
          if (systemCode(error) === 'EEXIST') return 'conflict';
          throw asWriteError(error, path);
        } finally {
          await rm(aside, { force: true });
        }
      }
      return exclusively(root, async () => {
        if ((await get(key))?.version !== condition.ifVersion) return 'conflict';
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

/**
 * Runs `work` while no other process does so below `root`. SQLite's file lock is used because the system lets go of
 * it when its holder is killed, which no lock file of our own could promise.
 */
async function exclusively<T>(root: string, work: () => Promise<T>): Promise<T> {
  const { default: Database } = await import('libsql');
  const database = new Database(join(root, 'mutex.db'));
  try {
    database.exec('PRAGMA busy_timeout = 30000');
    database.exec('BEGIN EXCLUSIVE');
    return await work();
  } finally {
    database.close();
  }
}

async function* listFiles(root: string, prefix: string): AsyncGenerator<{ key: string; size: number }> {
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  let entries: Dirent[];
  try {
    entries = await readdir(join(root, folder), { withFileTypes: true });
  } catch (error) {
    if (isMissing(error)) return;
    throw asWriteError(error, join(root, folder));
  }
  const keys = entries
    .filter(({ name }) => !name.startsWith(TEMPORARY))
    .map((entry) => folder + entry.name + (entry.isDirectory() ? '/' : ''))
    .filter((key) => key.startsWith(prefix))
    .sort();
  for (const key of keys) {
    if (key.endsWith('/')) yield* listFiles(root, key);
    else yield { key, size: (await lstat(join(root, key))).size };
  }
}
