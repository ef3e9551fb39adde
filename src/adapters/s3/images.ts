import { type _Object as Listed, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import type { Clients } from '../../aws/clients.ts';
import { RetryableError, SystemicError } from '../../runtime/errors.ts';
import type { ImageStore, ListedImage } from '../../runtime/ports.ts';
import { bareEtag, decodeListedKey, openObjectReader } from './bucket.ts';
import { asBucketFailure, atPlace, type BucketPlace } from './errors.ts';
import { type ListPage, listInOrder } from './listing.ts';

/**
 * The images in a bucket, each in its current version. What is archived or encrypted with its owner's own key is there,
 * and says that it can't be read. Directory buckets are not supported: they don't list in key order.
 */
export function openS3Images(clients: Clients, place: BucketPlace): ImageStore {
  const { bucket } = place;
  const reader = openObjectReader(clients, place);
  return {
    bucket,
    // An ETag depends on how an object was uploaded and encrypted too, and where it is an MD5 it can be forged.
    etagIsContent: false,
    link: (key) => `s3://${bucket}/${key}`,
    async *list({ prefix = '', signal }) {
      try {
        yield* listInOrder(pageOf(clients, place, prefix), prefix, signal);
      } catch (error) {
        signal?.throwIfAborted();
        const failure = asBucketFailure(error, place);
        if (!(failure instanceof RetryableError)) throw failure;
        throw new SystemicError('bucket-unavailable', `'${bucket}' can't be listed: ${failure.message}`, {
          cause: error,
          suggestions: ['run the same command again'],
        });
      }
    },
    head: async (key, signal) => (await reader.find(key, signal))?.head,
    read: (key, signal) => reader.read(key, { signal }),
  };
}

const pageOf =
  (clients: Clients, place: BucketPlace, prefix: string): ListPage =>
  async (after, abortSignal) => {
    const { Contents = [], IsTruncated = false } = await clients(S3Client).send(
      new ListObjectsV2Command({
        ...atPlace(place),
        // XML can't carry every key.
        EncodingType: 'url',
        OptionalObjectAttributes: ['RestoreStatus'],
        ...(prefix !== '' && { Prefix: prefix }),
        ...(after !== '' && { StartAfter: after }),
      }),
      { abortSignal },
    );
    return { images: Contents.map(listedImage), more: IsTruncated };
  };

function listedImage({
  Key = '',
  Size,
  LastModified,
  ETag,
  StorageClass,
  RestoreStatus,
}: Listed): ListedImage {
  const key = decodeListedKey(Key);
  // Of what is archived a restored copy can be read for some days; a look at it will tell.
  const isRestored = RestoreStatus?.IsRestoreInProgress === false;
  return {
    key: key ?? Key,
    ...(Size !== undefined && { size: Size }),
    ...(LastModified !== undefined && { lastModified: LastModified.getTime() }),
    ...(ETag !== undefined && { etag: bareEtag(ETag) }),
    ...(StorageClass !== undefined && !isRestored && { storageClass: StorageClass }),
    ...(key === undefined && { skip: 'name-not-utf8' }),
  };
}
