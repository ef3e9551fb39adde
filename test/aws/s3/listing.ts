import { Http, operations } from '../kernel/operation.ts';
import { bool, inHeader, inQuery, int, list, need, payload, str, struct } from '../kernel/shape.ts';
import { removeObject } from './objects.ts';
import {
  aboutBucket,
  bucketOf,
  newest,
  onBucket,
  type S3State,
  s3Error,
  sortedKeys,
  type Version,
} from './state.ts';

const op = operations<S3State>();
const paging = {
  Prefix: inQuery('prefix', str()),
  Delimiter: inQuery('delimiter', str()),
  EncodingType: inQuery('encoding-type', str({ oneOf: ['url'] })),
  MaxKeys: inQuery('max-keys', int(0)),
};

/** A listing's names: `encoding-type=url` percent-encodes them, so that XML can carry every key. */
function encoder(type: string | undefined): (text: string) => string {
  return (text) =>
    type === 'url' ? encodeURIComponent(text).replaceAll('%2F', '/').replaceAll('%20', '+') : text;
}

/** Groups of keys behind a delimiter, and the keys before any. */
function groupOf(key: string, prefix: string, delimiter: string | undefined): string | undefined {
  if (delimiter === undefined || delimiter === '') return undefined;
  const end = key.indexOf(delimiter, prefix.length);
  return end < 0 ? undefined : key.slice(0, end + delimiter.length);
}

/** Keys after `after` in S3's order: a binary search, so that paging stays linear. */
function from(keys: readonly string[], after: string): number {
  const wanted = Buffer.from(after);
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (Buffer.compare(Buffer.from(keys[middle] ?? ''), wanted) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

export const listingOperations = [
  op(
    'ListObjectsV2',
    'List',
    struct({
      ...onBucket,
      ...paging,
      ContinuationToken: inQuery('continuation-token', str()),
      StartAfter: inQuery('start-after', str()),
      FetchOwner: inQuery('fetch-owner', bool()),
      OptionalObjectAttributes: inHeader('x-amz-optional-object-attributes', str()),
    }),
    (call, input) => {
      const bucket = bucketOf(call, input);
      const { Prefix: prefix = '', Delimiter: delimiter, ContinuationToken: token } = input;
      const limit = Math.min(1000, input.MaxKeys ?? 1000);
      const keys = sortedKeys(bucket);
      const after =
        token === undefined ? (input.StartAfter ?? '') : Buffer.from(token, 'base64url').toString();
      const encode = encoder(input.EncodingType);
      const contents: object[] = [];
      const groups = new Set<string>();
      let last = after;
      let truncated = false;
      const start = Math.max(
        after === '' ? 0 : from(keys, after),
        prefix === '' ? 0 : from(keys, prefix) - 1,
      );
      for (let i = Math.max(0, start); i < keys.length; i++) {
        const key = keys[i] ?? '';
        const version = key.startsWith(prefix) ? newest(bucket, key) : undefined;
        if (!version || version.deleteMarker) {
          if (
            prefix !== '' &&
            !key.startsWith(prefix) &&
            Buffer.compare(Buffer.from(key), Buffer.from(prefix)) > 0
          )
            break;
          continue;
        }
        const group = groupOf(key, prefix, delimiter);
        const isNew = group === undefined || (!groups.has(group) && !after.startsWith(group));
        if (isNew && contents.length + groups.size === limit) {
          truncated = true;
          break;
        }
        if (group === undefined)
          contents.push({
            ...entryOf(version, encode, input.FetchOwner ? bucket.owner : undefined),
            ...(input.OptionalObjectAttributes?.includes('RestoreStatus') && restoreStatus(version)),
          });
        else if (isNew) groups.add(group);
        last = key;
      }
      const value = {
        Name: bucket.name,
        Prefix: encode(prefix),
        Delimiter: delimiter,
        MaxKeys: limit,
        EncodingType: input.EncodingType,
        KeyCount: contents.length + groups.size,
        IsTruncated: truncated,
        ContinuationToken: token,
        NextContinuationToken: truncated ? Buffer.from(last).toString('base64url') : undefined,
        StartAfter: input.StartAfter,
        Contents: contents,
        CommonPrefixes: [...groups].map((group) => ({ Prefix: encode(group) })),
      };
      return new Http({ document: { root: 'ListBucketResult', value } });
    },
    { http: 'GET /{Bucket}?list-type=2', action: 'ListBucket', ...aboutBucket },
  ),
  op(
    'ListObjectVersions',
    'List',
    struct({
      ...onBucket,
      ...paging,
      KeyMarker: inQuery('key-marker', str()),
      VersionIdMarker: inQuery('version-id-marker', str()),
    }),
    (call, input) => {
      const bucket = bucketOf(call, input);
      const encode = encoder(input.EncodingType);
      const limit = Math.min(1000, input.MaxKeys ?? 1000);
      const all = sortedKeys(bucket)
        .filter((key) => key.startsWith(input.Prefix ?? ''))
        .flatMap((key) => {
          const versions = (bucket.objects.get(key) ?? []).toReversed();
          return versions.map((version, index) => ({ version, isLatest: index === 0 }));
        });
      const marker = all.findIndex(
        ({ version }) => version.key === input.KeyMarker && version.versionId === input.VersionIdMarker,
      );
      const page = all.slice(marker + 1, marker + 1 + limit);
      const truncated = marker + 1 + limit < all.length;
      const last = page.at(-1)?.version;
      const value = {
        Name: bucket.name,
        Prefix: encode(input.Prefix ?? ''),
        MaxKeys: limit,
        EncodingType: input.EncodingType,
        IsTruncated: truncated,
        ...(truncated && last && { NextKeyMarker: encode(last.key), NextVersionIdMarker: last.versionId }),
        Version: page
          .filter(({ version }) => !version.deleteMarker)
          .map(({ version, isLatest }) => ({
            ...entryOf(version, encode, bucket.owner),
            VersionId: version.versionId,
            IsLatest: isLatest,
          })),
        DeleteMarker: page
          .filter(({ version }) => version.deleteMarker)
          .map(({ version, isLatest }) => ({
            Key: encode(version.key),
            VersionId: version.versionId,
            IsLatest: isLatest,
            LastModified: version.modified,
            Owner: { ID: bucket.owner },
          })),
      };
      return new Http({ document: { root: 'ListVersionsResult', value } });
    },
    { http: 'GET /{Bucket}?versions', action: 'ListBucketVersions', ...aboutBucket },
  ),
  op(
    'DeleteObjects',
    'Write',
    struct({
      ...onBucket,
      Delete: need(
        payload(
          struct({
            Object: need(
              list(struct({ Key: need(str({ min: 1 })), VersionId: str() }), { flat: true, min: 1 }),
            ),
            Quiet: bool(),
          }),
        ),
      ),
    }),
    (call, input) => {
      const bucket = bucketOf(call, input);
      const { Object: objects, Quiet: quiet = false } = input.Delete;
      if (objects.length > 1000) {
        throw s3Error(
          'MalformedXML',
          400,
          'The XML you provided was not well-formed or did not validate against our published schema',
        );
      }
      const deleted: object[] = [];
      const failed: object[] = [];
      for (const { Key, VersionId } of objects) {
        const permitted = call.world.permits(call.principal, 's3:DeleteObject', `${bucket.arn}/${Key}`);
        if (permitted === true) {
          const gone = removeObject(call, bucket, Key, VersionId);
          const marker = gone?.deleteMarker && VersionId === undefined;
          deleted.push({
            Key,
            VersionId,
            ...(marker && { DeleteMarker: true, DeleteMarkerVersionId: gone.versionId }),
          });
        } else failed.push({ Key, VersionId, Code: 'AccessDenied', Message: permitted });
      }
      const value = { ...(!quiet && { Deleted: deleted }), Error: failed };
      return new Http({ document: { root: 'DeleteResult', value } });
    },
    { http: 'POST /{Bucket}?delete', action: 'DeleteObject', ...aboutBucket },
  ),
];

function restoreStatus({ restored }: Version) {
  if (restored === undefined) return {};
  if (restored === 'ongoing') return { RestoreStatus: { IsRestoreInProgress: true } };
  return { RestoreStatus: { IsRestoreInProgress: false, RestoreExpiryDate: restored } };
}

function entryOf(version: Version, encode: (text: string) => string, owner: string | undefined) {
  return {
    Key: encode(version.key),
    LastModified: version.modified,
    ETag: `"${version.etag}"`,
    Size: version.body.length,
    StorageClass: version.storageClass,
    ...(owner !== undefined && { Owner: { ID: owner } }),
  };
}
