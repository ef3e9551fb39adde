import { type _Object as Listed, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import type { Clients } from '../../aws/clients.ts';
import type { ImageHead } from '../../runtime/contract.ts';
import { RetryableError, SystemicError } from '../../runtime/errors.ts';
import { compareKeys } from '../../runtime/key-order.ts';
import type { ImageStore, ListedImage } from '../../runtime/ports.ts';
import { isArchived } from '../../runtime/run/select.ts';
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
    headMany: (keys) => headsIn(pageOf(clients, place, ''), keys),
    read: (key, signal) => reader.read(key, { signal }),
  };
}

/** Pages for each thousand keys: a list that has more than two others between them is read in vain. */
const PAGES_FOR_A_PAGE = 3;

const NEVER = new AbortController().signal;

/** A list costs as much as thirteen looks and tells of a thousand: https://aws.amazon.com/s3/pricing/ */
const PAGE = 1_000;

/** What the pages from the first to the last of the keys tell of them; nothing of the first, which they begin after. */
async function headsIn(pageAfter: ListPage, keys: readonly string[]): Promise<Map<string, ImageHead>> {
  const wanted = new Set(keys);
  const [first = '', ...others] = [...wanted].sort(compareKeys);
  const last = others.at(-1);
  const heads = new Map<string, ImageHead>();
  const most = Math.ceil(wanted.size / PAGE) * PAGES_FOR_A_PAGE;
  for (let after = first, page = 0; last !== undefined && page < most; page++) {
    const { images, more } = await pageAfter(after, NEVER);
    for (const { key, size, lastModified, etag, storageClass, skip } of images) {
      if (!wanted.has(key) || skip !== undefined || etag === undefined) continue;
      const archived = isArchived(storageClass) && { skip: 'archived' as const };
      heads.set(key, { etag, size: size ?? 0, lastModified: lastModified ?? 0, ...archived });
    }
    const reached = images.at(-1)?.key;
    if (!more || reached === undefined || compareKeys(reached, last) >= 0) break;
    after = reached;
  }
  return heads;
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
