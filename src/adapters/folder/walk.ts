import { isUtf8 } from 'node:buffer';
import { type Dirent, lstatSync, readdirSync, realpathSync, type Stats, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import type { ListedImage } from '../../runtime/ports.ts';

/** Entries between two returns to the event loop, so that Ctrl-C and progress are served during a long listing. */
const BATCH = 1_000;

interface Entry {
  /** With `/` at the end for a folder that is gone into: so entries sort as their keys do. */
  sortName: string;
  name: string;
  entry: Dirent<Buffer>;
  /** Where a symbolic link that is followed leads. */
  target: Target | undefined;
}

interface Target {
  path: string;
  stats: Stats;
}

/** Undefined for a link that is not followed: it leads nowhere, out of the folder, or back to where it is itself. */
function followed(link: string, root: string, above: readonly string[]): Target | undefined {
  try {
    const path = realpathSync(link);
    const stats = statSync(path);
    const isLoop = stats.isDirectory() && (above.includes(path) || inside(path, link));
    return inside(root, path) && !isLoop ? { path, stats } : undefined;
  } catch {
    return undefined;
  }
}

/** Beyond this code unit, UTF-16 order and UTF-8 byte order disagree. */
const SURROGATES = /[\ud800-\uffff]/;

/** Sorts by UTF-8 bytes, as S3 and the index do. */
function sortByBytes(entries: Entry[]): void {
  if (entries.some((entry) => SURROGATES.test(entry.sortName))) {
    entries.sort((a, b) => Buffer.compare(Buffer.from(a.sortName), Buffer.from(b.sortName)));
  } else {
    entries.sort((a, b) => (a.sortName < b.sortName ? -1 : 1));
  }
}

const inside = (root: string, path: string) =>
  path === root || path.startsWith(root === sep ? sep : root + sep);

/**
 * Lists everything below `root` in byte order of the key.
 *
 * Synchronous calls on purpose: one `lstat` costs 2–3 µs this way and some 25 µs through promises, which is the
 * difference between 0.6 s and 5 s for 200,000 files. Symbolic links are followed only where they stay inside the
 * folder and lead into no loop. What can't be listed is yielded with a `skip` reason, never dropped.
 *
 * @param root an absolute path without symbolic links
 * @throws the system's error when `root` itself can't be read
 */
export function* walk(root: string, prefix: string): Generator<ListedImage[]> {
  let batch: ListedImage[] = [];

  function* folder(path: string, keyPrefix: string, above: readonly string[]): Generator<ListedImage[]> {
    // A folder none of whose keys can match the prefix is not read at all.
    if (!keyPrefix.startsWith(prefix) && !prefix.startsWith(keyPrefix)) return;
    let raw: Dirent<Buffer>[];
    try {
      raw = readdirSync(path, { withFileTypes: true, encoding: 'buffer' });
    } catch (error) {
      if (path === root) throw error;
      // Above the prefix it stands for all that the prefix names: that must not look like nothing.
      const key = keyPrefix.startsWith(prefix) ? keyPrefix : prefix;
      batch.push({ key, skip: 'unreadable-folder' });
      return;
    }
    const entries: Entry[] = raw.map((entry) => {
      const name = entry.name.toString('utf8');
      const target = entry.isSymbolicLink() ? followed(join(path, name), root, above) : undefined;
      const isFolder = (entry.isDirectory() || target?.stats.isDirectory() === true) && isUtf8(entry.name);
      return { name, sortName: isFolder ? `${name}/` : name, entry, target };
    });
    sortByBytes(entries);
    for (const { name, entry, target } of entries) {
      const key = keyPrefix + name;
      const child = join(path, name);
      if (!isUtf8(entry.name)) {
        if (key.startsWith(prefix)) batch.push({ key, skip: 'name-not-utf8' });
      } else if (entry.isDirectory()) {
        yield* folder(child, `${key}/`, above);
      } else if (entry.isSymbolicLink()) {
        yield* link(target, child, key, above);
      } else if (entry.isFile() && key.startsWith(prefix)) {
        const image = look(child, key);
        if (image !== undefined) batch.push(image);
      }
      if (batch.length >= BATCH) {
        yield batch;
        batch = [];
      }
    }
  }

  function* link(
    target: Target | undefined,
    path: string,
    key: string,
    above: readonly string[],
  ): Generator<ListedImage[]> {
    if (target === undefined) {
      if (key.startsWith(prefix)) batch.push({ key, skip: 'symlink' });
    } else if (target.stats.isDirectory()) {
      yield* folder(path, `${key}/`, [...above, target.path]);
    } else if (target.stats.isFile() && key.startsWith(prefix)) {
      batch.push(listed(key, target.stats));
    }
  }

  yield* folder(root, '', [root]);
  if (batch.length > 0) yield batch;
}

/** Undefined for a file that is gone by now. */
function look(path: string, key: string): ListedImage | undefined {
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    return stats && listed(key, stats);
  } catch {
    // A folder may give away its names and nothing else (read, but no execute permission).
    return { key, skip: 'unreadable-folder' };
  }
}

const listed = (key: string, stats: Stats): ListedImage => ({
  key,
  size: stats.size,
  lastModified: Math.floor(stats.mtimeMs),
});
