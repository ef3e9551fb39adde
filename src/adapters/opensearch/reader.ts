import type { DocumentState } from '../../runtime/contract.ts';
import type { IndexReader, IndexStats } from '../../runtime/ports.ts';
import { checkIndex } from './check-index.ts';
import { type IndexClient, type IndexOptions, openClient } from './client.ts';
import { toDocument } from './document.ts';
import { getDocuments } from './documents.ts';
import { indexNames } from './mapping.ts';
import { scan } from './scan.ts';
import { search } from './search.ts';
import { createVocabulary } from './vocabulary.ts';

/**
 * Opens the index of one bucket for reading. Single documents are read as they are; searches, counts and scans see what was
 * written up to the index's last refresh, a second ago at most while others search too.
 *
 * @throws RekbackError `index-missing`, `index-of-another-bucket`, `stack-newer`, and what `explain` names
 */
export async function openIndexReader(options: IndexOptions): Promise<IndexReader> {
  const { bucket } = options;
  const client = openClient(options, 'reading');
  const { read, write: all } = indexNames(options.stack);
  try {
    await checkIndex(client, read, bucket);
  } catch (error) {
    await client.close();
    throw error;
  }
  return {
    search: (request) => search(client, options, request),
    vocabulary: createVocabulary(client, read),
    async get(key) {
      const [found] = await getDocuments(client, all, bucket, [key]);
      return found && toDocument(found.source, bucket);
    },
    scan: (what) => scan(client, all, bucket, what),
    stats: () => stats(client, all),
    close: () => client.close(),
  };
}

async function stats(client: IndexClient, index: string): Promise<IndexStats> {
  const [counted, stored] = await Promise.all([
    client.ask({
      method: 'POST',
      path: `/${index}/_search`,
      body: { size: 0, aggs: { states: { terms: { field: 'state' } } } },
    }),
    client.ask({ method: 'GET', path: `/${index}/_stats/store` }),
  ]);
  const { aggregations } = counted as {
    aggregations: { states: { buckets: { key: DocumentState; doc_count: number }[] } };
  };
  const images = { indexed: 0, failed: 0, deleted: 0 };
  for (const { key, doc_count: count } of aggregations.states.buckets) images[key] = count;
  const { _all } = stored as { _all: { primaries: { store: { size_in_bytes: number } } } };
  return { images, bytes: _all.primaries.store.size_in_bytes };
}
