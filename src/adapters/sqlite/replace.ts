import { rename, rm, stat } from 'node:fs/promises';
import type { IndexWriter } from '../../runtime/ports.ts';
import { diskFull } from './errors.ts';

/**
 * An empty index beside `file`, to be filled and closed; `replace` then puts it in the other's place. Where that is
 * interrupted there is no index for a moment, which readers are told, never half of one.
 *
 * @param open opens an index for writing
 * @throws SystemicError `disk-full` by `replace`, before anything was changed
 */
export async function replaceIndex(
  file: string,
  open: (file: string) => Promise<IndexWriter>,
): Promise<{ index: IndexWriter; replace(): Promise<void> }> {
  const beside = `${file}.new`;
  await removeDatabase(beside);
  return {
    index: await open(beside),
    async replace() {
      // A log that is left after closing did not fit into the file: what is in the file alone is no index.
      const log = await stat(`${beside}-wal`).catch(() => undefined);
      if (log !== undefined && log.size > 0) throw diskFull(file);
      // SQLite would replay a log that is left behind into whatever database has its name.
      await removeDatabase(file);
      await rename(beside, file);
      await removeDatabase(beside);
    },
  };
}

async function removeDatabase(file: string): Promise<void> {
  for (const suffix of ['', '-wal', '-shm']) await rm(file + suffix, { force: true });
}
