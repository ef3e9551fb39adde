import { randomUUID } from 'node:crypto';
import type { IndexOptions } from '../../../src/adapters/opensearch/client.ts';
import { createIndex, removeIndex } from '../../../src/adapters/opensearch/manage.ts';
import { indexNames } from '../../../src/adapters/opensearch/mapping.ts';
import { openIndexReader } from '../../../src/adapters/opensearch/reader.ts';
import { openIndexWriter } from '../../../src/adapters/opensearch/writer.ts';
import type { IndexReader, IndexWriter } from '../../../src/runtime/ports.ts';

/** Options for an index that nobody else has. */
export const newOptions = (endpoint: string, rest: Partial<IndexOptions> = {}): IndexOptions => ({
  endpoint,
  signIn: { kind: 'none' },
  stack: `t${randomUUID().slice(0, 13)}`,
  bucket: 'photos',
  ...rest,
});

export async function request(
  endpoint: string,
  method: string,
  path: string,
  body?: object,
): Promise<unknown> {
  const response = await fetch(new URL(path, endpoint), {
    method,
    headers: { 'content-type': 'application/json' },
    body: body === undefined ? null : JSON.stringify(body),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return JSON.parse(text);
}

/** An empty index that is gone when its writer is closed, and where what is written can be searched at once. */
export async function openTestIndex(
  endpoint: string,
  rest: Partial<IndexOptions> = {},
): Promise<{ writer: IndexWriter; reader: IndexReader; options: IndexOptions }> {
  const options = newOptions(endpoint, rest);
  const { write: alias } = indexNames(options.stack);
  await createIndex(options);
  const writer = await openIndexWriter(options);
  const reader = await openIndexReader(options);
  return {
    options,
    reader,
    writer: {
      ...writer,
      async write(writes) {
        const results = await writer.write(writes);
        await request(endpoint, 'POST', `/${alias}/_refresh`);
        return results;
      },
      async close() {
        await writer.close();
        await removeIndex(options);
      },
    },
  };
}
