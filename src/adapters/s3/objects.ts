import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { Clients } from '../../aws/clients.ts';
import { awsAttempts, ifThere, isAwsError, isNotFound } from '../../aws/errors.ts';
import type { ObjectStore, StoredObject } from '../../runtime/ports.ts';

/** The bucket of a stack on AWS. */
export interface ObjectsBucket {
  bucket: string;
  /** The account that must own it: a bucket's name may be anybody's. */
  account: string;
}

/** A stack's objects in its bucket. An object's version is its ETag: S3 compares it in conditional writes. */
export function openS3Objects(clients: Clients, { bucket, account }: ObjectsBucket): ObjectStore {
  const s3 = clients(S3Client);
  const at = { Bucket: bucket, ExpectedBucketOwner: account };

  const get = async (Key: string): Promise<StoredObject | undefined> => {
    const found = await ifThere(s3.send(new GetObjectCommand({ ...at, Key })));
    if (found?.Body === undefined) return undefined;
    return { body: Buffer.from(await found.Body.transformToByteArray()), version: found.ETag ?? '' };
  };

  return {
    get,

    async put(Key, body, condition) {
      const when =
        condition === undefined
          ? {}
          : 'ifAbsent' in condition
            ? { IfNoneMatch: '*' }
            : { IfMatch: condition.ifVersion };
      try {
        const { ETag } = await s3.send(new PutObjectCommand({ ...at, Key, Body: body, ...when }));
        return { version: ETag ?? '' };
      } catch (error) {
        if (condition === undefined || !isConflict(error)) throw error;
        // The SDK tried again because the first answer was lost: then it is our own object that is in the way.
        if (awsAttempts(error) > 1) {
          const stored = await get(Key);
          if (stored?.body.equals(body)) return { version: stored.version };
        }
        return 'conflict';
      }
    },

    async *list(Prefix) {
      let ContinuationToken: string | undefined;
      do {
        const page = await s3.send(new ListObjectsV2Command({ ...at, Prefix, ContinuationToken }));
        for (const { Key = '', Size = 0 } of page.Contents ?? []) yield { key: Key, size: Size };
        ContinuationToken = page.NextContinuationToken;
      } while (ContinuationToken !== undefined);
    },

    async remove(Key) {
      await s3.send(new DeleteObjectCommand({ ...at, Key }));
    },
  };
}

/**
 * 412: another state. 404: nothing there to replace. 409: another conditional write of the key goes on, so one of the
 * two has to give way. https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
const isConflict = (error: unknown): boolean =>
  isAwsError(error, 'PreconditionFailed', 'ConditionalRequestConflict') ||
  (isNotFound(error) && !isAwsError(error, 'NoSuchBucket'));
