import type { Selection } from '../runtime/contract.ts';
import { RekbackError } from '../runtime/errors.ts';
import type { ImageStore, ObjectStore } from '../runtime/ports.ts';
import type { RowSource } from '../runtime/rows/source.ts';

/**
 * The rows that a selection means: a listing, an operator's file, or the failures of another run.
 * @throws RekbackError that names the file
 */
export async function openSelectedRows(
  { from, prefix }: Selection,
  images: ImageStore,
  objects: ObjectStore,
): Promise<RowSource> {
  switch (from.kind) {
    // Only the bucket of a stack on AWS has inventories of its own: awsRows in aws-rows.ts.
    case 'inventory':
    case 'listing': {
      const within = prefix === undefined ? {} : { prefix };
      return { kind: 'images', read: (signal) => images.list({ ...within, signal }) };
    }
    case 'failures': {
      const { failedImages } = await import('../runtime/run/retry.ts');
      return { kind: 'images', mayRepeat: true, read: () => failedImages(objects, from.run) };
    }
    case 'file': {
      if (/^s3:/i.test(from.path)) {
        throw new RekbackError('rows-unknown', `'${from.path}' is no file on this machine`, {
          exitCode: 2,
          suggestions: ['download the inventory first, and name its manifest.json'],
        });
      }
      const { openRows } = await import('../runtime/rows/open.ts');
      const { localFiles } = await import('../adapters/folder/files.ts');
      return openRows(localFiles, from.path, images.bucket);
    }
  }
}
