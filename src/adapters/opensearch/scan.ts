import type { Document } from '../../runtime/contract.ts';
import type { IndexReader } from '../../runtime/ports.ts';
import { ATTEMPTS, type IndexClient } from './client.ts';
import { below, type Filter } from './compile.ts';
import { type Source, toDocument } from './document.ts';
import { explain } from './errors.ts';

const BATCH = 1_000;

/** For as long as whoever reads may take with one batch; each asking prolongs it. */
const KEPT = '10m';

/**
 * All documents in the order of their keys, as they were when it began. The server holds that state as a point in time; where
 * it loses it (a node went, a reader was too slow), the scan goes on after the last key in the present state.
 */
export async function* scan(
  client: IndexClient,
  index: string,
  bucket: string,
  { states, prefix, after }: Parameters<IndexReader['scan']>[0],
): AsyncGenerator<Document[]> {
  if (states?.length === 0) return;
  const filter: Filter[] = [
    ...(states === undefined ? [] : [{ terms: { state: states } }]),
    ...(prefix ? [below(prefix)] : []),
  ];
  let pointInTime = await openPointInTime(client, index);
  /** Asks for what follows a key, in a new point in time where the present one does not answer. */
  const batchAfter = async (last: string | undefined): Promise<Document[]> => {
    for (let attempt = 1; ; attempt++) {
      const call = {
        method: 'POST',
        path: '/_search',
        body: {
          pit: { id: pointInTime, keep_alive: KEPT },
          size: BATCH,
          track_total_hits: false,
          query: { bool: { filter } },
          sort: [{ key: 'asc' }],
          ...(last !== undefined && { search_after: [last] }),
        },
      } as const;
      try {
        const answer = (await client.send(call)) as { hits: { hits: { _source: Source }[] } };
        return answer.hits.hits.map(({ _source }) => toDocument(_source, bucket));
      } catch (error) {
        if (attempt >= ATTEMPTS.reading) throw explain(error, client.host);
        await client.backOff(attempt);
        pointInTime = await openPointInTime(client, index);
      }
    }
  };
  try {
    let last = after;
    for (let isEnd = false; !isEnd; ) {
      const documents = await batchAfter(last);
      last = documents.at(-1)?.key;
      isEnd = documents.length < BATCH;
      if (documents.length > 0) yield documents;
    }
  } finally {
    // It would end by itself.
    await client
      .send({ method: 'DELETE', path: '/_search/point_in_time', body: { pit_id: [pointInTime] } })
      .catch(() => undefined);
  }
}

async function openPointInTime(client: IndexClient, index: string): Promise<string> {
  const answer = await client.ask({
    method: 'POST',
    path: `/${index}/_search/point_in_time`,
    query: { keep_alive: KEPT },
  });
  return (answer as { pit_id: string }).pit_id;
}
