import { createHash } from 'node:crypto';
import { Delayed } from '../kernel/delayed.ts';
import { AwsError } from '../kernel/errors.ts';
import type { Call } from '../kernel/operation.ts';
import { inHeader, inPath, str } from '../kernel/shape.ts';
import type { NotificationConfiguration } from './notification-shape.ts';

/** One version of an object, or a delete marker. */
export interface Version {
  key: string;
  /** `null` in a bucket that was never versioned. */
  versionId: string;
  deleteMarker: boolean;
  body: Buffer;
  /** Without quotes. */
  etag: string;
  modified: Date;
  storageClass: string;
  /** Access tier of INTELLIGENT_TIERING; archived in the last two of AWS's. */
  tier: string | undefined;
  /** Of an archived object: a copy is being made, or is there until then. */
  restored?: 'ongoing' | Date;
  headers: Record<string, string | undefined>;
  metadata: Record<string, string>;
  encryption: { algorithm: string; key: string | undefined };
  tags: Map<string, string>;
}

export interface Bucket {
  name: string;
  arn: string;
  region: string;
  owner: string;
  created: Date;
  /** Configurations as they were put, by subresource. */
  configuration: Map<string, Delayed<object | undefined>>;
  tags: Map<string, string>;
  /** Inventory configurations by id. */
  inventories: Map<string, Delayed<object | undefined>>;
  /** What is in force, which lags behind what was put. */
  _notification: Delayed<NotificationConfiguration>;
  /** Versions by key, oldest first. */
  objects: Map<string, Version[]>;
  /** Keys in S3's order, made when a listing needs it. */
  _sorted: string[] | undefined;
  _visibleAt: number;
}

export interface S3State {
  buckets: Map<string, Bucket>;
  /** Topics and functions outside the double that exist and let S3 in. */
  _destinations: Set<string>;
  _sequence: number;
}

export type S3Call = Call<S3State>;

const ExpectedBucketOwner = inHeader('x-amz-expected-bucket-owner', str({ pattern: /^\d{12}$/ }));
/** The members that nearly every operation on a bucket has. */
export const onBucket = { Bucket: inPath(str()), ExpectedBucketOwner };
export const aboutBucket = { resource: ({ Bucket }: { Bucket: string }) => `arn:aws:s3:::${Bucket}` };

export function s3Error(
  code: string,
  status: number,
  message: string,
  fields: Record<string, unknown> = {},
): AwsError {
  return new AwsError(code, message, { status, fields });
}

export function accessDenied(message = 'Access Denied', headers: Record<string, string> = {}): AwsError {
  return new AwsError('AccessDenied', message, { status: 403, headers });
}

/** The bucket, if it is there, in the Region of the call and the caller's (or of whom the call expects). */
export function bucketOf(
  call: S3Call,
  given: { Bucket: string; ExpectedBucketOwner?: string | undefined },
): Bucket {
  const { Bucket: name, ExpectedBucketOwner: owner } = given;
  const bucket = call.state.buckets.get(name);
  if (!bucket || call.world.clock.now() < bucket._visibleAt) {
    throw s3Error('NoSuchBucket', 404, 'The specified bucket does not exist', { BucketName: name });
  }
  const region = { 'x-amz-bucket-region': bucket.region };
  if (bucket.owner !== call.account || (owner !== undefined && owner !== bucket.owner)) {
    throw accessDenied('Access Denied', region);
  }
  if (bucket.region !== call.region) {
    throw new AwsError(
      'PermanentRedirect',
      'The bucket you are attempting to access must be addressed using the specified endpoint. Please send all future requests to this endpoint.',
      {
        status: 301,
        headers: region,
        fields: { Endpoint: `s3.${bucket.region}.amazonaws.com`, Bucket: name },
      },
    );
  }
  return bucket;
}

export function readConfiguration<T extends object>(
  call: S3Call,
  bucket: Bucket,
  name: string,
): T | undefined {
  return bucket.configuration.get(name)?.read(call.world.clock.now()) as T | undefined;
}

export function writeConfiguration(
  call: S3Call,
  bucket: Bucket,
  name: string,
  value: object | undefined,
): void {
  const { clock, delays } = call.world;
  const known = bucket.configuration.get(name) ?? new Delayed<object | undefined>(undefined, undefined);
  known.write(value, clock.now(), delays.s3Configuration);
  bucket.configuration.set(name, known);
}

/** The version that a reader without a version id gets; a delete marker too. */
export function newest(bucket: Bucket, key: string): Version | undefined {
  return bucket.objects.get(key)?.at(-1);
}

export function isVersioned(bucket: Bucket): boolean {
  const versioning = bucket.configuration.get('versioning')?.latest() as { Status?: string } | undefined;
  return versioning?.Status === 'Enabled';
}

/** Adds a version as S3 does: in an unversioned bucket it replaces the `null` version. */
export function addVersion(bucket: Bucket, version: Version): void {
  const before = bucket.objects.get(version.key);
  if (!before) bucket._sorted = undefined;
  const kept = (before ?? []).filter((each) => version.versionId !== 'null' || each.versionId !== 'null');
  bucket.objects.set(version.key, [...kept, version]);
}

export function removeVersion(bucket: Bucket, version: Version): void {
  const rest = (bucket.objects.get(version.key) ?? []).filter((each) => each !== version);
  if (rest.length > 0) bucket.objects.set(version.key, rest);
  else {
    bucket.objects.delete(version.key);
    bucket._sorted = undefined;
  }
}

/** Keys by their UTF-8 bytes, which is not JavaScript's order. */
export function sortedKeys(bucket: Bucket): string[] {
  bucket._sorted ??= [...bucket.objects.keys()]
    .map((key) => [key, Buffer.from(key)] as const)
    .sort(([, a], [, b]) => Buffer.compare(a, b))
    .map(([key]) => key);
  return bucket._sorted;
}

export function etagOf(body: Buffer): string {
  return createHash('md5').update(body).digest('hex');
}

/** `"abc"`, `abc` and `W/"abc"` name the same. */
export function bareEtag(etag: string): string {
  return etag.replace(/^W\//, '').replaceAll('"', '');
}
