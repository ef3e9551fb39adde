import { relative, sep } from 'node:path';
import { watch } from 'chokidar';

/** A copy of many files comes as many events; they are handed on together once this long after the first (ms). */
const GATHER = 300;

/** A file is looked at when it has not grown for this long; milliseconds. */
const STABLE = 500;

/**
 * A removed file is told this late, in milliseconds: one that was renamed is then met under its new name first, which
 * can take its labels from the old one.
 */
const REMOVED = 3_000;

/** What happens in a folder from now on. */
export interface FolderWatch {
  /** Keys that were added, changed or removed, together; ends when `close` is called. */
  changes(): AsyncGenerator<string[]>;
  close(): Promise<void>;
}

/**
 * Watches everything below `root`. Resolves once nothing that happens later is missed.
 *
 * @param onError told about parts of the folder that can't be watched; the others still are
 */
export async function watchFolder(root: string, onError: (error: unknown) => void): Promise<FolderWatch> {
  const changed = new Set<string>();
  let wake = () => {};
  let closed = false;
  const watcher = watch(root, {
    ignoreInitial: true,
    awaitWriteFinish: { stabilityThreshold: STABLE, pollInterval: 100 },
  });
  const note = (path: string) => {
    changed.add(relative(root, path).replaceAll(sep, '/'));
    wake();
  };
  const removals = new Set<NodeJS.Timeout>();
  const noteLater = (path: string) => {
    const timer = setTimeout(() => {
      removals.delete(timer);
      note(path);
    }, REMOVED);
    removals.add(timer);
  };
  watcher.on('add', note).on('change', note).on('unlink', noteLater).on('error', onError);
  await new Promise<void>((resolve) => watcher.once('ready', () => resolve()));
  return {
    async *changes() {
      for (;;) {
        if (changed.size === 0 && !closed) await new Promise<void>((resolve) => (wake = resolve));
        if (closed) return;
        await new Promise((resolve) => setTimeout(resolve, GATHER));
        const keys = [...changed];
        changed.clear();
        yield keys;
      }
    },
    async close() {
      closed = true;
      for (const timer of removals) clearTimeout(timer);
      wake();
      await watcher.close();
    },
  };
}
