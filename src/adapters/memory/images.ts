import { createHash } from 'node:crypto';
import { UnreadableError } from '../../runtime/errors.ts';
import { compareKeys } from '../../runtime/key-order.ts';
import type { ImageStore } from '../../runtime/ports.ts';

/** Images in memory whose content is text; etags are content hashes, times count up. */
export interface MemoryImages extends ImageStore {
  put(key: string, content: string): void;
  remove(key: string): void;
  /** The same content with a new time. */
  touch(key: string): void;
  content(key: string): string | undefined;
}

export function openMemoryImages(bucket = 'images'): MemoryImages {
  const images = new Map<string, { bytes: Buffer; lastModified: number }>();
  let clock = 1_000;
  const put = (key: string, bytes: Buffer) => {
    clock += 10_000;
    images.set(key, { bytes, lastModified: clock });
  };
  return {
    bucket,
    etagIsContent: true,
    put: (key, content) => put(key, Buffer.from(content)),
    remove: (key) => void images.delete(key),
    touch(key) {
      const image = images.get(key);
      if (image !== undefined) put(key, image.bytes);
    },
    content: (key) => images.get(key)?.bytes.toString(),
    async *list({ prefix = '', signal }) {
      signal?.throwIfAborted();
      const listed = [...images]
        .filter(([key]) => key.startsWith(prefix))
        .sort(([a], [b]) => compareKeys(a, b))
        .map(([key, { bytes, lastModified }]) => ({ key, size: bytes.length, lastModified }));
      if (listed.length > 0) yield listed;
    },
    async head(key) {
      const image = images.get(key);
      if (image === undefined) return undefined;
      const { bytes, lastModified } = image;
      const etag = createHash('sha256').update(bytes).digest('base64url').slice(0, 22);
      return { etag, size: bytes.length, lastModified, bytes };
    },
    async read(key) {
      const image = images.get(key);
      if (image === undefined) throw new UnreadableError('it is no longer there');
      return image.bytes;
    },
    link: (key) => `memory:${bucket}/${key}`,
  };
}
