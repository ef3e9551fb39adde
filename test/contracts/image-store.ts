import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UnreadableError } from '../../src/runtime/errors.ts';
import type { ImageStore, ListedImage } from '../../src/runtime/ports.ts';

/** A store with the means of whoever owns its images. */
export interface OwnedImages {
  store: ImageStore;
  put(key: string, content: string): Promise<void> | void;
  remove(key: string): Promise<void> | void;
}

export async function listAll(store: ImageStore, prefix?: string): Promise<ListedImage[]> {
  const images: ListedImage[] = [];
  for await (const batch of store.list(prefix === undefined ? {} : { prefix })) images.push(...batch);
  return images;
}

const keysOf = async (store: ImageStore, prefix?: string) =>
  (await listAll(store, prefix)).map(({ key }) => key);

const byBytes = (keys: readonly string[]) =>
  [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

/** Names in which code unit order, byte order and a person's order differ. */
const KEYS = [
  'Z.jpg',
  'a b.jpg',
  'a+b%2B.jpg',
  'a-b/c.jpg',
  'a.jpg',
  'a/b.jpg',
  'a/b/c/d.jpg',
  'a0.jpg',
  'cafe\u0301.jpg',
  'caf\u00e9.jpg',
  'line\nbreak.jpg',
  '\u202egpj.jpg',
  '\uff5e.jpg',
  '\ue000.jpg',
  '\u{1f600}.jpg',
];

/** Every image store must pass this. `open` gives an empty one. */
export function imageStoreContract(name: string, open: () => Promise<OwnedImages>): void {
  describe(`${name}: image store contract`, () => {
    async function filled(keys: readonly string[]): Promise<OwnedImages> {
      const images = await open();
      for (const key of keys) await images.put(key, `content of ${key}`);
      return images;
    }

    it('lists every image once, in byte order, by prefix', async () => {
      const { store } = await filled(KEYS);
      const ordered = byBytes(KEYS);
      expect(await keysOf(store)).toEqual(ordered);
      for (const prefix of [
        '',
        'a',
        'a/',
        'a/b',
        'a/b/',
        'a-',
        'caf',
        'cafe\u0301',
        '\u{1f600}',
        'none',
        'none/',
      ]) {
        expect(await keysOf(store, prefix), prefix).toEqual(ordered.filter((key) => key.startsWith(prefix)));
      }
    });

    it('lists any tree of names in byte order', async () => {
      const segment = fc
        .array(fc.constantFrom('a', 'b', '-', '.x', '0', '\u00e9', '\uffee', '\u{10000}'), {
          minLength: 1,
          maxLength: 2,
        })
        .map((parts) => parts.join(''));
      const anyKey = fc
        .array(segment, { minLength: 1, maxLength: 3 })
        .map((parts) => `${parts.map((part) => `${part}d`).join('/')}f`);
      await fc.assert(
        fc.asyncProperty(fc.uniqueArray(anyKey, { maxLength: 12 }), segment, async (keys, prefix) => {
          const { store } = await filled(keys);
          expect(await keysOf(store)).toEqual(byBytes(keys));
          expect(await keysOf(store, prefix)).toEqual(byBytes(keys).filter((key) => key.startsWith(prefix)));
        }),
        { numRuns: 40 },
      );
    });

    it('tells of an image the same in a list as on its own', async () => {
      const { store } = await filled(KEYS);
      for (const { key, size, lastModified, skip } of await listAll(store)) {
        const head = await store.head(key);
        expect(skip).toBeUndefined();
        expect(head).toMatchObject({ size, lastModified });
        expect(size).toBe(Buffer.byteLength(`content of ${key}`));
        expect(Number.isInteger(lastModified)).toBe(true);
        expect((await store.read(key)).toString()).toBe(`content of ${key}`);
        expect((head?.bytes ?? (await store.read(key))).toString()).toBe(`content of ${key}`);
      }
    });

    it('gives etags that tell contents apart', async () => {
      const { store, put } = await filled([]);
      const etagOf = async (key: string) => (await store.head(key))?.etag;
      await put('a.jpg', 'one');
      await put('b.jpg', 'one');
      await put('c.jpg', 'two');
      const before = await etagOf('a.jpg');
      expect(before).toMatch(/^[^"]+$/);
      if (store.etagIsContent) expect(await etagOf('b.jpg')).toBe(before);
      expect(await etagOf('c.jpg')).not.toBe(before);
      await put('a.jpg', 'two');
      expect(await etagOf('a.jpg')).not.toBe(before);
      await put('a.jpg', 'one');
      if (store.etagIsContent) expect(await etagOf('a.jpg')).toBe(before);
    });

    it('knows nothing under a key that names no image', async () => {
      const { store, remove } = await filled(['a/b.jpg', 'gone.jpg']);
      await remove('gone.jpg');
      const none = [
        '',
        '.',
        '..',
        '/',
        'a',
        'a/',
        'a//b.jpg',
        'a/./b.jpg',
        './a/b.jpg',
        'a/../a/b.jpg',
        '/a/b.jpg',
      ];
      for (const key of [...none, 'a/b.jpg/', 'a/b.jpg/c', 'a/b.jpg\0', 'gone.jpg', 'x'.repeat(5_000)]) {
        expect(await store.head(key), key).toBeUndefined();
        await expect(store.read(key), key).rejects.toThrow(UnreadableError);
      }
    });

    it('stops listing when told to', async () => {
      const { store } = await filled(KEYS);
      const stopped = AbortSignal.abort(new Error('stopped'));
      const list = async () => {
        for await (const _ of store.list({ signal: stopped })) expect.unreachable();
      };
      await expect(list()).rejects.toThrow('stopped');
    });

    it('has nothing in an empty store', async () => {
      const { store } = await open();
      expect(await listAll(store)).toEqual([]);
    });
  });
}
