import type { IndexWrite, IndexWriter, WriteResult } from '../../runtime/ports.ts';
import { type Connection, openConnection } from './connection.ts';
import {
  DOCUMENT_COLUMNS,
  type DocumentNames,
  INDEXED,
  insertImage,
  lookUpKeys,
  packLabels,
  refuseLabels,
  type StoredImage,
  stateCode,
  toDocument,
  updateImage,
} from './documents.ts';
import { nameTable } from './names.ts';
import { type AppendedRow, DEFAULT_LIMITS, type SegmentLimits, SegmentSet } from './segment-set.ts';

/** What `images` holds for a key before the transaction. */
interface Present {
  row: number;
  version: number;
  state: number;
  labels: Uint8Array;
}

/** A key's last accepted write within one call. */
interface Change {
  document: IndexWrite['document'];
  /** Packed; of this write or, where it brings none, those that the key had. */
  labels: Uint8Array;
  version: number;
  present: Present | undefined;
}

/**
 * Opens the index of one bucket for writing and makes it where there is none. Several processes may write at once:
 * each call of `write` is one transaction, and they wait for one another.
 */
export async function openIndexWriter(
  file: string,
  options: { bucket: string; limits?: SegmentLimits },
): Promise<IndexWriter> {
  const connection = await openConnection(file, { bucket: options.bucket, readOnly: false });
  const names: DocumentNames = {
    labels: nameTable(connection, 'labels'),
    names: nameTable(connection, 'names'),
  };
  const limits = options.limits ?? DEFAULT_LIMITS;
  return {
    lookUp: async (keys) =>
      connection.transaction('read', () => lookUpKeys(connection, options.bucket, keys, names)),
    findByEtag: async (etag) =>
      connection.transaction('read', () => {
        const columns = connection.row(
          `SELECT ${DOCUMENT_COLUMNS} FROM images i INDEXED BY images_etag WHERE i.etag = ? AND i.state = 0 LIMIT 1`,
          etag,
        );
        return columns && toDocument(columns, options.bucket, names);
      }),
    write: async (writes) => {
      try {
        return connection.transaction('write', () =>
          write(connection, options.bucket, names, limits, writes),
        );
      } catch (error) {
        names.labels.forget();
        names.names.forget();
        throw error;
      }
    },
    close: async () => {
      try {
        // Leaves readers a file without a log to replay.
        connection.row('PRAGMA wal_checkpoint(TRUNCATE)');
      } catch {
        // The log is as good a place for what was written; a full disk has been reported by the write that met it.
      } finally {
        connection.close();
      }
    },
  };
}

function write(
  connection: Connection,
  bucket: string,
  names: DocumentNames,
  limits: SegmentLimits,
  writes: readonly IndexWrite[],
): WriteResult[] {
  const present = readPresent(connection, writes);
  const changes = new Map<string, Change>();
  const results = writes.map(({ document, expected }): WriteResult => {
    const { key } = document;
    const before = present.get(key);
    const now = changes.get(key) ?? before;
    if (expected !== (now && String(now.version))) return { result: 'conflict' };
    const refusal = refuse(document, bucket, now !== undefined);
    if (refusal !== undefined) return { result: 'refused', detail: refusal };
    const labels = document.labels ? packLabels(document.labels, names.labels) : now?.labels;
    changes.set(key, {
      document,
      labels: labels ?? new Uint8Array(),
      version: (now?.version ?? 0) + 1,
      present: before,
    });
    return { result: 'written' };
  });
  if (changes.size > 0) apply(connection, names, limits, [...changes.values()]);
  return results;
}

function refuse(document: IndexWrite['document'], bucket: string, isKnown: boolean): string | undefined {
  const { labels } = document;
  if (document.bucket !== bucket) return `bucket ${document.bucket} is not the index's own, ${bucket}`;
  if (!labels) return isKnown ? undefined : 'a new document without labels';
  return refuseLabels(labels);
}

function readPresent(connection: Connection, writes: readonly IndexWrite[]): Map<string, Present> {
  const present = new Map<string, Present>();
  const keys = JSON.stringify(writes.map(({ document }) => document.key));
  for (const [at, row, version, state, labels] of connection.rows(
    `SELECT k.key, i.row, i.version, i.state, i.labels FROM json_each(?) k CROSS JOIN images i ON i.key = k.value`,
    keys,
  )) {
    const key = writes[Number(at)]?.document.key ?? '';
    present.set(key, {
      row: Number(row),
      version: Number(version),
      state: Number(state),
      labels: labels as Uint8Array,
    });
  }
  return present;
}

function apply(
  connection: Connection,
  names: DocumentNames,
  limits: SegmentLimits,
  changes: readonly Change[],
): void {
  const segments = new SegmentSet(connection, limits);
  const counts = new Counts();
  const appended: AppendedRow[] = [];
  let indexedRow = segments.nextRow;
  let otherRow = Math.min(0, Number(connection.row('SELECT min(row) FROM images')?.[0] ?? 0)) - 1;

  for (const { document, labels, version, present } of changes) {
    const state = stateCode(document.state);
    const image: StoredImage = {
      row: 0,
      version,
      document,
      labeling: names.names.id(document.labeling),
      run: names.names.id(document.run),
      labels,
    };
    if (present && present.state === state && Buffer.compare(present.labels, labels) === 0) {
      updateImage(connection, { ...image, row: present.row });
      continue;
    }
    counts.move(present, { state, labels });
    const keepsRow = present && present.state !== INDEXED && state !== INDEXED;
    if (keepsRow) {
      updateImage(connection, { ...image, row: present.row });
      continue;
    }
    if (present) {
      connection.run('DELETE FROM images WHERE row = ?', present.row);
      if (present.state === INDEXED) segments.kill(present.row);
    }
    image.row = state === INDEXED ? indexedRow++ : otherRow--;
    insertImage(connection, image);
    if (state === INDEXED) appended.push({ row: image.row, labels: new Uint32Array(labels.buffer) });
  }

  if (appended.length > 0) segments.append(appended);
  segments.settle();
  counts.store(connection);
  if (segments.changed) connection.run(`UPDATE meta SET value = value + 1 WHERE name = 'generation'`);
}

/** What a transaction adds to the number of images in each state and with each label. */
class Counts {
  readonly #states = [0, 0, 0];
  readonly #labels = new Map<number, number>();

  move(
    from: { state: number; labels: Uint8Array } | undefined,
    to: { state: number; labels: Uint8Array },
  ): void {
    if (from) this.#add(from, -1);
    this.#add(to, 1);
  }

  #add({ state, labels }: { state: number; labels: Uint8Array }, change: 1 | -1): void {
    this.#states[state] = (this.#states[state] ?? 0) + change;
    if (state !== INDEXED) return;
    for (const packed of new Uint32Array(labels.buffer)) {
      const id = packed >>> 8;
      this.#labels.set(id, (this.#labels.get(id) ?? 0) + change);
    }
  }

  store(connection: Connection): void {
    for (const [state, change] of this.#states.entries()) {
      if (change !== 0) connection.run('UPDATE states SET count = count + ? WHERE state = ?', change, state);
    }
    const labels = [...this.#labels].filter(([, change]) => change !== 0).sort(([a], [b]) => a - b);
    if (labels.length === 0) return;
    connection.run(
      'UPDATE labels SET count = count + (j.value ->> 1) FROM json_each(?) j WHERE labels.id = (j.value ->> 0)',
      JSON.stringify(labels),
    );
  }
}
