import { type NotificationConfiguration, S3Client } from '@aws-sdk/client-s3';
import { mergeNotifications } from '../../aws/bucket-notifications.ts';
import { readNotifications } from '../../aws/change-notifications.ts';
import type { Context } from '../context.ts';
import type { Statement } from '../iam/policy.ts';
import { readImages } from '../iam/rights.ts';
import { imagesChange } from './images-notifications.ts';
import { inventoryConfiguration } from './inventory.ts';
import { atBucket } from './notifications.ts';

/** What the owner of the bucket of the images has to apply: documents for the AWS CLI, each with its command. */
export interface BucketChanges {
  notification: { file: string; json: NotificationConfiguration; command: string };
  inventory: { file: string; json: ReturnType<typeof inventoryConfiguration>; command: string };
  /**
   * Statements for the policy of the bucket, and of the images' key where there is one. Within an account they are
   * needed only where that policy denies, or leaves rights to nobody but those whom it names.
   */
  policy: { bucket: readonly Statement[]; key: readonly Statement[] };
}

/**
 * The exact changes for a bucket that setup may not write to. The notifications are those of the bucket as it is now
 * with ours among them, because putting them replaces all. To be applied when the stack's queue and bucket are there: S3
 * asks whether it may send to them.
 */
export async function bucketChanges(context: Context): Promise<BucketChanges> {
  const { spec, names, clients } = context;
  const current = await readNotifications(clients(S3Client), atBucket(context, spec.bucket));
  const on = `--bucket ${spec.bucket} --region ${spec.region} --expected-bucket-owner ${spec.account}`;
  const readers = [names.roles.planner, names.roles.worker, names.roles.live].map(({ arn }) => arn);
  const statements = readImages(context).map((statement) => ({ ...statement, Principal: { AWS: readers } }));
  const isAboutKey = ({ Action }: Statement) => Action.includes('kms:Decrypt');
  return {
    notification: {
      file: 'notification.json',
      json: mergeNotifications(current, imagesChange(context)),
      command: `aws s3api put-bucket-notification-configuration ${on} --notification-configuration file://notification.json`,
    },
    inventory: {
      file: 'inventory.json',
      json: inventoryConfiguration(context),
      command: `aws s3api put-bucket-inventory-configuration ${on} --id ${names.entry('inventory')} --inventory-configuration file://inventory.json`,
    },
    policy: {
      bucket: statements.filter((statement) => !isAboutKey(statement)),
      // In a key's own policy `*` is that key.
      key: statements.filter(isAboutKey).map((statement) => ({ ...statement, Resource: '*' })),
    },
  };
}
