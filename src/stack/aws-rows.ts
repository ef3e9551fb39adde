import { s3Files } from '../adapters/s3/files.ts';
import { inventoryRows } from '../adapters/s3/inventory-rows.ts';
import type { Clients } from '../aws/clients.ts';
import type { Selection } from '../runtime/contract.ts';
import type { ImageStore, ObjectStore } from '../runtime/ports.ts';
import { openRows } from '../runtime/rows/open.ts';
import type { RowSource } from '../runtime/rows/source.ts';
import { namesOf } from './aws-names.ts';
import { type AwsRecord, specOf } from './record.ts';
import { openSelectedRows } from './rows.ts';

interface Places {
  record: AwsRecord;
  clients: Clients;
  images: ImageStore;
  objects: ObjectStore;
}

/**
 * The rows that a selection of a stack on AWS means: also those of the newest inventory, or a listing where none was
 * delivered yet, and those of a file in any bucket that the caller may read.
 *
 * @throws RekbackError that names the file
 */
export async function awsRows(selection: Selection, places: Places): Promise<RowSource> {
  const { record, clients, images, objects } = places;
  const { from } = selection;
  if (from.kind === 'file' && /^s3:/i.test(from.path)) {
    return openRows(s3Files(clients), from.path, images.bucket);
  }
  if (from.kind === 'inventory') {
    const names = namesOf(specOf(record));
    const delivered = await inventoryRows(clients, {
      bucket: names.bucket.name,
      account: record.aws.account,
      images: images.bucket,
      configuration: names.entry('inventory'),
    });
    if (delivered !== undefined) return delivered;
  }
  return openSelectedRows(selection, images, objects);
}
