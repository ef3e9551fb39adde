import { AwsError } from '../kernel/errors.ts';
import { Http, operations } from '../kernel/operation.ts';
import { inHeader, inPath, inQuery, str, struct } from '../kernel/shape.ts';
import { announce } from './events.ts';
import {
  accessDenied,
  addVersion,
  type Bucket,
  bareEtag,
  bucketOf,
  isVersioned,
  newest,
  onBucket,
  removeVersion,
  type S3Call,
  type S3State,
  s3Error,
  type Version,
} from './state.ts';

const op = operations<S3State>();
export const onObject = { ...onBucket, Key: inPath(str({ min: 1 })) };
export const aboutObject = {
  resource: ({ Bucket, Key }: { Bucket: string; Key: string }) => `arn:aws:s3:::${Bucket}/${Key}`,
};

const conditions = {
  IfMatch: inHeader('if-match', str()),
  IfNoneMatch: inHeader('if-none-match', str()),
};

export function noSuchKey(key: string) {
  return s3Error('NoSuchKey', 404, 'The specified key does not exist.', { Key: key });
}

export function preconditionFailed(Condition: string) {
  return s3Error('PreconditionFailed', 412, 'At least one of the pre-conditions you specified did not hold', {
    Condition,
  });
}

/** Refuses who may not use the key of an object encrypted with KMS. */
export function useKey(call: S3Call, action: string, { algorithm, key }: Version['encryption']): void {
  if (!algorithm.startsWith('aws:kms')) return;
  const permitted = call.world.permits(
    call.principal,
    action,
    key ?? `arn:aws:kms:${call.region}:${call.account}:alias/aws/s3`,
  );
  if (permitted !== true)
    throw accessDenied(`${permitted} because no identity-based policy allows the ${action} action`);
}

/** What both a write and a read tell of a version. */
export function writtenHeaders(version: Version) {
  return {
    etag: `"${version.etag}"`,
    'x-amz-server-side-encryption': version.encryption.algorithm,
    'x-amz-server-side-encryption-aws-kms-key-id': version.encryption.key,
    ...(version.versionId !== 'null' && { 'x-amz-version-id': version.versionId }),
  };
}

const ARCHIVED = ['GLACIER', 'DEEP_ARCHIVE'];

/** The version that is asked for; throws what S3 answers when it is missing or a delete marker. */
export function find(call: S3Call, bucket: Bucket, key: string, versionId: string | undefined): Version {
  const version =
    versionId === undefined
      ? newest(bucket, key)
      : bucket.objects.get(key)?.find((each) => each.versionId === versionId);
  if (version?.deleteMarker) {
    const headers = { 'x-amz-delete-marker': 'true', 'x-amz-version-id': version.versionId };
    if (versionId !== undefined) {
      throw new AwsError('MethodNotAllowed', 'The specified method is not allowed against this resource.', {
        status: 405,
        headers,
      });
    }
    throw new AwsError('NoSuchKey', 'The specified key does not exist.', {
      status: 404,
      headers,
      fields: { Key: key },
    });
  }
  if (version) return version;
  if (versionId !== undefined)
    throw s3Error('NoSuchVersion', 404, 'The specified version does not exist.', { Key: key });
  // Who may not list must not learn what is missing.
  if (call.world.permits(call.principal, 's3:ListBucket', bucket.arn) !== true) throw accessDenied();
  throw noSuchKey(key);
}

function checkRead(
  version: Version,
  input: { IfMatch?: string | undefined; IfNoneMatch?: string | undefined },
): void {
  if (version.encryption.algorithm === 'SSE-C') {
    throw s3Error(
      'InvalidRequest',
      400,
      'The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.',
    );
  }
  if (input.IfMatch !== undefined && bareEtag(input.IfMatch) !== version.etag)
    throw preconditionFailed('If-Match');
  if (input.IfNoneMatch !== undefined && bareEtag(input.IfNoneMatch) === version.etag) {
    throw new AwsError('NotModified', 'Not Modified', { status: 304 });
  }
}

function readHeaders(version: Version): Record<string, string | undefined> {
  const metadata = Object.entries(version.metadata).map(([name, value]) => [`x-amz-meta-${name}`, value]);
  return {
    'content-type': 'binary/octet-stream',
    ...version.headers,
    ...Object.fromEntries(metadata),
    ...writtenHeaders(version),
    'accept-ranges': 'bytes',
    'last-modified': version.modified.toUTCString(),
    ...(version.storageClass !== 'STANDARD' && { 'x-amz-storage-class': version.storageClass }),
    'x-amz-archive-status': version.tier,
    'x-amz-restore': restoreHeader(version),
    ...(version.tags.size > 0 && { 'x-amz-tagging-count': String(version.tags.size) }),
  };
}

function restoreHeader({ restored }: Version): string | undefined {
  if (restored === undefined) return undefined;
  if (restored === 'ongoing') return 'ongoing-request="true"';
  return `ongoing-request="false", expiry-date="${restored.toUTCString()}"`;
}

/** `bytes=0-9`, `bytes=5-`, `bytes=-5` as first and last byte; undefined when it is no range. */
function rangeOf(text: string, size: number): { first: number; last: number } | undefined {
  const [, from = '', to = ''] = /^bytes=(\d*)-(\d*)$/.exec(text) ?? [];
  if (from === '' && to === '') return undefined;
  const first = from === '' ? Math.max(0, size - Number(to)) : Number(from);
  const last = from === '' || to === '' ? size - 1 : Math.min(size - 1, Number(to));
  if (first > last)
    throw s3Error('InvalidRange', 416, 'The requested range is not satisfiable', {
      RangeRequested: text,
      ActualObjectSize: size,
    });
  return { first, last };
}

/** Throws when the content would have to be restored first. */
export function mustBeThere(version: Version): void {
  if (version.restored instanceof Date) return;
  if (!ARCHIVED.includes(version.storageClass) && version.tier === undefined) return;
  throw s3Error('InvalidObjectState', 403, "The operation is not valid for the object's storage class", {
    StorageClass: version.storageClass,
    AccessTier: version.tier,
  });
}

export const objectOperations = [
  op(
    'GetObject',
    'Read',
    struct({
      ...onObject,
      ...conditions,
      Range: inHeader('range', str()),
      VersionId: inQuery('versionId', str()),
      ResponseContentDisposition: inQuery('response-content-disposition', str()),
      ResponseContentType: inQuery('response-content-type', str()),
    }),
    (call, input) => {
      const version = find(call, bucketOf(call, input), input.Key, input.VersionId);
      checkRead(version, input);
      mustBeThere(version);
      useKey(call, 'kms:Decrypt', version.encryption);
      const headers = {
        ...readHeaders(version),
        'content-disposition': input.ResponseContentDisposition ?? version.headers['content-disposition'],
      };
      const range = input.Range === undefined ? undefined : rangeOf(input.Range, version.body.length);
      if (!range) return new Http({ headers, body: version.body });
      const contentRange = `bytes ${range.first}-${range.last}/${version.body.length}`;
      return new Http({
        status: 206,
        headers: { ...headers, 'content-range': contentRange },
        body: version.body.subarray(range.first, range.last + 1),
      });
    },
    { http: 'GET /{Bucket}/{Key+}', ...aboutObject },
  ),
  op(
    'HeadObject',
    'Read',
    struct({ ...onObject, ...conditions, VersionId: inQuery('versionId', str()) }),
    (call, input) => {
      const version = find(call, bucketOf(call, input), input.Key, input.VersionId);
      checkRead(version, input);
      return new Http({
        headers: { ...readHeaders(version), 'content-length': String(version.body.length) },
      });
    },
    { http: 'HEAD /{Bucket}/{Key+}', action: 'GetObject', ...aboutObject },
  ),
  op(
    'DeleteObject',
    'Write',
    struct({ ...onObject, VersionId: inQuery('versionId', str()), IfMatch: inHeader('if-match', str()) }),
    (call, input) => {
      const bucket = bucketOf(call, input);
      const there = newest(bucket, input.Key);
      if (input.IfMatch !== undefined) {
        if (!there || there.deleteMarker) throw noSuchKey(input.Key);
        if (input.IfMatch !== '*' && bareEtag(input.IfMatch) !== there.etag)
          throw preconditionFailed('If-Match');
      }
      const gone = removeObject(call, bucket, input.Key, input.VersionId);
      return new Http({
        status: 204,
        headers: {
          'x-amz-version-id': gone && gone.versionId !== 'null' ? gone.versionId : undefined,
          'x-amz-delete-marker': gone?.deleteMarker ? 'true' : undefined,
        },
      });
    },
    { http: 'DELETE /{Bucket}/{Key+}', ...aboutObject },
  ),
];

/** Deletes as S3 does: a marker in a versioned bucket, a version where one is named; what is not there is no error. */
export function removeObject(
  call: S3Call,
  bucket: Bucket,
  key: string,
  versionId?: string,
): Version | undefined {
  if (versionId === undefined && isVersioned(bucket)) {
    const marker: Version = {
      key,
      versionId: call.world.ids.make('', 'word', 32),
      deleteMarker: true,
      body: Buffer.alloc(0),
      etag: '',
      modified: call.now(),
      storageClass: 'STANDARD',
      tier: undefined,
      headers: {},
      metadata: {},
      encryption: { algorithm: 'AES256', key: undefined },
      tags: new Map(),
    };
    addVersion(bucket, marker);
    announce(call, bucket, marker, {
      event: 'ObjectRemoved:DeleteMarkerCreated',
      reason: 'DeleteObject',
      deletion: 'Delete Marker Created',
    });
    return marker;
  }
  const version = bucket.objects.get(key)?.find((each) => each.versionId === (versionId ?? 'null'));
  if (!version) return undefined;
  removeVersion(bucket, version);
  announce(call, bucket, version, {
    event: 'ObjectRemoved:Delete',
    reason: 'DeleteObject',
    deletion: 'Permanently Deleted',
  });
  return version;
}
