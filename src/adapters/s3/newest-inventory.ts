import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import type { Clients } from '../../aws/clients.ts';
import { inventoryFolder } from '../../runtime/run/layout.ts';
import type { ObjectsBucket } from './objects.ts';

/** Which inventory, by the bucket that it is of and the id of its configuration there. */
export interface InventoryPlace extends ObjectsBucket {
  /** The bucket of the images. */
  images: string;
  configuration: string;
}

export interface DeliveredInventory {
  /** The address of its manifest.json. */
  manifest: string;
  /** When S3 began to list; milliseconds. Of what came later, it has nothing. */
  listedAt: number;
}

/**
 * The newest whole inventory in a stack's bucket; undefined where none was delivered yet. The checksum of the manifest is
 * written last (https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html), so one without it
 * is still on its way.
 */
export async function newestInventory(
  clients: Clients,
  { bucket, account, images, configuration }: InventoryPlace,
): Promise<DeliveredInventory | undefined> {
  const s3 = clients(S3Client);
  const at = { Bucket: bucket, ExpectedBucketOwner: account };

  // The delimiter leaves one line each of `data/` and `hive/`, however much is in them.
  const deliveries: { folder: string; listedAt: number }[] = [];
  let ContinuationToken: string | undefined;
  do {
    const input = {
      ...at,
      Prefix: inventoryFolder(images, configuration),
      Delimiter: '/',
      ContinuationToken,
    };
    const page = await s3.send(new ListObjectsV2Command(input));
    for (const { Prefix: folder = '' } of page.CommonPrefixes ?? []) {
      const listedAt = timeOf(folder);
      if (listedAt !== undefined) deliveries.push({ folder, listedAt });
    }
    ContinuationToken = page.NextContinuationToken;
  } while (ContinuationToken !== undefined);

  // They came in the order of their names, which is that of time.
  for (const { folder, listedAt } of deliveries.reverse()) {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ ...at, Prefix: folder }));
    if (!Contents.some(({ Key }) => Key === `${folder}manifest.checksum`)) continue;
    return { manifest: `s3://${bucket}/${folder}manifest.json`, listedAt };
  }
  return undefined;
}

/** `…/2026-11-23T01-00Z/` */
function timeOf(folder: string): number | undefined {
  const found = /\/(\d{4}-\d\d-\d\dT\d\d)-(\d\dZ)\/$/.exec(folder);
  const time = found === null ? Number.NaN : Date.parse(`${found[1]}:${found[2]}`);
  return Number.isNaN(time) ? undefined : time;
}
