import { unknownPrincipals } from '../iam/reach.ts';
import { type Access, Http, type Operation, operations } from '../kernel/operation.ts';
import { PolicyError, parsePolicy, type Statement } from '../kernel/policy.ts';
import { bool, bytes, inHeader, list, need, payload, type Shape, str, struct, tag } from '../kernel/shape.ts';
import {
  encryption,
  lifecycle,
  ownershipControls,
  publicAccessBlock,
  versioning,
} from './configuration-shapes.ts';
import {
  aboutBucket,
  accessDenied,
  type Bucket,
  bucketOf,
  onBucket,
  readConfiguration,
  type S3Call,
  type S3State,
  s3Error,
  writeConfiguration,
} from './state.ts';

const op = operations<S3State>();

interface Subresource<T extends object> {
  /** In the query: `?lifecycle`. */
  key: string;
  root: string;
  /** Names of the operations and, after the colon, of IAM's action where it is another. */
  put: string;
  get: string;
  remove?: string;
  access?: Access;
  shape: Shape<T>;
  check?: (value: T) => void;
  /** What GET answers to a bucket without one; an empty document when absent. */
  missing?: [code: string, message: string];
  /** Further headers that PUT takes. */
  headers?: Record<string, Shape<unknown>>;
}

/** PUT, GET and DELETE of one configuration document. */
function subresource<T extends object>(given: Subresource<T>): Operation<S3State>[] {
  const { key, root, shape, check, missing, access = 'Write' } = given;
  const named = (names: string) => {
    const [name = '', action = name] = names.split(':');
    return { name, action };
  };
  const put = named(given.put);
  const get = named(given.get);
  const made = [
    op(
      put.name,
      access,
      struct({ ...onBucket, ...given.headers, Document: need(payload(shape)) }) as Shape<{
        Bucket: string;
        Document: T;
      }>,
      (call, input) => {
        check?.(input.Document);
        writeConfiguration(call, bucketOf(call, input), key, input.Document);
      },
      { http: `PUT /{Bucket}?${key}`, action: put.action, ...aboutBucket },
    ),
    op(
      get.name,
      'Read',
      struct(onBucket),
      (call, input) => {
        const value = readConfiguration(call, bucketOf(call, input), key);
        if (!value && missing) throw s3Error(missing[0], 404, missing[1], { BucketName: input.Bucket });
        return new Http({ document: { root, value: value ?? {} } });
      },
      { http: `GET /{Bucket}?${key}`, action: get.action, ...aboutBucket },
    ),
  ];
  if (given.remove === undefined) return made;
  const remove = named(given.remove);
  const deletion = op(
    remove.name,
    access,
    struct(onBucket),
    (call, input) => {
      const rest = key === 'encryption' ? DEFAULT_ENCRYPTION : undefined;
      writeConfiguration(call, bucketOf(call, input), key, rest);
      return new Http({ status: 204 });
    },
    { http: `DELETE /{Bucket}?${key}`, action: remove.action, ...aboutBucket },
  );
  return [...made, deletion];
}

/** A bucket is never without: removing the configuration brings this back. */
const DEFAULT_ENCRYPTION = {
  Rule: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' }, BucketKeyEnabled: false }],
};

function checkPolicy(call: S3Call, bucket: Bucket, text: string): void {
  const malformed = (message: string) => s3Error('MalformedPolicy', 400, message);
  let statements: Statement[];
  try {
    statements = parsePolicy(text, 'resource');
  } catch (error) {
    if (error instanceof PolicyError) throw malformed(error.message);
    throw error;
  }
  for (const { Principal: principal, Action: actions, Resource: resources } of statements) {
    const arns = principal === '*' ? [] : (principal?.AWS ?? []);
    const unknown = unknownPrincipals(call.world, arns);
    if (unknown.length > 0)
      throw s3Error('MalformedPolicy', 400, 'Invalid principal in policy', {
        Detail: `"AWS" : "${unknown[0]}"`,
      });
    if (actions.some((action) => action !== '*' && !/^s3:/i.test(action)))
      throw malformed('Policy has invalid action');
    if (resources.some((arn) => arn !== bucket.arn && !arn.startsWith(`${bucket.arn}/`))) {
      throw malformed('Policy has invalid resource');
    }
  }
  const block = readConfiguration<{ BlockPublicPolicy?: boolean }>(call, bucket, 'publicAccessBlock');
  if (block?.BlockPublicPolicy && statements.some(isPublic)) {
    throw accessDenied(
      `User: ${call.principal.arn} is not authorized to perform: s3:PutBucketPolicy on resource: "${bucket.arn}" because public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.`,
    );
  }
}

function isPublic({ Effect: effect, Principal: principal, Condition: condition }: Statement): boolean {
  const everyone = principal === '*' || principal?.AWS?.includes('*');
  return effect === 'Allow' && Boolean(everyone) && Object.keys(condition).length === 0;
}

const policyOperations = [
  op(
    'PutBucketPolicy',
    'Permissions management',
    struct({
      ...onBucket,
      ConfirmRemoveSelfBucketAccess: inHeader('x-amz-confirm-remove-self-bucket-access', bool()),
      Policy: bytes(),
    }),
    (call, input) => {
      const bucket = bucketOf(call, input);
      const text = input.Policy.toString();
      if (text.length > 20_480) throw s3Error('PolicyTooLarge', 400, 'The policy is larger than 20 KB');
      checkPolicy(call, bucket, text);
      writeConfiguration(call, bucket, 'policy', { text });
      return new Http({ status: 204 });
    },
    { http: 'PUT /{Bucket}?policy', ...aboutBucket },
  ),
  op(
    'GetBucketPolicy',
    'Read',
    struct(onBucket),
    (call, input) => {
      const policy = readConfiguration<{ text: string }>(call, bucketOf(call, input), 'policy');
      if (!policy)
        throw s3Error('NoSuchBucketPolicy', 404, 'The bucket policy does not exist', {
          BucketName: input.Bucket,
        });
      return new Http({ headers: { 'content-type': 'application/json' }, body: Buffer.from(policy.text) });
    },
    { http: 'GET /{Bucket}?policy', ...aboutBucket },
  ),
  op(
    'DeleteBucketPolicy',
    'Permissions management',
    struct(onBucket),
    (call, input) => {
      writeConfiguration(call, bucketOf(call, input), 'policy', undefined);
      return new Http({ status: 204 });
    },
    { http: 'DELETE /{Bucket}?policy', ...aboutBucket },
  ),
];

const tagSet = struct({ TagSet: need(list(tag(), { item: 'Tag', max: 50 })) });

const taggingOperations = [
  op(
    'PutBucketTagging',
    'Tagging',
    struct({ ...onBucket, Tagging: need(payload(tagSet)) }),
    (call, input) => {
      bucketOf(call, input).tags = new Map(input.Tagging.TagSet.map(({ Key, Value }) => [Key, Value]));
      return new Http({ status: 204 });
    },
    { http: 'PUT /{Bucket}?tagging', ...aboutBucket },
  ),
  op(
    'GetBucketTagging',
    'Read',
    struct(onBucket),
    (call, input) => {
      const { tags } = bucketOf(call, input);
      if (tags.size === 0)
        throw s3Error('NoSuchTagSet', 404, 'The TagSet does not exist', { BucketName: input.Bucket });
      const Tag = [...tags].map(([Key, Value]) => ({ Key, Value }));
      return new Http({ document: { root: 'Tagging', value: { TagSet: { Tag } } } });
    },
    { http: 'GET /{Bucket}?tagging', ...aboutBucket },
  ),
  op(
    'DeleteBucketTagging',
    'Tagging',
    struct(onBucket),
    (call, input) => {
      bucketOf(call, input).tags.clear();
      return new Http({ status: 204 });
    },
    { http: 'DELETE /{Bucket}?tagging', action: 'PutBucketTagging', ...aboutBucket },
  ),
];

export const configurationOperations = [
  ...policyOperations,
  ...taggingOperations,
  ...subresource({
    key: 'publicAccessBlock',
    root: 'PublicAccessBlockConfiguration',
    put: 'PutPublicAccessBlock:PutBucketPublicAccessBlock',
    get: 'GetPublicAccessBlock:GetBucketPublicAccessBlock',
    remove: 'DeletePublicAccessBlock:PutBucketPublicAccessBlock',
    access: 'Permissions management',
    shape: publicAccessBlock,
    missing: ['NoSuchPublicAccessBlockConfiguration', 'The public access block configuration was not found'],
  }),
  ...subresource({
    key: 'encryption',
    root: 'ServerSideEncryptionConfiguration',
    put: 'PutBucketEncryption:PutEncryptionConfiguration',
    get: 'GetBucketEncryption:GetEncryptionConfiguration',
    remove: 'DeleteBucketEncryption:PutEncryptionConfiguration',
    shape: encryption.shape,
    check: encryption.check,
  }),
  ...subresource({
    key: 'lifecycle',
    root: 'LifecycleConfiguration',
    put: 'PutBucketLifecycleConfiguration:PutLifecycleConfiguration',
    get: 'GetBucketLifecycleConfiguration:GetLifecycleConfiguration',
    remove: 'DeleteBucketLifecycle:PutLifecycleConfiguration',
    shape: lifecycle.shape,
    check: lifecycle.check,
    missing: ['NoSuchLifecycleConfiguration', 'The lifecycle configuration does not exist'],
    headers: {
      TransitionDefaultMinimumObjectSize: inHeader('x-amz-transition-default-minimum-object-size', str()),
    },
  }),
  ...subresource({
    key: 'versioning',
    root: 'VersioningConfiguration',
    put: 'PutBucketVersioning',
    get: 'GetBucketVersioning',
    shape: versioning,
  }),
  ...subresource({
    key: 'ownershipControls',
    root: 'OwnershipControls',
    put: 'PutBucketOwnershipControls',
    get: 'GetBucketOwnershipControls',
    remove: 'DeleteBucketOwnershipControls:PutBucketOwnershipControls',
    access: 'Permissions management',
    shape: ownershipControls,
    missing: ['OwnershipControlsNotFoundError', 'The bucket ownership controls were not found'],
  }),
];
