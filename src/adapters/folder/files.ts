import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { RekbackError } from '../../runtime/errors.ts';
import type { InventoryFile, InventoryFiles } from '../../runtime/rows/files.ts';
import { systemCode } from './errors.ts';

/** Bytes read at once. */
const PIECE = 1 << 18;

/**
 * Files of rows on this machine. A manifest's data files are looked for where `aws s3 sync` of the inventory's bucket,
 * of its folder, or a download of single files puts them: under the key's full path below any folder that the manifest
 * is in, in `../data`, or beside the manifest.
 */
export const localFiles: InventoryFiles = {
  async open(name) {
    const file = await openIfThere(name);
    if (file === undefined) throw missing(`there is no file '${name}'`);
    return file;
  },

  async openListed(manifest, key) {
    const places = placesOf(manifest, key);
    for (const place of places) {
      const file = await openIfThere(place);
      if (file !== undefined) return file;
    }
    const tried = places.slice(-2).map((place) => `'${place}'`);
    throw missing(
      `'${manifest}' names '${key}', which is neither at ${tried.join(' nor ')} nor at its full path`,
    );
  },
};

function placesOf(manifest: string, key: string): string[] {
  const folder = dirname(resolve(manifest));
  const above: string[] = [];
  // A key is no path: one that climbs must not lead out of the folders of the inventory.
  if (!key.split('/').includes('..')) {
    for (let at = folder; ; at = dirname(at)) {
      above.push(join(at, key));
      if (at === dirname(at)) break;
    }
  }
  return [...above, join(folder, '../data', basename(key)), join(folder, basename(key))];
}

async function openIfThere(path: string): Promise<InventoryFile | undefined> {
  try {
    const stats = await stat(path);
    if (!stats.isFile()) {
      throw new RekbackError('not-a-file', `'${path}' is ${stats.isDirectory() ? 'a folder' : 'no file'}`, {
        suggestions: ['name a file: a manifest.json, .csv, .csv.gz, .parquet or .txt'],
      });
    }
    return {
      name: path,
      size: stats.size,
      stream: () => streamed(path),
      slice: (start, end) => sliced(path, start, end),
    };
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw asReadError(error, path);
  }
}

async function* streamed(path: string): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(path, { highWaterMark: PIECE });
  } catch (error) {
    throw asReadError(error, path);
  }
}

async function sliced(path: string, start: number, end: number): Promise<Buffer> {
  try {
    const handle = await open(path);
    try {
      const bytes = Buffer.alloc(Math.max(0, end - start));
      let length = 0;
      while (length < bytes.length) {
        const { bytesRead } = await handle.read(bytes, length, bytes.length - length, start + length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      return bytes.subarray(0, length);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw asReadError(error, path);
  }
}

const missing = (message: string): RekbackError =>
  new RekbackError('file-missing', message, { suggestions: ['check the path, or download the file again'] });

function asReadError(error: unknown, path: string): unknown {
  if (error instanceof RekbackError || systemCode(error) === undefined) return error;
  return new RekbackError('file-unreadable', `could not read '${path}' (${systemCode(error)})`, {
    cause: error,
    suggestions: ['check that you may read it'],
  });
}
