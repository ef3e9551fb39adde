import { awsFailure, awsStatus, bucketRegionOf, isAwsError } from '../../aws/errors.ts';
import { credentialsFailure, passingFailure } from '../../aws/failures.ts';
import { messageOf, RetryableError, SystemicError } from '../../runtime/errors.ts';

/** A bucket of images, and the Region that it is asked in. */
export interface BucketPlace {
  bucket: string;
  region: string;
  /**
   * The account that must own it, where a stack was made for that account's bucket: the name of a bucket that was deleted may
   * be anybody's. Without it, the bucket may be anybody's on purpose.
   */
  account?: string;
}

/** How a request names the bucket. */
export const atPlace = ({ bucket, account }: BucketPlace) => ({
  Bucket: bucket,
  ...(account !== undefined && { ExpectedBucketOwner: account }),
});

/**
 * What a failed request to the images' bucket means, as far as it is about the bucket and not about one object.
 *
 * Never throttled: that would slow the labeler down, whose calls S3 does not count.
 */
export function asBucketFailure(error: unknown, place: BucketPlace): Error {
  const { bucket, region } = place;
  const actual = bucketRegionOf(error);
  if (actual !== undefined && actual !== region) {
    return new SystemicError(
      'bucket-region',
      `the bucket '${bucket}' is in ${actual}, and was asked for in ${region}`,
      { cause: error, suggestions: [`name its Region: --region ${actual}`] },
    );
  }
  if (isAwsError(error, 'NoSuchBucket') || awsStatus(error) === 404) return bucketMissing(bucket, error);
  if (passingFailure(error) !== undefined) {
    const why = awsFailure(error)?.code ?? messageOf(error);
    return new RetryableError(`S3 could not answer: ${why}`, { cause: error });
  }
  const credentials = credentialsFailure(error);
  if (credentials !== undefined) return credentials;
  if (awsStatus(error) === 403) return bucketDenied(place, 's3:ListBucket', error);
  return error instanceof Error ? error : new Error(messageOf(error));
}

const bucketMissing = (bucket: string, cause: unknown) =>
  new SystemicError('bucket-missing', `there is no bucket '${bucket}'`, {
    cause,
    suggestions: ['see your buckets: aws s3 ls', 'or use other credentials: --profile NAME'],
  });

/** @param right - the action that is missing, as a policy names it */
export const bucketDenied = (
  { bucket, account }: BucketPlace,
  right: string,
  cause: unknown,
): SystemicError =>
  new SystemicError('bucket-denied', `the images in '${bucket}' may not be read: ${words(cause)}`, {
    cause,
    suggestions: [
      `ask for ${right} on '${bucket}'`,
      'or use other credentials: --profile NAME',
      ...(account === undefined ? [] : [`or see whether the bucket is still one of account ${account}`]),
    ],
  });

/** @param key - the key's id or ARN, where S3 names it */
export const keyDenied = (bucket: string, key: string | undefined, cause: unknown): SystemicError =>
  new SystemicError(
    'kms-denied',
    `images in '${bucket}' are encrypted with the KMS key ${key ?? 'of the bucket'}, which may not be used`,
    { cause, suggestions: [`ask for kms:Decrypt on ${key ?? "the bucket's key"}`] },
  );

/** The key that S3 says may not be used: its message has the ARN. Undefined for another refusal. */
export function deniedKey(error: unknown): { key: string | undefined } | undefined {
  const said = messageOf(error);
  const isKms = /\bkms:Decrypt\b/.test(said) || /^KMS\./.test(awsFailure(error)?.code ?? '');
  return isKms ? { key: /arn:[\w-]+:kms:[\w:/-]+/.exec(said)?.[0] } : undefined;
}

const words = (error: unknown): string => {
  const { code, message } = awsFailure(error) ?? { code: undefined, message: messageOf(error) };
  return code === undefined || message.includes(code) ? message : `${code} (${message})`;
};
