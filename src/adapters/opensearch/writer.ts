import type { Document } from '../../runtime/contract.ts';
import type { IndexWrite, IndexWriter, WriteResult } from '../../runtime/ports.ts';
import { type BulkItem, createBulk } from './bulk.ts';
import { checkIndex } from './check-index.ts';
import { type IndexClient, type IndexOptions, openClient } from './client.ts';
import {
  documentId,
  labelsOf,
  refusal,
  type Source,
  toDocument,
  toSource,
  withoutLabels,
} from './document.ts';
import { fromVersion, getDocuments } from './documents.ts';
import { indexNames } from './mapping.ts';

/**
 * Opens the index of one bucket for writing. Several processes may write at once: each write compares before it sets.
 * @throws RekbackError `index-missing`, `index-of-another-bucket`, `stack-newer`, and what `explain` names
 */
export async function openIndexWriter(options: IndexOptions): Promise<IndexWriter> {
  const client = openClient(options, 'writing');
  const { write: alias } = indexNames(options.stack);
  try {
    await checkIndex(client, alias, options.bucket);
  } catch (error) {
    await client.close();
    throw error;
  }
  return createWriter(client, alias, { bucket: options.bucket, isAlias: true });
}

/** The writer of an alias, or of an index that no alias names yet. Closes the client with itself. */
export function createWriter(
  client: IndexClient,
  index: string,
  { bucket, isAlias }: { bucket: string; isAlias: boolean },
): IndexWriter {
  const bulk = createBulk(client, index, { isAlias });
  const lookUp = (keys: readonly string[]) => getDocuments(client, index, bucket, keys);
  let hasWritten = false;

  /** At most one write of each key. */
  async function writeRound(writes: readonly IndexWrite[]): Promise<WriteResult[]> {
    const results = new Array<WriteResult>(writes.length);
    const whole = await complete(writes);
    const items: (BulkItem & { at: number; document: Document })[] = [];
    writes.forEach(({ document, expected }, at) => {
      const wanted = whole[at];
      const condition = expected === undefined ? {} : fromVersion(expected);
      const detail = refusal(document, bucket);
      if (wanted === 'conflict' || condition === undefined) results[at] = { result: 'conflict' };
      else if (wanted === undefined || detail !== undefined) {
        results[at] = { result: 'refused', detail: detail ?? 'a new document without labels' };
      } else {
        const id = documentId(bucket, wanted.key);
        const action =
          expected === undefined ? { create: { _id: id } } : { index: { _id: id, ...condition } };
        const lines = `${JSON.stringify(action)}\n${JSON.stringify(toSource(wanted))}\n`;
        items.push({ id, lines, at, document: wanted });
      }
    });
    if (items.length === 0) return results;
    hasWritten = true;
    const answers = await bulk.write(items);
    const unsure = items.filter((_, at) => answers[at]?.result === 'maybe');
    const present = unsure.length === 0 ? [] : await lookUp(unsure.map(({ document }) => document.key));
    items.forEach(({ at, document }, position) => {
      const answer = answers[position] ?? { result: 'conflict' };
      if (answer.result === 'refused') results[at] = answer;
      else if (answer.result !== 'maybe') results[at] = { result: answer.result };
      else {
        const now = present[unsure.findIndex((each) => each.at === at)];
        results[at] = {
          result:
            now !== undefined && isSame(toDocument(now.source, bucket), document) ? 'written' : 'conflict',
        };
      }
    });
    return results;
  }

  /** Documents with labels, those that the index has where a write brings none. Undefined: there are none. */
  async function complete(writes: readonly IndexWrite[]): Promise<(Document | 'conflict' | undefined)[]> {
    const bare = writes.filter(({ document }) => document.labels === undefined && document.bucket === bucket);
    const found = bare.length === 0 ? [] : await lookUp(bare.map(({ document }) => document.key));
    const present = new Map(bare.map((write, at) => [write, found[at]]));
    return writes.map((write) => {
      const { document, expected } = write;
      const { labels } = document;
      if (labels !== undefined) return { ...document, labels };
      const before = present.get(write);
      if (before?.version !== expected) return 'conflict';
      return before && { ...document, labels: labelsOf(before.source) };
    });
  }

  return {
    lookUp: async (keys) =>
      (await lookUp(keys)).map(
        (found) => found && { version: found.version, document: withoutLabels(found.source, bucket) },
      ),

    async findByEtag(etag) {
      const answer = (await client.ask({
        method: 'POST',
        path: `/${index}/_search`,
        body: {
          size: 1,
          track_total_hits: false,
          query: { bool: { filter: [{ term: { etag } }, { term: { state: 'indexed' } }] } },
        },
      })) as { hits: { hits: { _source: Source }[] } };
      const hit = answer.hits.hits[0];
      return hit && toDocument(hit._source, bucket);
    },

    async write(writes) {
      const results: WriteResult[] = [];
      for (const round of rounds(writes)) {
        const answers = await writeRound(round.map(({ write }) => write));
        round.forEach(({ at }, position) => {
          results[at] = answers[position] ?? { result: 'conflict' };
        });
      }
      return results;
    },

    async close() {
      // So that whoever searches next finds it all; what was written is safe without.
      if (hasWritten)
        await client.send({ method: 'POST', path: `/${index}/_refresh` }).catch(() => undefined);
      await client.close();
    },
  };
}

/** A second write of one key has to see what the first one did. */
function rounds(writes: readonly IndexWrite[]): { write: IndexWrite; at: number }[][] {
  const result: { write: IndexWrite; at: number }[][] = [];
  const times = new Map<string, number>();
  writes.forEach((write, at) => {
    const { key } = write.document;
    const round = times.get(key) ?? 0;
    times.set(key, round + 1);
    const items = result[round] ?? [];
    result[round] = items;
    items.push({ write, at });
  });
  return result;
}

const isSame = (a: Document, b: Document): boolean =>
  JSON.stringify(toSource(a)) === JSON.stringify(toSource(b));
