import { INVENTORY_PREFIX } from '../../runtime/run/layout.ts';
import type { Names } from '../../stack/aws-names.ts';
import type { AwsSpec } from '../../stack/aws-spec.ts';
import { type Policy, policy, type Statement } from '../iam/policy.ts';

/** Lets S3 deliver inventories of the images' bucket, and nobody speak to this bucket without TLS. */
export function stackBucketPolicy({ partition, account, bucket }: AwsSpec, names: Names): Policy {
  const { arn } = names.bucket;
  return policy(
    {
      Sid: 'DenyWithoutTls',
      Effect: 'Deny',
      Principal: '*',
      Action: 's3:*',
      Resource: [arn, `${arn}/*`],
      Condition: { Bool: { 'aws:SecureTransport': 'false' } },
    },
    inventoryStatement(arn, `arn:${partition}:s3:::${bucket}`, account),
  );
}

/**
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/configure-inventory.html#configure-inventory-destination-bucket-policy
 * The console adds it by itself; callers of the API must.
 */
const inventoryStatement = (target: string, source: string, account: string): Statement => ({
  Sid: 'DeliverInventory',
  Effect: 'Allow',
  Principal: { Service: 's3.amazonaws.com' },
  Action: 's3:PutObject',
  Resource: `${target}/${INVENTORY_PREFIX}/*`,
  Condition: {
    ArnLike: { 'aws:SourceArn': source },
    StringEquals: { 'aws:SourceAccount': account, 's3:x-amz-acl': 'bucket-owner-full-control' },
  },
});
