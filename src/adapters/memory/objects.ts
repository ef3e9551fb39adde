import { compareKeys } from '../../runtime/key-order.ts';
import type { ObjectStore, StoredObject } from '../../runtime/ports.ts';

/** An object store that ends with its process. */
export function openMemoryObjects(): ObjectStore {
  const objects = new Map<string, StoredObject>();
  let versions = 0;
  return {
    get: async (key) => objects.get(key),
    async put(key, body, condition) {
      const present = objects.get(key);
      if (condition !== undefined) {
        const expected = 'ifVersion' in condition ? condition.ifVersion : undefined;
        if (present?.version !== expected) return 'conflict';
      }
      const version = String(++versions);
      objects.set(key, { body: Buffer.from(body), version });
      return { version };
    },
    async *list(prefix) {
      for (const [key, { body }] of [...objects].sort(([a], [b]) => compareKeys(a, b))) {
        if (key.startsWith(prefix)) yield { key, size: body.length };
      }
    },
    remove: async (key) => {
      objects.delete(key);
    },
  };
}
