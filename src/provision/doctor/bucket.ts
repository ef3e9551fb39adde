import {
  GetBucketEncryptionCommand,
  GetBucketVersioningCommand,
  HeadBucketCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { awsStatus, bucketRegionOf, ifThere } from '../../aws/errors.ts';
import type { Session } from '../../aws/session.ts';
import { type Check, ok, problem, warning } from './check.ts';

/** Whether a bucket's images can be labelled in this Region, and what about it has to be known. */
export async function checkBucket(
  session: Session,
  { bucket, kmsKey }: { bucket: string; kmsKey?: string | undefined },
): Promise<Check[]> {
  const s3 = session.clients(S3Client);
  const at = { Bucket: bucket, ExpectedBucketOwner: session.account };
  const unusable = await s3.send(new HeadBucketCommand(at)).then(
    () => undefined,
    (error: unknown) => whyUnusable(error, bucket, session),
  );
  if (unusable !== undefined) return [unusable];
  const [versioning, encryption] = await Promise.all([
    s3.send(new GetBucketVersioningCommand(at)),
    ifThere(s3.send(new GetBucketEncryptionCommand(at))),
  ]);
  const rule = encryption?.ServerSideEncryptionConfiguration?.Rules?.[0];
  const { SSEAlgorithm, KMSMasterKeyID } = rule?.ApplyServerSideEncryptionByDefault ?? {};
  return [
    ok('bucket', `'${bucket}' is in ${session.region} and yours`),
    versioning.Status === undefined
      ? ok('bucket-versioning', 'the bucket has no versions')
      : ok(
          'bucket-versioning',
          `versioning is ${versioning.Status.toLowerCase()}: only newest versions are labelled`,
        ),
    encryptionCheck(SSEAlgorithm, KMSMasterKeyID, kmsKey),
  ];
}

/** A HEAD's answer has no text; its status and a header tell what is wrong. */
function whyUnusable(error: unknown, bucket: string, { region, account }: Session): Check {
  const actual = bucketRegionOf(error);
  if (actual !== undefined && actual !== region) {
    return problem(
      'bucket',
      `'${bucket}' is in ${actual}, not in ${region}: Rekognition reads only its own Region`,
      [`work there: --region ${actual}`],
    );
  }
  switch (awsStatus(error)) {
    case 404:
      return problem('bucket', `there is no bucket '${bucket}'`, ['check its name: aws s3 ls']);
    case 403:
      return problem('bucket', `'${bucket}' is not account ${account}'s, or you may not list it`, [
        'work with the credentials of the account that owns it: --profile NAME',
        'or have s3:ListBucket allowed',
      ]);
    default:
      throw error;
  }
}

/**
 * With a key of one's own the roles need the right to decrypt with it. The default says how new images are encrypted;
 * older ones may be encrypted otherwise.
 */
function encryptionCheck(
  algorithm: string | undefined,
  key: string | undefined,
  named: string | undefined,
): Check {
  const name = 'bucket-encryption';
  if (algorithm === undefined || !algorithm.startsWith('aws:kms'))
    return ok(name, 'S3 encrypts with its own keys');
  // Whoever may read the bucket may use AWS's own key.
  if (key === undefined || key.endsWith('alias/aws/s3')) return ok(name, "encrypted with AWS's key for S3");
  if (named !== undefined && (named === key || named.endsWith(`/${key}`))) {
    return ok(name, `encrypted with ${key}, which the stack may use`);
  }
  return warning(name, `new images are encrypted with ${key}, which a stack may not use by itself`, [
    `set up with: --kms-key ${key.startsWith('arn:') ? key : `ARN (that of ${key})`}`,
    "the key's own policy has to let roles of the account use it, too",
  ]);
}
