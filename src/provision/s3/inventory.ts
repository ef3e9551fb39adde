import {
  DeleteBucketInventoryConfigurationCommand,
  GetBucketInventoryConfigurationCommand,
  type InventoryConfiguration,
  type InventoryOptionalField,
  PutBucketInventoryConfigurationCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { ifThere, isAwsError } from '../../aws/errors.ts';
import { retryWhile } from '../../aws/wait.ts';
import { INVENTORY_PREFIX } from '../../runtime/run/layout.ts';
import type { Context } from '../context.ts';
import { defineResource, type Resource } from '../resource.ts';
import { inspectedOnly } from './inspected-only.ts';
import { atBucket } from './notifications.ts';

/** What planning a backfill needs to know of an image: whether it changed, and whether it can be read at all. */
const FIELDS: readonly InventoryOptionalField[] = [
  'ETag',
  'EncryptionStatus',
  'IntelligentTieringAccessTier',
  'LastModifiedDate',
  'Size',
  'StorageClass',
];

/** A bucket that was just made may not be seen as a destination. */
const DESTINATION_SEEN = { every: 5000, within: 120_000 };

/** The whole configuration, as S3 wants it. The prefix is not encoded, other than in a notification's filter. */
export const inventoryConfiguration = ({ spec, names }: Context) =>
  ({
    Id: names.entry('inventory'),
    IsEnabled: true,
    IncludedObjectVersions: 'Current',
    Schedule: { Frequency: 'Daily' },
    ...(spec.prefix !== '' && { Filter: { Prefix: spec.prefix } }),
    OptionalFields: [...FIELDS],
    Destination: {
      S3BucketDestination: {
        AccountId: spec.account,
        Bucket: names.bucket.arn,
        Format: spec.inventoryFormat,
        Prefix: INVENTORY_PREFIX,
      },
    },
  }) satisfies InventoryConfiguration;

type Config = Omit<InventoryConfiguration, 'Id' | 'Filter'> & { prefix: string };

/** In the form that equal configurations have. */
function configOf({ Id: _, Filter, OptionalFields = [], ...rest }: InventoryConfiguration): Config {
  return { ...rest, OptionalFields: [...OptionalFields].sort(), prefix: Filter?.Prefix ?? '' };
}

/** Has S3 list the bucket of the images every day, into the stack's bucket. Others' inventories have other ids. */
export function inventory(context: Context, after: readonly Resource[]): Resource {
  const { spec, names, clients, waiting } = context;
  const Id = names.entry('inventory');
  const at = { ...atBucket(context, spec.bucket), Id };
  const s3 = clients(S3Client);
  const put = async () => {
    const InventoryConfiguration = inventoryConfiguration(context);
    const isPassing = (error: unknown) => isAwsError(error, 'InvalidS3DestinationBucket', 'OperationAborted');
    await retryWhile(
      isPassing,
      () => s3.send(new PutBucketInventoryConfigurationCommand({ ...at, InventoryConfiguration })),
      DESTINATION_SEEN,
      waiting,
    );
  };
  return inspectedOnly(
    context,
    defineResource<Config>(context, {
      type: 'inventory',
      name: Id,
      after,
      wanted: () => configOf(inventoryConfiguration(context)),
      async read() {
        const found = await ifThere(s3.send(new GetBucketInventoryConfigurationCommand(at)));
        return found?.InventoryConfiguration && { config: configOf(found.InventoryConfiguration) };
      },
      create: put,
      update: put,
      async remove() {
        await s3.send(new DeleteBucketInventoryConfigurationCommand(at));
      },
    }),
  );
}
