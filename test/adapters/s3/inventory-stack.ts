import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { InventoryPlace } from '../../../src/adapters/s3/newest-inventory.ts';
import type { Clients } from '../../../src/aws/clients.ts';
import { inventory } from '../../../src/provision/s3/inventory.ts';
import { stackBucket } from '../../../src/provision/s3/stack-bucket.ts';
import type { AwsSpec } from '../../../src/stack/aws-spec.ts';
import type { World } from '../../aws/kernel/world.ts';
import { testContext } from '../../provision/context.ts';
import { makeBucket } from '../../provision/s3/buckets.ts';

export interface InventoryStack {
  clients: Clients;
  place: InventoryPlace;
  /** Puts an image. */
  put(key: string): Promise<unknown>;
}

/** The images' bucket and the stack's, with the inventory and the policy that setup makes. */
export async function inventoryStack(
  world: World,
  format: AwsSpec['inventoryFormat'] = 'CSV',
): Promise<InventoryStack> {
  const context = testContext(world, { inventoryFormat: format });
  const { clients, names, spec } = context;
  await makeBucket(context, spec.bucket);
  const bucket = stackBucket(context);
  await bucket.ensure();
  await inventory(context, [bucket]).ensure();
  return {
    clients,
    place: {
      bucket: names.bucket.name,
      account: spec.account,
      images: spec.bucket,
      configuration: names.entry('inventory'),
    },
    put: (Key) =>
      clients(S3Client).send(new PutObjectCommand({ Bucket: spec.bucket, Key, Body: Buffer.from(Key) })),
  };
}
