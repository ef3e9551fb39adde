import {
  type BucketLocationConstraint,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteBucketPolicyCommand,
  GetBucketEncryptionCommand,
  GetBucketLifecycleConfigurationCommand,
  GetBucketPolicyCommand,
  GetBucketTaggingCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  type LifecycleRule,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutPublicAccessBlockCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { awsStatus, ifThere, isAwsError } from '../../aws/errors.ts';
import { retryWhile } from '../../aws/wait.ts';
import { IMAGES_TAG } from '../../stack/aws-spec.ts';
import type { Context } from '../context.ts';
import { canonicalOf, canonicalPolicy, type Policy } from '../iam/policy.ts';
import { defineResource, foreign, type Resource } from '../resource.ts';
import { tagList, tagsOf } from '../tags.ts';
import { emptyBucket } from './empty-bucket.ts';
import { stackBucketPolicy } from './stack-bucket-policy.ts';

interface Config {
  publicAccessBlock: Record<string, boolean | undefined>;
  policy: Policy | undefined;
  encryption: { algorithm: string | undefined };
  lifecycle: readonly LifecycleRule[];
}

/** A deleted bucket's name, and one that was just made, take up to an hour and some seconds to settle. */
const SETTLING = { every: 5000, within: 120_000 };

/**
 * The bucket that holds what the stack remembers: its record, inventories, runs and the label archive. Without
 * versioning: what is deleted from it (`forget`) must be gone.
 */
export function stackBucket(context: Context): Resource {
  const { spec, names, clients, waiting } = context;
  const { name } = names.bucket;
  const s3 = clients(S3Client);
  const at = { Bucket: name, ExpectedBucketOwner: spec.account };
  const tags = { ...context.tags, [IMAGES_TAG]: spec.bucket };

  const put = {
    publicAccessBlock: ({ publicAccessBlock }: Config) =>
      s3.send(new PutPublicAccessBlockCommand({ ...at, PublicAccessBlockConfiguration: publicAccessBlock })),
    policy: ({ policy }: Config) =>
      s3.send(new PutBucketPolicyCommand({ ...at, Policy: JSON.stringify(policy) })),
    encryption: () =>
      s3.send(
        new PutBucketEncryptionCommand({
          ...at,
          ServerSideEncryptionConfiguration: {
            Rules: [
              { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' }, BucketKeyEnabled: false },
            ],
          },
        }),
      ),
    lifecycle: ({ lifecycle }: Config) =>
      s3.send(
        new PutBucketLifecycleConfigurationCommand({
          ...at,
          LifecycleConfiguration: { Rules: [...lifecycle] },
        }),
      ),
  };
  const update = async (wanted: Config, fields: ReadonlySet<keyof Config>) => {
    // One after the other: S3 answers 409 OperationAborted to configurations of one bucket written side by side.
    for (const field of fields) {
      const isPassing = (error: unknown) => isAwsError(error, 'OperationAborted', 'NoSuchBucket');
      await retryWhile(isPassing, () => put[field](wanted), SETTLING, waiting);
    }
  };

  return defineResource<Config>(context, {
    type: 'bucket',
    name,
    tags,
    wanted: () => ({
      publicAccessBlock: {
        BlockPublicAcls: true,
        IgnorePublicAcls: true,
        BlockPublicPolicy: true,
        RestrictPublicBuckets: true,
      },
      policy: canonicalOf(stackBucketPolicy(spec, names)),
      encryption: { algorithm: 'AES256' },
      lifecycle: lifecycleRules,
    }),

    async read() {
      const bucketTags = await exists(s3, at);
      if (bucketTags === undefined) return undefined;
      const [block, policyText, encryption, lifecycle] = await Promise.all([
        ifThere(s3.send(new GetPublicAccessBlockCommand(at))),
        ifThere(s3.send(new GetBucketPolicyCommand(at))),
        ifThere(s3.send(new GetBucketEncryptionCommand(at))),
        ifThere(s3.send(new GetBucketLifecycleConfigurationCommand(at))),
      ]);
      const [rule] = encryption?.ServerSideEncryptionConfiguration?.Rules ?? [];
      return {
        tags: bucketTags,
        config: {
          publicAccessBlock: { ...block?.PublicAccessBlockConfiguration },
          policy: canonicalPolicy(policyText?.Policy),
          encryption: { algorithm: rule?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm },
          lifecycle: (lifecycle?.Rules ?? []).sort((a, b) => ((a.ID ?? '') < (b.ID ?? '') ? -1 : 1)),
        },
      };
    },

    async create(wanted) {
      const configuration = {
        // The oldest Region is named by leaving it out.
        ...(spec.region !== 'us-east-1' && { LocationConstraint: spec.region as BucketLocationConstraint }),
        // Tagged in the same call: a bucket that a failure left without tags would be taken for somebody else's.
        Tags: tagList(tags),
      };
      const create = new CreateBucketCommand({ Bucket: name, CreateBucketConfiguration: configuration });
      await s3.send(create).catch((error: unknown) => {
        if (!isAwsError(error, 'BucketAlreadyExists')) throw error;
        throw foreign('bucket', name, 'another account owns it');
      });
      await update(wanted, new Set(['publicAccessBlock', 'policy', 'encryption', 'lifecycle'] as const));
    },
    update,
    async tag(missing) {
      const { TagSet } = await s3.send(new GetBucketTaggingCommand(at));
      const all = { ...tagsOf(TagSet), ...missing };
      await s3.send(new PutBucketTaggingCommand({ ...at, Tagging: { TagSet: tagList(all) } }));
    },
    async remove() {
      // S3 may be delivering an inventory that was begun before its configuration was removed.
      await s3.send(new DeleteBucketPolicyCommand(at));
      const isFilledAgain = (error: unknown) => isAwsError(error, 'BucketNotEmpty');
      const removeAll = async () => {
        await emptyBucket(s3, at, waiting);
        await s3.send(new DeleteBucketCommand(at));
      };
      await retryWhile(isFilledAgain, removeAll, SETTLING, waiting);
    },
  });
}

/** Runs keep their record and ledger; the rows of a run and delivered inventories are of no use after a while. */
const lifecycleRules: readonly LifecycleRule[] = [
  {
    ID: 'abort-uploads',
    Status: 'Enabled',
    Filter: { Prefix: '' },
    AbortIncompleteMultipartUpload: { DaysAfterInitiation: 7 },
  },
  { ID: 'expire-inventories', Status: 'Enabled', Filter: { Prefix: 'inventory/' }, Expiration: { Days: 14 } },
];

/**
 * The bucket's tags; undefined where there is no bucket. HEAD is answered without a code: 403 is another account's, or
 * the caller's lack of s3:ListBucket.
 */
async function exists(s3: S3Client, at: { Bucket: string; ExpectedBucketOwner: string }) {
  try {
    await s3.send(new HeadBucketCommand(at));
  } catch (error) {
    if (awsStatus(error) === 404) return undefined;
    if (awsStatus(error) !== 403) throw error;
    throw foreign('bucket', at.Bucket, 'another account owns it, or s3:ListBucket on it is missing');
  }
  return tagsOf((await ifThere(s3.send(new GetBucketTaggingCommand(at))))?.TagSet);
}
