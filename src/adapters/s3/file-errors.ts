import { S3Client } from '@aws-sdk/client-s3';
import type { Clients } from '../../aws/clients.ts';
import { awsFailure, awsStatus, bucketRegionOf, isAwsError, isAwsMessage } from '../../aws/errors.ts';
import { credentialsFailure, passingFailure } from '../../aws/failures.ts';
import { messageOf, RekbackError } from '../../runtime/errors.ts';
import { asBucketFailure, deniedKey } from './errors.ts';

/**
 * What a failed GET of a file of rows means. An error that neither S3 nor the way to it has a part in stays what it is.
 *
 * @returns a `RekbackError`: `file-missing`, `file-changed`, `file-unreadable`, `bucket-missing`, `bucket-region`, or
 * what is wrong with the credentials
 */
export async function asFileFailure(
  error: unknown,
  clients: Clients,
  { bucket, key }: { bucket: string; key: string },
): Promise<unknown> {
  if (error instanceof RekbackError) return error;
  const address = `s3://${bucket}/${key}`;
  const unreadable = (why: string, ...suggestions: string[]) =>
    new RekbackError('file-unreadable', `could not read '${address}': ${why}`, { cause: error, suggestions });

  const region = await clients(S3Client).config.region();
  const actual = bucketRegionOf(error);
  if (actual !== undefined && actual !== region) {
    return new RekbackError(
      'bucket-region',
      `the bucket '${bucket}' is in ${actual}, and files are read from ${region}`,
      { cause: error, suggestions: [`copy them into a bucket in ${region}: aws s3 cp`, 'or download them'] },
    );
  }
  if (isAwsError(error, 'NoSuchBucket')) return asBucketFailure(error, { bucket, region });
  if (isAwsError(error, 'PreconditionFailed')) return changed(address, error);
  if (awsStatus(error) === 404 || isAwsError(error, 'KeyTooLongError', 'InvalidURI')) {
    return new RekbackError('file-missing', `there is no file '${address}'`, {
      cause: error,
      suggestions: ['check the address: aws s3 ls'],
    });
  }
  const credentials = credentialsFailure(error);
  if (credentials !== undefined) return credentials;
  if (passingFailure(error) !== undefined) return unreadable(wordsOf(error), 'run the same command again');
  if (isAwsError(error, 'InvalidObjectState')) {
    return unreadable('it is archived', 'restore it first: aws s3api restore-object');
  }
  if (isAwsMessage(error, 'InvalidRequest', /server side encryption/i)) {
    return unreadable('it is encrypted with a key that only its owner has', 'copy it without SSE-C');
  }
  const kms = deniedKey(error);
  if (kms !== undefined) {
    const its = kms.key ?? 'its KMS key';
    return unreadable(`${its} may not be used`, `ask for kms:Decrypt on ${its}`);
  }
  if (awsStatus(error) === 403) {
    // Without the right to list, a missing file is answered as a denied one is.
    return unreadable(
      wordsOf(error),
      `ask for s3:GetObject on it, and for s3:ListBucket on '${bucket}'`,
      'or use other credentials: --profile NAME',
    );
  }
  return awsFailure(error) === undefined ? error : unreadable(wordsOf(error), 'check the address');
}

const changed = (address: string, cause: unknown) =>
  new RekbackError('file-changed', `'${address}' was replaced while it was read`, {
    cause,
    suggestions: ['run the same command again, when nothing writes to it any more'],
  });

/** The service's code and message, or what Node says of the network. */
function wordsOf(error: unknown): string {
  const { code, message } = awsFailure(error) ?? { code: '', message: messageOf(error) };
  return code === '' || message.includes(code) ? message : `${code} (${message})`;
}
