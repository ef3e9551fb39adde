import type { Vocabulary } from '../../runtime/query/tree.ts';
import type { IndexClient } from './client.ts';

/** search.max_buckets is 65,535. */
const MOST_BUCKETS = 65_000;

/** An answer is used again for so many times as long as it took: milliseconds for a small index, minutes for a huge one. */
const WORTH = 20;

interface Answer {
  aggregations: { names: { sum_other_doc_count: number; buckets: { key: string; doc_count: number }[] } };
}

/** Every label of the images that are labelled, with their number; kept for a time in proportion to what asking costs. */
export function createVocabulary(client: IndexClient, index: string): () => Promise<Vocabulary> {
  let kept: { vocabulary: Vocabulary; until: number } | undefined;
  return async () => {
    if (kept !== undefined && performance.now() < kept.until) return kept.vocabulary;
    const start = performance.now();
    const vocabulary = await readVocabulary(client, index);
    const end = performance.now();
    kept = { vocabulary, until: end + (end - start) * WORTH };
    return vocabulary;
  };
}

async function readVocabulary(client: IndexClient, index: string): Promise<Vocabulary> {
  for (let partitions = 1; ; partitions *= 4) {
    const vocabulary = new Map<string, number>();
    let isWhole = true;
    for (let partition = 0; partition < partitions && isWhole; partition++) {
      const include = partitions === 1 ? {} : { include: { partition, num_partitions: partitions } };
      const { aggregations } = (await client.ask({
        method: 'POST',
        path: `/${index}/_search`,
        body: {
          size: 0,
          query: { term: { state: 'indexed' } },
          aggs: { names: { terms: { field: 'names', size: MOST_BUCKETS, ...include } } },
        },
      })) as Answer;
      for (const { key, doc_count: images } of aggregations.names.buckets) vocabulary.set(key, images);
      isWhole = aggregations.names.sum_other_doc_count === 0;
    }
    if (isWhole) return vocabulary;
  }
}
