import { openS3Objects } from '../../adapters/s3/objects.ts';
import { INVENTORY_CONSUMED, INVENTORY_PREFIX } from '../../runtime/run/layout.ts';
import type { Context } from '../context.ts';
import type { Resource } from '../resource.ts';
import { defineNotification } from './notifications.ts';

/**
 * The trigger: tells the stack's queue when an inventory was delivered, of which the checksum is written last. It is
 * removed once the inventory has started its backfill, and a mark in the bucket keeps setup from bringing it back.
 */
export function stackNotifications(context: Context, after: readonly Resource[]): Resource {
  const { names, clients, spec } = context;
  const id = names.entry('inventory');
  const objects = openS3Objects(clients, { bucket: names.bucket.name, account: spec.account });
  let consumed = false;
  const resource = defineNotification(context, {
    bucket: names.bucket.name,
    id,
    after,
    wanted: () =>
      consumed || spec.backfill === 'manual'
        ? undefined
        : {
            id,
            events: ['s3:ObjectCreated:*'],
            prefix: `${INVENTORY_PREFIX}/`,
            suffix: 'manifest.checksum',
          },
    async prepare() {
      consumed = (await objects.get(INVENTORY_CONSUMED)) !== undefined;
    },
  });
  return {
    ...resource,
    async ensure() {
      // Only a look tells whether it is wanted.
      await resource.inspect();
      await resource.ensure();
    },
  };
}
