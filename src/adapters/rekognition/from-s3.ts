import type { Clients } from '../../aws/clients.ts';
import { UnreadableError } from '../../runtime/errors.ts';
import { openObjectReader } from '../s3/bucket.ts';
import { type BucketPlace, keyDenied } from '../s3/errors.ts';
import type { ImageSource } from './source.ts';

/** 15 MB from S3: https://docs.aws.amazon.com/rekognition/latest/dg/limits.html */
const MAX_BYTES = 15 * 2 ** 20;

/** Bytes. Thumbnails and colour profiles stand before a JPEG's size. */
const START = 256 * 1024;

/** Rekognition reads the image from its bucket, with the rights of who calls, in the Region of the call. */
export function objectSource(clients: Clients, place: BucketPlace): ImageSource {
  const reader = openObjectReader(clients, place);
  return {
    maxBytes: MAX_BYTES,
    imageOf: async ({ key, head: { versionId } }) => ({
      image: {
        S3Object: {
          Bucket: place.bucket,
          Name: key,
          ...(versionId !== undefined && { Version: versionId }),
        },
      },
    }),
    startOf: ({ key }, signal) => reader.read(key, { length: START, signal }),
    /** InvalidS3ObjectException is one word for missing, denied, archived, encrypted and elsewhere. */
    async explain({ key, head }, cause, signal) {
      const found = await reader.find(key, signal);
      if (found === undefined) throw new UnreadableError('it is no longer there', { cause });
      if (found.head.skip !== undefined)
        throw new UnreadableError(`it can't be read: ${found.head.skip}`, { cause });
      if (found.head.etag !== head.etag) throw new UnreadableError('it changed meanwhile', { cause });
      // HEAD needs no right to the key. Nor need that be ours: keys can say through which service they may be used.
      if (found.kmsKey !== undefined) throw keyDenied(place.bucket, found.kmsKey, cause);
    },
  };
}
