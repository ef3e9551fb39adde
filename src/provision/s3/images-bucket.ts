import {
  GetBucketInventoryConfigurationCommand,
  GetBucketNotificationConfigurationCommand,
  HeadBucketCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import type { Clients } from '../../aws/clients.ts';
import { awsStatus, bucketRegionOf, ifThere, isAwsError } from '../../aws/errors.ts';
import { RekbackError } from '../../runtime/errors.ts';

interface ImagesBucket {
  bucket: string;
  account: string;
  region: string;
}

/**
 * Whether a stack can be made for a bucket, before anything is made: it is there, in this account and Region, and what
 * is configured on it may be read. Writes nothing.
 *
 * @throws RekbackError `bucket-missing`, `bucket-denied`, `bucket-region`
 */
export async function checkImagesBucket(clients: Clients, place: ImagesBucket): Promise<void> {
  const { bucket: Bucket, account, region } = place;
  const s3 = clients(S3Client);
  const at = { Bucket, ExpectedBucketOwner: account };
  const head = (bucket: { Bucket: string; ExpectedBucketOwner?: string }) =>
    s3.send(new HeadBucketCommand(bucket));
  try {
    const { BucketRegion = region } = await head(at);
    if (BucketRegion !== region) throw inRegion(place, BucketRegion);
  } catch (error) {
    if (error instanceof RekbackError) throw error;
    const actual = bucketRegionOf(error);
    if (actual !== undefined && actual !== region) throw inRegion(place, actual, error);
    // HEAD is answered by its status alone.
    if (awsStatus(error) === 404) throw missing(place, error);
    if (awsStatus(error) !== 403) throw error;
    // Without the expected owner, another account's bucket that lets us look is told from one that does not.
    const maySee = await head({ Bucket }).then(
      () => true,
      () => false,
    );
    throw denied(place, maySee, error);
  }
  const mayRead = async (action: string, what: string, answer: Promise<unknown>) => {
    await answer.catch((error: unknown) => {
      throw isAwsError(error, 'AccessDenied') ? unreadable(place, action, what, error) : error;
    });
  };
  await Promise.all([
    mayRead(
      's3:GetBucketNotification',
      'notifications',
      s3.send(new GetBucketNotificationConfigurationCommand(at)),
    ),
    // Any id will do: one that is not there is answered differently from one that may not be read.
    mayRead(
      's3:GetInventoryConfiguration',
      'inventories',
      ifThere(s3.send(new GetBucketInventoryConfigurationCommand({ ...at, Id: 'rekback' }))),
    ),
  ]);
}

const missing = ({ bucket, account }: ImagesBucket, cause: unknown) =>
  new RekbackError('bucket-missing', `there is no bucket '${bucket}'`, {
    cause,
    suggestions: [`see the buckets of account ${account}: aws s3 ls`],
  });

const inRegion = ({ bucket, region }: ImagesBucket, actual: string, cause?: unknown) =>
  new RekbackError(
    'bucket-region',
    `the bucket '${bucket}' is in ${actual}, and this would set up a stack in ${region}`,
    { cause, suggestions: [`set the stack up where its images are: add --region ${actual}`] },
  );

const denied = ({ bucket, account }: ImagesBucket, maySee: boolean, cause: unknown) =>
  new RekbackError(
    'bucket-denied',
    maySee
      ? `the bucket '${bucket}' belongs to another account than ${account}`
      : `the bucket '${bucket}' may not be looked at from account ${account}: it is another account's, or the right s3:ListBucket is missing`,
    {
      cause,
      suggestions: maySee
        ? ["use that account's credentials: --profile NAME"]
        : [`ask for s3:ListBucket on '${bucket}'`, 'or use other credentials: --profile NAME'],
    },
  );

const unreadable = ({ bucket }: ImagesBucket, action: string, what: string, cause: unknown) =>
  new RekbackError('bucket-denied', `the ${what} of the bucket '${bucket}' may not be read`, {
    cause,
    suggestions: [`ask for ${action} on '${bucket}'`, 'or use other credentials: --profile NAME'],
  });
