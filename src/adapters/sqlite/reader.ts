import { statSync } from 'node:fs';
import type { DocumentState } from '../../runtime/contract.ts';
import type { IndexReader } from '../../runtime/ports.ts';
import { type Connection, openConnection } from './connection.ts';
import { DOCUMENT_COLUMNS, type DocumentNames, STATES, stateCode, toDocument } from './documents.ts';
import { prefixEnd } from './key-prefix.ts';
import { nameTable } from './names.ts';
import { Searcher } from './search.ts';

/** Documents of one step of a scan. */
const SCAN_BATCH = 1_000;

/** Opens the index of one bucket for reading, also while others write: every call sees one state of it. */
export async function openIndexReader(file: string, options: { bucket: string }): Promise<IndexReader> {
  const { bucket } = options;
  const connection = await openConnection(file, { bucket, readOnly: true });
  const names: DocumentNames = {
    labels: nameTable(connection, 'labels'),
    names: nameTable(connection, 'names'),
  };
  const searcher = new Searcher(connection, bucket, names);
  return {
    search: async (request) => connection.transaction('read', () => searcher.search(request)),
    vocabulary: async () =>
      connection.transaction('read', () => {
        const json = connection.row(
          'SELECT json_group_array(json_array(name, count)) FROM labels WHERE count > 0',
        )?.[0];
        return new Map(JSON.parse(json as string) as [string, number][]);
      }),
    get: async (key) =>
      connection.transaction('read', () => {
        const columns = connection.row(`SELECT ${DOCUMENT_COLUMNS} FROM images i WHERE i.key = ?`, key);
        return columns && toDocument(columns, bucket, names);
      }),
    scan: (options) => scan(connection, bucket, names, options),
    stats: async () => ({
      images: countStates(connection),
      bytes: fileBytes(file) + fileBytes(`${file}-wal`),
    }),
    close: async () => connection.close(),
  };
}

/** Each batch is a snapshot of its own, so that a long scan never holds up the log of a writer. */
async function* scan(
  connection: Connection,
  bucket: string,
  names: DocumentNames,
  options: Parameters<IndexReader['scan']>[0],
): ReturnType<IndexReader['scan']> {
  const states = (options.states ?? STATES).map(stateCode);
  if (states.length === 0) return;
  // Only the partial index makes the few failed among a million indexed images quick to find.
  const index = states.includes(0) ? '' : 'INDEXED BY images_without_labels';
  const end = options.prefix ? prefixEnd(options.prefix) : undefined;
  let after = options.after;
  for (;;) {
    const where = [`i.state IN (${states.join(', ')})`];
    const values: string[] = [];
    if (!states.includes(0)) where.push('i.state <> 0');
    if (options.prefix) {
      where.push('i.key >= ?');
      values.push(options.prefix);
    }
    if (end !== undefined) {
      where.push('i.key < ?');
      values.push(end);
    }
    if (after !== undefined) {
      where.push('i.key > ?');
      values.push(after);
    }
    const sql = `SELECT ${DOCUMENT_COLUMNS} FROM images i ${index} WHERE ${where.join(' AND ')}
      ORDER BY i.key LIMIT ${SCAN_BATCH}`;
    const batch = connection.transaction('read', () => {
      const documents = [];
      for (const columns of connection.rows(sql, ...values))
        documents.push(toDocument(columns, bucket, names));
      return documents;
    });
    if (batch.length > 0) yield batch;
    if (batch.length < SCAN_BATCH) return;
    after = batch.at(-1)?.key;
  }
}

function countStates(connection: Connection): Record<DocumentState, number> {
  const counts = { indexed: 0, failed: 0, deleted: 0 };
  connection.transaction('read', () => {
    for (const [state, count] of connection.rows('SELECT state, count FROM states')) {
      const name = STATES[Number(state)];
      if (name) counts[name] = Number(count);
    }
  });
  return counts;
}

function fileBytes(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
