import type { Clients } from '../aws/clients.ts';
import type { Selection } from '../runtime/contract.ts';
import type { ImageStore, ObjectStore } from '../runtime/ports.ts';
import type { RowSource } from '../runtime/rows/source.ts';
import { openSelectedRows } from './rows.ts';

interface Places {
  clients: Clients;
  images: ImageStore;
  objects: ObjectStore;
  account: string;
}

/**
 * The rows that a selection of a stack on AWS means: also those of the newest inventory that was delivered.
 * @throws RekbackError that names the file
 */
export async function awsRows(selection: Selection, { images, objects }: Places): Promise<RowSource> {
  return openSelectedRows(selection, images, objects);
}
