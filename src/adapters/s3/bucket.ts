import {
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3';
import type { Clients } from '../../aws/clients.ts';
import { awsStatus, isAwsError, isAwsMessage, isNotFound } from '../../aws/errors.ts';
import type { ImageHead } from '../../runtime/contract.ts';
import { messageOf, RetryableError, UnreadableError } from '../../runtime/errors.ts';
import { decodeKey } from '../../runtime/rows/key.ts';
import { isArchived } from '../../runtime/run/select.ts';
import { asBucketFailure, atPlace, type BucketPlace, bucketDenied, deniedKey, keyDenied } from './errors.ts';

/** An object's state. */
export interface FoundObject {
  head: ImageHead;
  /** The KMS key that it is encrypted with, as S3 names it; undefined where it is not encrypted so. */
  kmsKey?: string;
}

/** Reads the objects of one bucket and knows what each refusal means. */
export interface ObjectReader {
  /** Undefined where there is no such object. Throws `UnreadableError`, `RetryableError`, `SystemicError`. */
  find(key: string, signal?: AbortSignal): Promise<FoundObject | undefined>;
  /** The content, or its beginning. Throws the same. */
  read(key: string, options?: { length?: number; signal?: AbortSignal | undefined }): Promise<Buffer>;
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
const LONGEST_KEY = 1024;

/** Objects that are tried before the whole bucket counts as denied. */
const TRIED = 5;

/**
 * HEAD is answered by status alone, so what a status hides is asked for by a GET of one byte, whose refusal has a code
 * and a message.
 */
export function openObjectReader(clients: Clients, place: BucketPlace): ObjectReader {
  const s3 = clients(S3Client);
  const { bucket } = place;
  const at = atPlace(place);
  /** An object that could be looked at, which tells one that is denied from a bucket that is. */
  let readable: string | undefined;

  const head = async (Key: string, signal?: AbortSignal) => {
    const found = await s3.send(new HeadObjectCommand({ ...at, Key }), optionsOf(signal));
    readable = Key;
    return found;
  };
  const get = async (Key: string, length: number | undefined, signal?: AbortSignal) => {
    const range = length === undefined ? {} : { Range: `bytes=0-${length - 1}` };
    const found = await s3.send(new GetObjectCommand({ ...at, Key, ...range }), optionsOf(signal));
    return Buffer.from((await found.Body?.transformToByteArray()) ?? []);
  };
  const refusalOf = (Key: string, signal?: AbortSignal): Promise<unknown> =>
    get(Key, 1, signal).then(
      () => undefined,
      // An empty object has no first byte.
      (error: unknown) => (awsStatus(error) === 416 ? undefined : error),
    );

  /** A missing bucket is answered as a missing object is; taken for one, it would mean that every image was deleted. */
  async function assertBucket(signal?: AbortSignal): Promise<void> {
    if (readable !== undefined) return;
    await s3.send(new HeadBucketCommand(at), optionsOf(signal)).catch((error: unknown) => {
      if (awsStatus(error) !== 403) throw asBucketFailure(error, place);
    });
  }

  const keysOf = async (prefix: string, limit: number, signal?: AbortSignal): Promise<string[]> => {
    const input = { ...at, Prefix: prefix, MaxKeys: limit, EncodingType: 'url' } as const;
    const { Contents = [] } = await s3.send(new ListObjectsV2Command(input), optionsOf(signal));
    return Contents.flatMap(({ Key = '' }) => decodeListedKey(Key) ?? []);
  };

  /** Whether anything in the bucket can be looked at. */
  async function isOpen(signal?: AbortSignal): Promise<boolean> {
    const known = readable === undefined ? await someKeys(signal) : [readable];
    for (const key of known) {
      const isSeen = await head(key, signal).then(
        () => true,
        (error: unknown) => awsStatus(error) === 404,
      );
      if (isSeen) return true;
    }
    return false;
  }
  async function someKeys(signal?: AbortSignal): Promise<string[]> {
    const keys = await keysOf('', 1000, signal);
    const step = Math.max(1, keys.length / TRIED);
    return keys.filter((_, at) => Math.floor(at / step) !== Math.floor((at - 1) / step));
  }

  /** @throws what the refusal means; returns where the key names no object after all */
  async function explainDenied(key: string, cause: unknown, signal?: AbortSignal): Promise<void> {
    const [listed] = await keysOf(key, 1, signal).catch((error: unknown) => {
      // Without this right a missing object is answered as a denied one is.
      if (awsStatus(error) === 403) throw bucketDenied(place, 's3:ListBucket and s3:GetObject', error);
      throw asBucketFailure(error, place);
    });
    if (listed !== key) return;
    if (!(await isOpen(signal))) throw bucketDenied(place, 's3:GetObject', cause);
    throw new UnreadableError(`it may not be read: ${messageOf(cause)}`, { cause });
  }

  /** What a failed HEAD or GET of an object means: a state, nothing there (undefined), or an error. */
  async function explain(
    key: string,
    error: unknown,
    signal: AbortSignal | undefined,
  ): Promise<FoundObject | undefined> {
    if (isAwsError(error, 'NoSuchBucket')) throw asBucketFailure(error, place);
    if (isNotFound(error) || isAwsError(error, 'InvalidURI', 'KeyTooLongError')) {
      await assertBucket(signal);
      return undefined;
    }
    if (isAwsMessage(error, 'InvalidRequest', /server side encryption/i)) return CUSTOMER_ENCRYPTED;
    const kms = deniedKey(error);
    if (kms !== undefined) throw keyDenied(bucket, kms.key, error);
    if (isAwsError(error, 'InvalidObjectState'))
      throw new UnreadableError('it is archived', { cause: error });
    if (awsStatus(error) === 403 && isAwsError(error, 'AccessDenied')) {
      await explainDenied(key, error, signal);
      return undefined;
    }
    throw asBucketFailure(error, place);
  }

  return {
    async find(key, signal) {
      if (!isKey(key)) return undefined;
      try {
        return foundObject(await head(key, signal));
      } catch (error) {
        signal?.throwIfAborted();
        const status = awsStatus(error);
        if (status !== 400 && status !== 403) return explain(key, error, signal);
        const refusal = await refusalOf(key, signal);
        if (refusal !== undefined) return explain(key, refusal, signal);
        // Only the HEAD was refused: what was in its way is gone.
        throw new RetryableError('S3 refused to say what is under the key', { cause: error });
      }
    },
    async read(key, { length, signal } = {}) {
      if (!isKey(key)) throw new UnreadableError('it is no longer there');
      try {
        return await get(key, length, signal);
      } catch (error) {
        signal?.throwIfAborted();
        if (awsStatus(error) === 416) return Buffer.alloc(0);
        const found = await explain(key, error, signal);
        throw new UnreadableError(found === undefined ? 'it is no longer there' : CUSTOMER_KEY);
      }
    },
  };
}

const optionsOf = (signal: AbortSignal | undefined) => (signal === undefined ? {} : { abortSignal: signal });

const isKey = (key: string) => key !== '' && Buffer.byteLength(key) <= LONGEST_KEY;

const CUSTOMER_KEY = 'it is encrypted with a key that only its owner has';

/** S3 says nothing of such an object to whoever does not have its key. */
const CUSTOMER_ENCRYPTED: FoundObject = { head: { etag: '', size: 0, lastModified: 0, skip: 'sse-c' } };

function foundObject(found: HeadObjectCommandOutput): FoundObject {
  const { ETag = '', ContentLength = 0, LastModified, StorageClass, VersionId } = found;
  const isRestored = /ongoing-request="false"/.test(found.Restore ?? '');
  const isAway = isArchived(StorageClass, found.ArchiveStatus) && !isRestored;
  const head: ImageHead = {
    etag: bareEtag(ETag),
    size: ContentLength,
    lastModified: LastModified?.getTime() ?? 0,
    ...(StorageClass !== undefined && { storageClass: StorageClass }),
    ...(VersionId !== undefined && VersionId !== 'null' && { versionId: VersionId }),
    ...(isAway && { skip: 'archived' as const }),
  };
  const isKms = found.ServerSideEncryption?.startsWith('aws:kms') === true;
  return isKms ? { head, kmsKey: found.SSEKMSKeyId ?? 'alias/aws/s3' } : { head };
}

/** A key as a listing with `EncodingType: 'url'` has it; undefined for what is no UTF-8. */
export function decodeListedKey(encoded: string): string | undefined {
  const bytes = Buffer.from(encoded);
  return decodeKey(bytes, 0, bytes.length);
}

/** As it is kept in documents: some answers have quotes around it. */
export const bareEtag = (etag: string): string => etag.replace(/^"(.*)"$/, '$1');
