import { AwsError } from '../kernel/errors.ts';
import type { Call } from '../kernel/operation.ts';
import type { World } from '../kernel/world.ts';
import { find, mustBeThere, useKey } from './objects.ts';
import { s3 } from './service.ts';
import { type Bucket, bucketOf, type S3Call } from './state.ts';

/** The bucket of this name, wherever and whosever it is. */
export function bucketNamed(world: World, name: string): Bucket | undefined {
  return world.state(s3, '', '').buckets.get(name);
}

/** Makes a topic or function that is not in the double a destination that exists and lets S3 in. */
export function allowDestination(world: World, arn: string): void {
  world.state(s3, '', '')._destinations.add(arn);
}

/**
 * An object's content as another service reads it for its caller, in the Region and with the rights of the call. Throws the
 * `AwsError` that S3 answers.
 */
export function readForCaller(
  call: Call<unknown>,
  { Bucket, Name, Version }: { Bucket: string; Name: string; Version?: string | undefined },
): Buffer {
  const asCaller: S3Call = { ...call, state: call.world.state(s3, call.account, call.region) };
  const bucket = bucketOf(asCaller, { Bucket });
  const action = Version === undefined ? 's3:GetObject' : 's3:GetObjectVersion';
  const permitted = call.world.permits(call.principal, action, `${bucket.arn}/${Name}`);
  if (permitted !== true) throw new AwsError('AccessDenied', permitted);
  const version = find(asCaller, bucket, Name, Version);
  mustBeThere(version);
  if (version.encryption.algorithm === 'SSE-C') throw new AwsError('InvalidRequest', 'SSE-C');
  useKey(asCaller, 'kms:Decrypt', version.encryption);
  return version.body;
}
