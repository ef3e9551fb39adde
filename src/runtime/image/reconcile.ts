import { compareKeys } from '../key-order.ts';
import type { ImageStore, IndexReader, ListedImage } from '../ports.ts';
import { extensionOf, extensionReason } from '../run/select.ts';
import { type Change, seenImage } from './change.ts';

/** Changes per batch; about what one look-up takes. */
const BATCH = 1_000;

/**
 * Every difference that may be between the images and the index, found by going through both in key order at once:
 * images to look at (most prove unchanged without a look) and documents whose image is gone. Constant memory.
 *
 * What lies in a part of the store that couldn't be read counts as unknown, never as gone.
 */
export async function* reconcile(
  images: ImageStore,
  index: IndexReader,
  options: { prefix?: string; formats: ReadonlySet<string>; signal: AbortSignal },
): AsyncGenerator<Change[]> {
  const { prefix, formats, signal } = options;
  const within = prefix === undefined ? {} : { prefix };
  const documents = flat(index.scan({ states: ['indexed', 'failed'], ...within }));
  let document = await documents.next();
  let batch: Change[] = [];
  let unreadable: string | undefined;

  const isUnknown = (key: string) => unreadable !== undefined && key.startsWith(unreadable);
  for await (const image of flat<ListedImage>(images.list({ ...within, signal }))) {
    while (!document.done && compareKeys(document.value.key, image.key) < 0) {
      if (!isUnknown(document.value.key)) batch.push(removed(document.value.key));
      document = await documents.next();
    }
    if (!document.done && document.value.key === image.key) document = await documents.next();
    if (image.skip === 'unreadable-folder') unreadable = image.key;
    if (image.skip === undefined && extensionReason(extensionOf(image.key), formats) === undefined)
      batch.push(seenImage(image, -1));
    if (batch.length >= BATCH) {
      yield batch;
      batch = [];
    }
  }
  for (; !document.done; document = await documents.next()) {
    if (!isUnknown(document.value.key)) batch.push(removed(document.value.key));
  }
  if (batch.length > 0) yield batch;
}

const removed = (key: string): Change => ({ kind: 'removed', key, order: '', row: -1 });

async function* flat<T>(batches: AsyncIterable<readonly T[]>): AsyncGenerator<T, undefined> {
  for await (const batch of batches) yield* batch;
  return undefined;
}
