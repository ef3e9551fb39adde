import { Http, operations } from '../kernel/operation.ts';
import { bool, bytes, inHeader, inHeaders, need, str, struct } from '../kernel/shape.ts';
import { announce } from './events.ts';
import {
  aboutObject,
  find,
  mustBeThere,
  noSuchKey,
  onObject,
  preconditionFailed,
  useKey,
  writtenHeaders,
} from './objects.ts';
import {
  addVersion,
  type Bucket,
  bareEtag,
  bucketOf,
  etagOf,
  isVersioned,
  newest,
  readConfiguration,
  type S3Call,
  type S3State,
  s3Error,
  type Version,
} from './state.ts';

const op = operations<S3State>();
const CLASSES = [
  'STANDARD',
  'REDUCED_REDUNDANCY',
  'STANDARD_IA',
  'ONEZONE_IA',
  'INTELLIGENT_TIERING',
  'GLACIER',
  'DEEP_ARCHIVE',
  'GLACIER_IR',
] as const;
/** Headers that are kept and given back. */
const KEPT = [
  'content-type',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'expires',
];
const kept = Object.fromEntries(KEPT.map((name) => [name, inHeader(name, str())]));
const writing = {
  ...kept,
  Metadata: inHeaders('x-amz-meta-'),
  StorageClass: inHeader('x-amz-storage-class', str({ oneOf: CLASSES })),
  ServerSideEncryption: inHeader(
    'x-amz-server-side-encryption',
    str({ oneOf: ['AES256', 'aws:kms', 'aws:kms:dsse'] }),
  ),
  SSEKMSKeyId: inHeader('x-amz-server-side-encryption-aws-kms-key-id', str()),
  BucketKeyEnabled: inHeader('x-amz-server-side-encryption-bucket-key-enabled', bool()),
  Tagging: inHeader('x-amz-tagging', str()),
  ACL: inHeader('x-amz-acl', str()),
  IfMatch: inHeader('if-match', str()),
  IfNoneMatch: inHeader('if-none-match', str()),
};
interface Writing {
  Metadata?: Record<string, string> | undefined;
  StorageClass?: string | undefined;
  ServerSideEncryption?: string | undefined;
  SSEKMSKeyId?: string | undefined;
  Tagging?: string | undefined;
  ACL?: string | undefined;
  IfMatch?: string | undefined;
  IfNoneMatch?: string | undefined;
}

function checkWrite(bucket: Bucket, key: string, input: Writing): void {
  if (Buffer.byteLength(key) > 1024) throw s3Error('KeyTooLongError', 400, 'Your key is too long');
  if (input.ACL !== undefined && !['private', 'bucket-owner-full-control'].includes(input.ACL)) {
    throw s3Error('AccessControlListNotSupported', 400, 'The bucket does not allow ACLs');
  }
  const there = newest(bucket, key);
  const live = there && !there.deleteMarker ? there : undefined;
  if (input.IfNoneMatch !== undefined) {
    if (input.IfNoneMatch !== '*')
      throw s3Error(
        'NotImplemented',
        501,
        'A header you provided implies functionality that is not implemented',
      );
    if (live) throw preconditionFailed('If-None-Match');
  }
  if (input.IfMatch !== undefined) {
    if (!live) throw noSuchKey(key);
    if (bareEtag(input.IfMatch) !== live.etag) throw preconditionFailed('If-Match');
  }
}

function encryptionOf(call: S3Call, bucket: Bucket, input: Writing): Version['encryption'] {
  if (input.ServerSideEncryption !== undefined)
    return { algorithm: input.ServerSideEncryption, key: input.SSEKMSKeyId };
  type Rules = {
    Rule: { ApplyServerSideEncryptionByDefault?: { SSEAlgorithm: string; KMSMasterKeyID?: string } }[];
  };
  const byDefault = readConfiguration<Rules>(call, bucket, 'encryption')?.Rule[0]
    ?.ApplyServerSideEncryptionByDefault;
  return { algorithm: byDefault?.SSEAlgorithm ?? 'AES256', key: byDefault?.KMSMasterKeyID };
}

function write(
  call: S3Call,
  bucket: Bucket,
  given: {
    key: string;
    body: Buffer;
    event: string;
    reason: string;
    input: Writing;
    headers: Version['headers'];
  },
): Version {
  const { key, body, input } = given;
  const encryption = encryptionOf(call, bucket, input);
  useKey(call, 'kms:GenerateDataKey', encryption);
  const version: Version = {
    key,
    versionId: isVersioned(bucket) ? call.world.ids.make('', 'word', 32) : 'null',
    deleteMarker: false,
    body,
    // With KMS the ETag is no MD5 of the content: nobody may rely on it.
    etag:
      encryption.algorithm === 'AES256'
        ? etagOf(body)
        : etagOf(Buffer.concat([body, Buffer.from(encryption.algorithm)])),
    modified: new Date(Math.floor(call.world.clock.now() / 1000) * 1000),
    storageClass: input.StorageClass ?? 'STANDARD',
    tier: undefined,
    headers: given.headers,
    metadata: input.Metadata ?? {},
    encryption,
    tags: new Map(new URLSearchParams(input.Tagging ?? '')),
  };
  addVersion(bucket, version);
  announce(call, bucket, version, { event: given.event, reason: given.reason });
  return version;
}

export const objectWriteOperations = [
  op(
    'PutObject',
    'Write',
    struct({ ...onObject, ...writing, Body: bytes() }),
    (call, input) => {
      const bucket = bucketOf(call, input);
      checkWrite(bucket, input.Key, input);
      const given = input as Record<string, unknown>;
      const headers = Object.fromEntries(KEPT.map((name) => [name, given[name] as string | undefined]));
      const version = write(call, bucket, {
        key: input.Key,
        body: input.Body,
        event: 'ObjectCreated:Put',
        reason: 'PutObject',
        input,
        headers,
      });
      return new Http({ headers: writtenHeaders(version) });
    },
    { http: 'PUT /{Bucket}/{Key+}', ...aboutObject },
  ),
  op(
    'CopyObject',
    'Write',
    struct({
      ...onObject,
      ...writing,
      CopySource: need(inHeader('x-amz-copy-source', str())),
      MetadataDirective: inHeader('x-amz-metadata-directive', str({ oneOf: ['COPY', 'REPLACE'] })),
      TaggingDirective: inHeader('x-amz-tagging-directive', str({ oneOf: ['COPY', 'REPLACE'] })),
      CopySourceIfMatch: inHeader('x-amz-copy-source-if-match', str()),
      ExpectedSourceBucketOwner: inHeader('x-amz-source-expected-bucket-owner', str()),
    }),
    (call, input) => {
      const bucket = bucketOf(call, input);
      const [source = '', versionId] = input.CopySource.replace(/^\//, '').split('?versionId=');
      const [from = '', ...rest] = source.split('/');
      const known = call.state.buckets.get(from);
      const reader = { ...call, region: known?.region ?? call.region };
      const original = find(
        call,
        bucketOf(reader, { Bucket: from, ExpectedBucketOwner: input.ExpectedSourceBucketOwner }),
        decodeURIComponent(rest.join('/')),
        versionId,
      );
      if (input.CopySourceIfMatch !== undefined && bareEtag(input.CopySourceIfMatch) !== original.etag) {
        throw preconditionFailed('x-amz-copy-source-If-Match');
      }
      mustBeThere(original);
      useKey(call, 'kms:Decrypt', original.encryption);
      checkWrite(bucket, input.Key, input);
      const copies = input.MetadataDirective !== 'REPLACE';
      const version = write(call, bucket, {
        key: input.Key,
        body: original.body,
        event: 'ObjectCreated:Copy',
        reason: 'CopyObject',
        input: { ...input, ...(copies && { Metadata: original.metadata }) },
        headers: original.headers,
      });
      const value = { ETag: `"${version.etag}"`, LastModified: version.modified };
      return new Http({ headers: writtenHeaders(version), document: { root: 'CopyObjectResult', value } });
    },
    { http: 'PUT /{Bucket}/{Key+}?@x-amz-copy-source', action: 'PutObject', ...aboutObject },
  ),
];
