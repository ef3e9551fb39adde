import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { Clients } from '../../aws/clients.ts';
import { awsStatus } from '../../aws/errors.ts';
import { passingFailure } from '../../aws/failures.ts';
import { RekbackError } from '../../runtime/errors.ts';
import type { InventoryFile, InventoryFiles } from '../../runtime/rows/files.ts';
import { asFileFailure } from './file-errors.ts';

interface FilesOptions {
  /** The account that must own the buckets, where it is known: a bucket's name may be anybody's. */
  account?: string;
  /** Milliseconds without a byte after which a connection counts as broken. */
  patience?: number;
  /** Waits before the rest is asked for again; milliseconds. */
  pause?: (milliseconds: number) => Promise<unknown>;
}

/** An object in the state in which it was opened. */
interface OpenedObject {
  bucket: string;
  key: string;
  size: number;
  /** Undefined for an empty one. */
  etag: string | undefined;
}

/** Bytes handed on at once; one read of a socket has 64 KB at most. */
const PIECE = 1 << 18;

/** Broken connections in a row of which none brought a whole piece. */
const ATTEMPTS = 6;
const FIRST_PAUSE = 200;
const PATIENCE = 60_000;

/**
 * Files of rows in S3, by their address (`s3://bucket/key`, the key as it is, not encoded). What is read of a file is the
 * object that was opened: one that is replaced meanwhile is an error. A manifest's data files are in the manifest's bucket.
 *
 * Throws a `RekbackError`: `file-missing`, `not-a-file`, `file-unreadable`, `file-changed`, `bucket-missing`,
 * `bucket-region`, and what is wrong with the credentials.
 */
export function s3Files(clients: Clients, options: FilesOptions = {}): InventoryFiles {
  const open = async (name: string): Promise<InventoryFile> => {
    const { bucket, key } = parseAddress(name);
    const object = await openObject(clients, { bucket, key }, options);
    return {
      name,
      size: object.size,
      stream: () => inPieces(bytesOf(clients, object, 0, object.size, options)),
      slice: (start, end) => collected(bytesOf(clients, object, start, end, options)),
    };
  };
  return {
    open,
    openListed: (manifest, key) => open(addressOf({ bucket: parseAddress(manifest).bucket, key })),
  };
}

type Address = Pick<OpenedObject, 'bucket' | 'key'>;

const addressOf = ({ bucket, key }: Address): string => `s3://${bucket}/${key}`;

function parseAddress(address: string): Address {
  const [, bucket, key] = /^s3:\/\/([^/]+)\/(.*)$/is.exec(address) ?? [];
  if (bucket !== undefined && key !== undefined && key !== '' && !key.endsWith('/')) return { bucket, key };
  throw new RekbackError('not-a-file', `'${address}' is not the address of a file in S3`, {
    exitCode: 2,
    suggestions: ['name a file like this: s3://BUCKET/PATH/manifest.json'],
  });
}

/** Asks for the first byte instead of by HEAD, whose refusals have neither code nor message. */
async function openObject(
  clients: Clients,
  address: Address,
  { account }: FilesOptions,
): Promise<OpenedObject> {
  try {
    const found = await clients(S3Client).send(getCommand(address, 'bytes=0-0', account));
    if (found.Body instanceof Readable) found.Body.resume();
    const size = Number(/\/(\d+)$/.exec(found.ContentRange ?? '')?.[1] ?? found.ContentLength ?? 0);
    return { ...address, size, etag: found.ETag };
  } catch (error) {
    // An empty object has no first byte.
    if (awsStatus(error) === 416) return { ...address, size: 0, etag: undefined };
    throw await asFileFailure(error, clients, address);
  }
}

/** Bytes `[start, end)` as they come; where the connection breaks, the rest is asked for by another. */
async function* bytesOf(
  clients: Clients,
  object: OpenedObject,
  start: number,
  end: number,
  { account, patience = PATIENCE, pause = sleep }: FilesOptions,
): AsyncGenerator<Buffer> {
  const last = Math.min(end, object.size) - 1;
  let at = start;
  for (let attempt = 1, reached = start; at <= last; attempt++) {
    try {
      const command = getCommand(object, `bytes=${at}-${last}`, account, object.etag);
      const { Body } = await clients(S3Client).send(command);
      if (!(Body instanceof Readable)) throw cutOff();
      for await (const bytes of impatient(Body, patience)) {
        at += bytes.length;
        yield bytes;
      }
      if (at <= last) throw cutOff();
    } catch (error) {
      if (at - reached >= PIECE) {
        attempt = 1;
        reached = at;
      }
      if (at > last || passingFailure(error) === undefined || attempt === ATTEMPTS) {
        throw await asFileFailure(error, clients, object);
      }
      await pause(Math.random() * FIRST_PAUSE * 2 ** attempt);
    }
  }
}

const getCommand = ({ bucket, key }: Address, Range: string, account?: string, etag?: string) =>
  new GetObjectCommand({
    Bucket: bucket,
    Key: key,
    Range,
    ...(account !== undefined && { ExpectedBucketOwner: account }),
    ...(etag !== undefined && { IfMatch: etag }),
  });

/** Ends with an error when nothing comes for so long; the time that the reader takes does not count. */
async function* impatient(body: Readable, patience: number): AsyncGenerator<Buffer> {
  const wait = () => setTimeout(() => body.destroy(cutOff('ETIMEDOUT')), patience);
  let timer = wait();
  try {
    for await (const bytes of body) {
      clearTimeout(timer);
      yield bytes;
      timer = wait();
    }
  } finally {
    clearTimeout(timer);
  }
}

const cutOff = (code = 'ECONNRESET') => Object.assign(new Error('the connection broke'), { code });

async function* inPieces(bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let held: Buffer[] = [];
  let length = 0;
  for await (const each of bytes) {
    held.push(each);
    length += each.length;
    if (length < PIECE) continue;
    yield Buffer.concat(held, length);
    held = [];
    length = 0;
  }
  if (length > 0) yield Buffer.concat(held, length);
}

async function collected(bytes: AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const each of bytes) all.push(each);
  return Buffer.concat(all);
}
