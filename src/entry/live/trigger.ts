import { S3Client } from '@aws-sdk/client-s3';
import { changeNotifications } from '../../aws/change-notifications.ts';
import type { Clients } from '../../aws/clients.ts';
import { realWaiting } from '../../aws/wait.ts';
import { namesOf } from '../../stack/aws-names.ts';
import { type AwsRecord, specOf } from '../../stack/record.ts';

/** Takes away the entry of the stack's bucket that tells of inventories; what others put there stays. */
export function removeTrigger(clients: Clients, record: AwsRecord): Promise<void> {
  const names = namesOf(specOf(record));
  const at = { Bucket: names.bucket.name, ExpectedBucketOwner: record.aws.account };
  const ours = { ids: [names.entry('inventory')], entries: [] };
  return changeNotifications(clients(S3Client), at, ours, { waiting: realWaiting() });
}
