import { createHash } from 'node:crypto';
import { constants, fstatSync, realpathSync, statSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import type { ImageHead } from '../../runtime/contract.ts';
import { RekbackError, RetryableError, SystemicError, UnreadableError } from '../../runtime/errors.ts';
import type { ImageStore } from '../../runtime/ports.ts';
import { systemCode } from './errors.ts';
import { walk } from './walk.ts';

/** Larger files are hashed as a stream and their bytes not kept: what no labeler takes need not fill the memory. */
const KEEP_BYTES = 64 * 1024 * 1024;

/** A file that is still being written is read again, this often at most. */
const READ_ATTEMPTS = 3;

/**
 * The absolute path of a folder, free of symbolic links.
 * @throws RekbackError `folder-missing` or `not-a-folder`, exit 2
 */
export function resolveFolder(path: string): string {
  try {
    const resolved = realpathSync(path);
    if (statSync(resolved).isDirectory()) return resolved;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') {
      throw new RekbackError('folder-missing', `there is no folder '${path}'`, {
        exitCode: 2,
        cause: error,
        suggestions: ['check the path; one that does not begin with / is looked for where you are now'],
      });
    }
    throw new RekbackError('folder-unreadable', `the folder '${path}' can't be opened`, {
      exitCode: 2,
      cause: error,
      suggestions: ['make it, and every folder above it, readable for you'],
    });
  }
  throw new RekbackError('not-a-folder', `'${path}' is not a folder`, {
    exitCode: 2,
    suggestions: ['name the folder that holds the images'],
  });
}

/**
 * The images below a folder. The etag is a content hash: an image that was only renamed or touched keeps its labels.
 *
 * @param root as `resolveFolder` gives it
 */
export function openFolderImages(root: string): ImageStore {
  const assertThere = rootGuard(root);
  return {
    bucket: root,
    etagIsContent: true,
    link: (key, form) => (form === 'path' ? join(root, key) : pathToFileURL(join(root, key)).href),
    async *list({ prefix = '', signal }) {
      try {
        for (const batch of walk(root, prefix)) {
          signal?.throwIfAborted();
          yield batch;
          await setImmediate();
        }
      } catch (error) {
        if (systemCode(error) === undefined) throw error;
        throw new SystemicError('folder-unreadable', `the folder '${root}' can't be listed`, {
          cause: error,
          suggestions: [
            'check that the folder is still there (a disk may be unmounted), then run the command again',
          ],
        });
      }
    },
    async head(key) {
      const file = await openInside(root, key, assertThere);
      if (file === undefined) return undefined;
      try {
        return await readStable(file, key);
      } finally {
        await file.close();
      }
    },
    async read(key) {
      const file = await openInside(root, key, assertThere);
      if (file === undefined) throw new UnreadableError('the file is no longer there');
      try {
        return await file.readFile();
      } finally {
        await file.close();
      }
    },
  };
}

/**
 * What is to be called before a missing file is believed: an unmounted disk leaves no folder or another, empty one in its
 * place, which does not mean that thousands of images were deleted.
 */
function rootGuard(root: string): () => void {
  const identity = () => {
    try {
      const { dev, ino } = statSync(root);
      return `${dev}:${ino}`;
    } catch {
      return undefined;
    }
  };
  const opened = identity();
  return () => {
    const now = identity();
    if (now !== undefined && now === opened) return;
    const what = now === undefined ? 'is no longer there' : 'was replaced by another';
    throw new SystemicError('folder-missing', `the folder '${root}' ${what}`, {
      suggestions: ['check that its disk is mounted, then run the command again'],
    });
  };
}

/** Opens a regular file whose real path is inside the folder; `undefined` for anything else. */
async function openInside(
  root: string,
  key: string,
  assertThere: () => void,
): Promise<FileHandle | undefined> {
  // Keys of operators' lists are not to be trusted: `../x` or `/x` name nothing inside the folder.
  if (
    key === '' ||
    key.includes('\0') ||
    key.split('/').some((part) => part === '' || part === '.' || part === '..')
  ) {
    return undefined;
  }
  try {
    // Synchronous, as in `walk`: these calls take microseconds, and ten times as long through the thread pool.
    const path = realpathSync.native(join(root, key));
    if (!path.startsWith(root === sep ? sep : root + sep)) return undefined;
    // O_NONBLOCK: a named pipe in the folder must not hold the run up for ever.
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (fstatSync(file.fd).isFile()) return file;
    await file.close();
    return undefined;
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') {
      assertThere();
      return undefined;
    }
    // A socket can't be opened.
    if (code === 'ENXIO') return undefined;
    if (code === 'EMFILE' || code === 'ENFILE')
      throw new RetryableError('too many open files', { cause: error });
    throw new UnreadableError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** Content and metadata of one moment: read again while the file moves under the reading. */
async function readStable(file: FileHandle, key: string): Promise<ImageHead> {
  for (let attempt = 1; ; attempt++) {
    const before = fstatSync(file.fd);
    const hash = createHash('sha256');
    let bytes: Buffer | undefined;
    let read = 0;
    try {
      if (before.size <= KEEP_BYTES) {
        bytes = Buffer.allocUnsafe(before.size);
        read = await readFully(file, bytes);
        hash.update(bytes.subarray(0, read));
      } else {
        const part = Buffer.allocUnsafe(1 << 20);
        for (let got = 1; got > 0; read += got) {
          got = (await file.read(part, 0, part.length, read)).bytesRead;
          hash.update(part.subarray(0, got));
        }
      }
    } catch (error) {
      throw new UnreadableError(error instanceof Error ? error.message : String(error), { cause: error });
    }
    const after = fstatSync(file.fd);
    if (read === before.size && after.size === before.size && after.mtimeMs === before.mtimeMs) {
      return {
        // 128 bits: two different images with one etag are as likely as two equal random ids.
        etag: hash.digest().subarray(0, 16).toString('base64url'),
        size: before.size,
        lastModified: Math.floor(before.mtimeMs),
        ...(bytes === undefined ? {} : { bytes }),
      };
    }
    if (attempt === READ_ATTEMPTS) throw new UnreadableError(`'${key}' is being written while it is read`);
  }
}

async function readFully(file: FileHandle, into: Buffer): Promise<number> {
  let read = 0;
  while (read < into.length) {
    const { bytesRead } = await file.read(into, read, into.length - read, read);
    if (bytesRead === 0) break;
    read += bytesRead;
  }
  return read;
}
