import type { Clients } from '../../aws/clients.ts';
import { openRows } from '../../runtime/rows/open.ts';
import type { RowSource } from '../../runtime/rows/source.ts';
import { s3Files } from './files.ts';
import { type InventoryPlace, newestInventory } from './newest-inventory.ts';

/**
 * The rows of the newest inventory in a stack's bucket; undefined where none was delivered yet.
 * @throws RekbackError that names the file, here or while the rows are read
 */
export async function inventoryRows(clients: Clients, place: InventoryPlace): Promise<RowSource | undefined> {
  const newest = await newestInventory(clients, place);
  if (newest === undefined) return undefined;
  return openRows(s3Files(clients, { account: place.account }), newest.manifest, place.images);
}
