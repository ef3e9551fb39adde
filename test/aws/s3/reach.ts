import type { World } from '../kernel/world.ts';
import { s3 } from './service.ts';
import type { Bucket } from './state.ts';

/** The bucket of this name, wherever and whosever it is. */
export function bucketNamed(world: World, name: string): Bucket | undefined {
  return world.state(s3, '', '').buckets.get(name);
}

/** Makes a topic or function that is not in the double a destination that exists and lets S3 in. */
export function allowDestination(world: World, arn: string): void {
  world.state(s3, '', '')._destinations.add(arn);
}
