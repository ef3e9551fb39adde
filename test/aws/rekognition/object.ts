import { AwsError } from '../kernel/errors.ts';
import { find, mustBeThere, useKey } from '../s3/objects.ts';
import { s3 } from '../s3/service.ts';
import { bucketOf, type S3Call } from '../s3/state.ts';
import { type RekognitionCall, rekognitionError } from './state.ts';

/** An object's content, read with the caller's rights. Whatever is wrong with that has one name here. */
export function readObject(
  call: RekognitionCall,
  { Bucket, Name, Version }: { Bucket: string; Name: string; Version?: string | undefined },
): Buffer {
  const asCaller: S3Call = { ...call, state: call.world.state(s3, call.account, call.region) };
  try {
    const bucket = bucketOf(asCaller, { Bucket });
    const action = Version === undefined ? 's3:GetObject' : 's3:GetObjectVersion';
    const permitted = call.world.permits(call.principal, action, `${bucket.arn}/${Name}`);
    if (permitted !== true) throw new AwsError('AccessDenied', permitted);
    const version = find(asCaller, bucket, Name, Version);
    mustBeThere(version);
    if (version.encryption.algorithm === 'SSE-C') throw new AwsError('InvalidRequest', 'SSE-C');
    useKey(asCaller, 'kms:Decrypt', version.encryption);
    return version.body;
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw rekognitionError(
      'InvalidS3ObjectException',
      'Unable to get object metadata from S3. Check object key, region and/or access permissions.',
    );
  }
}
