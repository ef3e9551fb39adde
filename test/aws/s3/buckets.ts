import { Http, operations } from '../kernel/operation.ts';
import { inHeader, inPath, inQuery, int, list, payload, str, struct, tag } from '../kernel/shape.ts';
import { noNotification } from './notification.ts';
import {
  aboutBucket,
  type Bucket,
  bucketOf,
  onBucket,
  type S3Call,
  type S3State,
  s3Error,
  writeConfiguration,
} from './state.ts';

const op = operations<S3State>();

/** Bucket naming rules of the user guide. */
function isName(name: string): boolean {
  return (
    /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) &&
    !name.includes('..') &&
    !/^\d+\.\d+\.\d+\.\d+$/.test(name) &&
    !/^(xn--|sthree-|amzn-s3-demo-)/.test(name) &&
    !/(-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$/.test(name)
  );
}

/** The Region that a new bucket gets, by the Region of the call and the constraint in it. */
function regionFor(call: S3Call, constraint: string | undefined): string {
  if (call.region === 'us-east-1') {
    if (constraint === 'us-east-1') {
      throw s3Error('InvalidLocationConstraint', 400, 'The specified location-constraint is not valid');
    }
    return constraint === 'EU' ? 'eu-west-1' : (constraint ?? 'us-east-1');
  }
  if (constraint !== call.region && !(constraint === 'EU' && call.region === 'eu-west-1')) {
    throw s3Error(
      'IllegalLocationConstraintException',
      400,
      `The ${constraint ?? 'unspecified'} location constraint is incompatible for the region specific endpoint this request was sent to.`,
    );
  }
  return call.region;
}

function checkTaken(call: S3Call, existing: Bucket): void {
  if (existing.owner !== call.account) {
    throw s3Error(
      'BucketAlreadyExists',
      409,
      'The requested bucket name is not available. The bucket namespace is shared by all users of the system. Please select a different name and try again.',
    );
  }
  // The oldest Region keeps its oldest manner: creating one's own bucket again succeeds there.
  if (call.region === 'us-east-1' && existing.region === 'us-east-1') return;
  throw s3Error(
    'BucketAlreadyOwnedByYou',
    409,
    'Your previous request to create the named bucket succeeded and you already own it.',
  );
}

/** What a bucket is given at its creation since April 2023. */
function setDefaults(call: S3Call, bucket: Bucket, ownership: string): void {
  const block = {
    BlockPublicAcls: true,
    IgnorePublicAcls: true,
    BlockPublicPolicy: true,
    RestrictPublicBuckets: true,
  };
  const encryption = {
    Rule: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' }, BucketKeyEnabled: false }],
  };
  writeConfiguration(call, bucket, 'publicAccessBlock', block);
  writeConfiguration(call, bucket, 'encryption', encryption);
  writeConfiguration(call, bucket, 'ownershipControls', { Rule: [{ ObjectOwnership: ownership }] });
}

export const bucketOperations = [
  op(
    'CreateBucket',
    'Write',
    struct({
      Bucket: inPath(str()),
      ObjectOwnership: inHeader(
        'x-amz-object-ownership',
        str({ oneOf: ['BucketOwnerPreferred', 'ObjectWriter', 'BucketOwnerEnforced'] }),
      ),
      BucketNamespace: inHeader('x-amz-bucket-namespace', str({ oneOf: ['account-regional', 'global'] })),
      CreateBucketConfiguration: payload(
        struct({ LocationConstraint: str(), Tags: list(tag(), { item: 'Tag', max: 50 }) }),
      ),
    }),
    (
      call,
      { Bucket: name, ObjectOwnership, BucketNamespace, CreateBucketConfiguration: configuration = {} },
    ) => {
      if (!isName(name))
        throw s3Error('InvalidBucketName', 400, 'The specified bucket is not valid.', { BucketName: name });
      const region = regionFor(call, configuration.LocationConstraint);
      const isRegional = name.endsWith(`-${call.account}-${region}-an`);
      if ((BucketNamespace === 'account-regional') !== isRegional) {
        throw s3Error('InvalidBucketName', 400, 'The specified bucket is not valid in this namespace.', {
          BucketName: name,
        });
      }
      const existing = call.state.buckets.get(name);
      if (existing) {
        checkTaken(call, existing);
        return new Http({ headers: { location: `/${name}` } });
      }
      const bucket: Bucket = {
        name,
        arn: `arn:aws:s3:::${name}`,
        region,
        owner: call.account,
        created: call.now(),
        configuration: new Map(),
        tags: new Map((configuration.Tags ?? []).map(({ Key, Value }) => [Key, Value])),
        inventories: new Map(),
        _notification: noNotification(),
        objects: new Map(),
        _sorted: undefined,
        _visibleAt: call.world.clock.now() + call.world.delays.s3Bucket,
      };
      setDefaults(call, bucket, ObjectOwnership ?? 'BucketOwnerEnforced');
      call.state.buckets.set(name, bucket);
      return new Http({ headers: { location: `/${name}`, 'x-amz-bucket-arn': bucket.arn } });
    },
    { http: 'PUT /{Bucket}', ...aboutBucket },
  ),
  op(
    'HeadBucket',
    'List',
    struct(onBucket),
    (call, input) => {
      const bucket = bucketOf(call, input);
      return new Http({ headers: { 'x-amz-bucket-region': bucket.region, 'x-amz-bucket-arn': bucket.arn } });
    },
    { http: 'HEAD /{Bucket}', action: 'ListBucket', ...aboutBucket },
  ),
  op(
    'DeleteBucket',
    'Write',
    struct(onBucket),
    (call, input) => {
      const bucket = bucketOf(call, input);
      if (bucket.objects.size > 0) {
        throw s3Error('BucketNotEmpty', 409, 'The bucket you tried to delete is not empty', {
          BucketName: bucket.name,
        });
      }
      call.state.buckets.delete(bucket.name);
      return new Http({ status: 204 });
    },
    { http: 'DELETE /{Bucket}', ...aboutBucket },
  ),
  op(
    'GetBucketLocation',
    'Read',
    struct(onBucket),
    (call, input) => {
      // The one operation that any Region answers.
      const known = call.state.buckets.get(input.Bucket);
      const bucket = bucketOf({ ...call, region: known?.region ?? call.region }, input);
      const value = bucket.region === 'us-east-1' ? '' : bucket.region;
      const body = `<?xml version="1.0" encoding="UTF-8"?>\n<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${value}</LocationConstraint>`;
      return new Http({ headers: { 'content-type': 'application/xml' }, body: Buffer.from(body) });
    },
    { http: 'GET /{Bucket}?location', ...aboutBucket },
  ),
  op(
    'ListBuckets',
    'List',
    struct({
      MaxBuckets: inQuery('max-buckets', int(1, 10_000)),
      ContinuationToken: inQuery('continuation-token', str()),
      Prefix: inQuery('prefix', str()),
      BucketRegion: inQuery('bucket-region', str()),
    }),
    (call, { Prefix = '', BucketRegion, MaxBuckets = 10_000, ContinuationToken = '' }) => {
      const mine = [...call.state.buckets.values()]
        .filter((bucket) => bucket.owner === call.account && bucket.name.startsWith(Prefix))
        .filter((bucket) => BucketRegion === undefined || bucket.region === BucketRegion)
        .filter((bucket) => bucket.name > ContinuationToken)
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      const page = mine.slice(0, MaxBuckets);
      const Bucket = page.map(({ name: Name, created: CreationDate, region: BucketRegion }) => ({
        Name,
        CreationDate,
        BucketRegion,
      }));
      const value = {
        Owner: { ID: call.account },
        Buckets: { Bucket },
        ...(mine.length > MaxBuckets && { ContinuationToken: page.at(-1)?.name }),
      };
      return new Http({ document: { root: 'ListAllMyBucketsResult', value } });
    },
    { http: 'GET /', action: 'ListAllMyBuckets' },
  ),
];
