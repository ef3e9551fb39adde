import { DeleteObjectsCommand, ListObjectVersionsCommand, type S3Client } from '@aws-sdk/client-s3';
import type { Waiting } from '../../aws/wait.ts';
import { RekbackError } from '../../runtime/errors.ts';

type At = Readonly<{ Bucket: string; ExpectedBucketOwner: string }>;

/**
 * Deletes every object and version. Whatever is put there meanwhile is deleted too: a bucket can only
 * be deleted empty. `stack.json` goes last, so that a teardown that was interrupted finds its stack again.
 *
 * @throws RekbackError `bucket-not-empty` for objects that can't be deleted (an object lock, a denying policy)
 */
export async function emptyBucket(s3: S3Client, at: At, { signal }: Waiting): Promise<void> {
  for (const keepsRecord of [true, false]) {
    let KeyMarker: string | undefined;
    let VersionIdMarker: string | undefined;
    do {
      signal?.throwIfAborted();
      // A thousand at a time, the most that one deletion takes.
      const page = await s3.send(new ListObjectVersionsCommand({ ...at, KeyMarker, VersionIdMarker }));
      const objects = [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])]
        .filter(({ Key }) => !keepsRecord || Key !== 'stack.json')
        .map(({ Key, VersionId }) => ({ Key, VersionId }));
      if (objects.length > 0) await deleteAll(s3, at, objects);
      ({ NextKeyMarker: KeyMarker, NextVersionIdMarker: VersionIdMarker } = page);
    } while (KeyMarker !== undefined);
  }
}

async function deleteAll(
  s3: S3Client,
  at: At,
  Objects: { Key: string | undefined; VersionId: string | undefined }[],
): Promise<void> {
  const { Errors = [] } = await s3.send(
    new DeleteObjectsCommand({ ...at, Delete: { Objects, Quiet: true } }),
  );
  const [first] = Errors;
  if (first === undefined) return;
  throw new RekbackError(
    'bucket-not-empty',
    `${Errors.length} objects of '${at.Bucket}' can't be deleted, among them '${first.Key}': ${first.Code} ${first.Message}`,
    { suggestions: ['delete them, then run the same command again'] },
  );
}
