import { open } from 'node:fs/promises';
import { messageOf, RekbackError } from '../runtime/errors.ts';
import type { ObjectStore } from '../runtime/ports.ts';
import { ARCHIVE } from '../runtime/run/layout.ts';

/**
 * Copies a stack's whole label archive to a new file. Members of a gzip file may follow each other, so the archive's
 * objects are copied as they are.
 *
 * @throws RekbackError `keep-labels-failed`
 */
export async function keepLabels(objects: ObjectStore, path: string): Promise<void> {
  const file = await open(path, 'wx').catch((cause: unknown) => {
    throw new RekbackError('keep-labels-failed', `can't make the file '${path}': ${messageOf(cause)}`, {
      cause,
      suggestions: [
        'name a file that is not there yet, in a folder that you may write to; nothing was removed',
      ],
    });
  });
  try {
    for await (const { key } of objects.list(ARCHIVE)) {
      const part = await objects.get(key);
      if (part !== undefined) await file.writeFile(part.body);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}
