import { Delayed } from '../kernel/delayed.ts';
import { Http, operations } from '../kernel/operation.ts';
import { bool, inQuery, list, need, payload, type Shape, str, struct } from '../kernel/shape.ts';
import { aboutBucket, type Bucket, bucketOf, onBucket, type S3Call, type S3State, s3Error } from './state.ts';

const op = operations<S3State>();

/** Optional columns, in the order in which reports have them. */
export const INVENTORY_FIELDS = [
  'Size',
  'LastModifiedDate',
  'ETag',
  'StorageClass',
  'IsMultipartUploaded',
  'ReplicationStatus',
  'EncryptionStatus',
  'ObjectLockRetainUntilDate',
  'ObjectLockMode',
  'ObjectLockLegalHoldStatus',
  'IntelligentTieringAccessTier',
  'BucketKeyStatus',
  'ChecksumAlgorithm',
  'ObjectAccessControlList',
  'ObjectOwner',
  'LifecycleExpirationDate',
] as const;

const id = str({ min: 1, max: 64, pattern: /^[A-Za-z0-9._-]+$/ });
const configuration = struct({
  Destination: need(
    struct({
      S3BucketDestination: need(
        struct({
          AccountId: str({ pattern: /^\d{12}$/ }),
          Bucket: need(str()),
          Format: need(str({ oneOf: ['CSV', 'ORC', 'Parquet'] })),
          Prefix: str(),
          Encryption: struct({ 'SSE-S3': struct({}), 'SSE-KMS': struct({ KeyId: need(str()) }) }),
        }),
      ),
    }),
  ),
  IsEnabled: need(bool()),
  Filter: struct({ Prefix: need(str()) }),
  Id: need(id),
  IncludedObjectVersions: need(str({ oneOf: ['All', 'Current'] })),
  OptionalFields: list(str({ oneOf: INVENTORY_FIELDS }), { item: 'Field' }),
  Schedule: need(struct({ Frequency: need(str({ oneOf: ['Daily', 'Weekly'] })) })),
});
type Value<S> = S extends Shape<infer T> ? T : never;
export type InventoryConfiguration = Value<typeof configuration>;

const onInventory = { ...onBucket, Id: need(inQuery('id', id)) };

export function inventoryOf(
  call: Pick<S3Call, 'world'>,
  bucket: Bucket,
  name: string,
): InventoryConfiguration {
  const found = bucket.inventories.get(name)?.read(call.world.clock.now()) as
    | InventoryConfiguration
    | undefined;
  if (!found) throw s3Error('NoSuchConfiguration', 404, 'The specified configuration does not exist.');
  return found;
}

function check(call: S3Call, bucket: Bucket, given: InventoryConfiguration, name: string): void {
  const { Bucket: arn, Encryption: encryption } = given.Destination.S3BucketDestination;
  if (given.Id !== name)
    throw s3Error('InvalidArgument', 400, 'The id in the request does not match the id in the configuration');
  const target = /^arn:aws:s3:::([a-z0-9.-]+)$/.exec(arn)?.[1];
  if (target === undefined) {
    throw s3Error('InvalidS3DestinationBucket', 400, 'Invalid bucket ARN.');
  }
  const destination = call.state.buckets.get(target);
  if (!destination || destination.region !== bucket.region) {
    throw s3Error(
      'InvalidS3DestinationBucket',
      400,
      'The specified destination bucket does not exist or is not in the same Region',
    );
  }
  if (encryption && Object.keys(encryption).length !== 1) throw malformedXml();
  const fields = given.OptionalFields ?? [];
  if (new Set(fields).size !== fields.length) throw malformedXml();
  if (bucket.inventories.size >= 1000 && !bucket.inventories.has(name)) {
    throw s3Error(
      'TooManyConfigurations',
      400,
      'You are attempting to create a new configuration but have already reached the 1,000-configuration limit.',
    );
  }
}

function malformedXml() {
  return s3Error(
    'MalformedXML',
    400,
    'The XML you provided was not well-formed or did not validate against our published schema',
  );
}

/** As it goes out: the list of fields needs its inner element. */
function asDocument({ OptionalFields: fields, ...rest }: InventoryConfiguration) {
  return { ...rest, ...(fields && fields.length > 0 && { OptionalFields: { Field: fields } }) };
}

export const inventoryOperations = [
  op(
    'PutBucketInventoryConfiguration',
    'Write',
    struct({ ...onInventory, InventoryConfiguration: need(payload(configuration)) }),
    (call, input) => {
      const bucket = bucketOf(call, input);
      check(call, bucket, input.InventoryConfiguration, input.Id);
      const known = bucket.inventories.get(input.Id) ?? new Delayed<object | undefined>(undefined, undefined);
      known.write(input.InventoryConfiguration, call.world.clock.now(), call.world.delays.s3Configuration);
      bucket.inventories.set(input.Id, known);
      return new Http({ status: 204 });
    },
    { http: 'PUT /{Bucket}?inventory', action: 'PutInventoryConfiguration', ...aboutBucket },
  ),
  op(
    'GetBucketInventoryConfiguration',
    'Read',
    struct(onInventory),
    (call, input) => {
      const value = asDocument(inventoryOf(call, bucketOf(call, input), input.Id));
      return new Http({ document: { root: 'InventoryConfiguration', value } });
    },
    { http: 'GET /{Bucket}?inventory&id', action: 'GetInventoryConfiguration', ...aboutBucket },
  ),
  op(
    'ListBucketInventoryConfigurations',
    'Read',
    struct({ ...onBucket, ContinuationToken: inQuery('continuation-token', str()) }),
    (call, input) => {
      const bucket = bucketOf(call, input);
      const now = call.world.clock.now();
      const all = [...bucket.inventories.keys()]
        .sort()
        .filter((each) => each > (input.ContinuationToken ?? ''));
      const page = all.slice(0, 100);
      const seen = page.flatMap(
        (each) => (bucket.inventories.get(each)?.read(now) as InventoryConfiguration | undefined) ?? [],
      );
      const value = {
        InventoryConfiguration: seen.map(asDocument),
        IsTruncated: all.length > 100,
        ContinuationToken: input.ContinuationToken,
        ...(all.length > 100 && { NextContinuationToken: page.at(-1) }),
      };
      return new Http({ document: { root: 'ListInventoryConfigurationsResult', value } });
    },
    { http: 'GET /{Bucket}?inventory', action: 'GetInventoryConfiguration', ...aboutBucket },
  ),
  op(
    'DeleteBucketInventoryConfiguration',
    'Write',
    struct(onInventory),
    (call, input) => {
      const bucket = bucketOf(call, input);
      inventoryOf(call, bucket, input.Id);
      bucket.inventories.delete(input.Id);
      return new Http({ status: 204 });
    },
    { http: 'DELETE /{Bucket}?inventory', action: 'PutInventoryConfiguration', ...aboutBucket },
  ),
];
