import type { ListedImage } from '../ports.ts';

/**
 * Something that happened to an image, whoever tells it: an inventory row, a listing, a live event, a retry.
 *
 * `seen`: it was there when a list was made. `created` and `removed`: an event said so.
 */
export interface Change {
  kind: 'seen' | 'created' | 'removed';
  key: string;
  /** Sortable order of the event among those of its key, right-padded; empty where the source gives none. */
  order: string;
  /** The row of the run that this change is, or −1. */
  row: number;
  /** What the source says of the image; bytes, epoch milliseconds. */
  size?: number;
  lastModified?: number;
  etag?: string;
}

/** An image of a list. */
export const seenImage = ({ key, size, lastModified, etag }: ListedImage, row: number): Change => ({
  kind: 'seen',
  key,
  order: '',
  row,
  ...(size === undefined ? {} : { size }),
  ...(lastModified === undefined ? {} : { lastModified }),
  ...(etag === undefined ? {} : { etag }),
});
