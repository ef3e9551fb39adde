import type { Document, DocumentState, Label, RefusalReason } from '../../runtime/contract.ts';
import type { IndexWrite, Known } from '../../runtime/ports.ts';
import type { Connection } from './connection.ts';
import type { NameTable } from './names.ts';

export const STATES = ['indexed', 'failed', 'deleted'] as const satisfies readonly DocumentState[];
export const INDEXED = 0;

export function stateCode(state: DocumentState): number {
  return STATES.indexOf(state);
}

/** Order of the columns that `FIELDS` makes one JSON array of. */
type Fields = [
  version: number,
  state: number,
  etag: string,
  size: number,
  lastModified: number,
  labeling: number,
  observedAt: number,
  run: number,
  row: number,
  seq: string,
  reason: RefusalReason | null,
  detail: string | null,
];

/**
 * One JSON text instead of twelve columns: each value that crosses from the driver costs about 1 µs, and the driver cuts a text
 * at a NUL, which JSON escapes.
 */
const FIELDS = `json_array(i.version, i.state, i.etag, i.size, i.last_modified, i.labeling, i.observed_at, i.run,
  i.run_row, i.seq, i.reason, i.detail)`;

/** For one image: columns `fields`, `labels` and `key`, of `images i`. */
export const DOCUMENT_COLUMNS = `${FIELDS}, i.labels, json_quote(i.key)`;

/** The tables that a document's interned texts are in. */
export interface DocumentNames {
  labels: NameTable;
  /** Labelings and runs. */
  names: NameTable;
}

/** A document from the columns of `DOCUMENT_COLUMNS`. */
export function toDocument(columns: readonly unknown[], bucket: string, names: DocumentNames): Document {
  const [fields, labels, key] = columns as [string, Uint8Array<ArrayBuffer>, string];
  const { document } = toKnown(JSON.parse(fields) as Fields, bucket, JSON.parse(key) as string, names);
  return { ...document, labels: unpackLabels(labels, names.labels) };
}

function toKnown(fields: Fields, bucket: string, key: string, { names }: DocumentNames): Known {
  const [version, state, etag, size, lastModified, labeling, observedAt, run, row, seq, reason, detail] =
    fields;
  const document: Known['document'] = {
    bucket,
    key,
    etag,
    size,
    lastModified,
    state: STATES[state] ?? 'failed',
    labeling: names.name(labeling),
    seq,
    observedAt,
    run: names.name(run),
    row,
  };
  if (reason !== null) document.reason = reason;
  if (detail !== null) document.detail = detail;
  return { version: String(version), document };
}

/** What is known of each key, in their order; one statement whatever their number. */
export function lookUpKeys(
  connection: Connection,
  bucket: string,
  keys: readonly string[],
  names: DocumentNames,
): (Known | undefined)[] {
  const found = new Array<Known | undefined>(keys.length).fill(undefined);
  const json = connection.row(
    `SELECT json_group_array(json_array(k.key, ${FIELDS}))
     FROM json_each(?) k CROSS JOIN images i ON i.key = k.value`,
    JSON.stringify(keys),
  )?.[0] as string;
  for (const [at, fields] of JSON.parse(json) as [number, Fields][]) {
    found[at] = toKnown(fields, bucket, keys[at] as string, names);
  }
  return found;
}

export function insertImage(connection: Connection, image: StoredImage): void {
  connection.run(
    'INSERT INTO images VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)',
    image.row,
    image.document.key,
    ...columnsOf(image),
  );
}

/** Everything but the row and the key. */
export function updateImage(connection: Connection, image: StoredImage): void {
  connection.run(
    `UPDATE images SET version = ?, state = ?, etag = ?, size = ?, last_modified = ?, labeling = ?, observed_at = ?,
     run = ?, run_row = ?, seq = ?, reason = ?, detail = ?, labels = ? WHERE row = ?`,
    ...columnsOf(image),
    image.row,
  );
}

/** A document as the next transaction will store it. */
export interface StoredImage {
  row: number;
  version: number;
  document: Omit<IndexWrite['document'], 'labels'>;
  labeling: number;
  run: number;
  labels: Uint8Array;
}

function columnsOf({ version, document, labeling, run, labels }: StoredImage) {
  return [
    version,
    stateCode(document.state),
    document.etag,
    document.size,
    document.lastModified,
    labeling,
    document.observedAt,
    run,
    document.row,
    document.seq,
    document.reason ?? null,
    document.detail ?? null,
    labels,
  ] as const;
}

/** Four bytes per label: its id in 24 bits, `inherited` in one, the confidence in seven. */
export function packLabels(labels: readonly Label[], table: NameTable): Uint8Array {
  const packed = new Uint32Array(labels.length);
  for (const [i, label] of labels.entries()) {
    packed[i] = table.id(label.name) * 256 + (label.inherited ? 128 : 0) + label.confidence;
  }
  return new Uint8Array(packed.buffer);
}

function unpackLabels(blob: Uint8Array<ArrayBuffer>, table: NameTable): Label[] {
  const labels: Label[] = [];
  for (const packed of new Uint32Array(blob.buffer)) {
    const label: Label = { name: table.name(packed >>> 8), confidence: packed & 127 };
    if (packed & 128) label.inherited = true;
    labels.push(label);
  }
  return labels;
}

/** Why these labels can't be stored, if they can't: the packing above, and one value per label and row. */
export function refuseLabels(labels: readonly Label[]): string | undefined {
  const names = new Set<string>();
  for (const { name, confidence } of labels) {
    if (!Number.isInteger(confidence) || confidence < 0 || confidence > 100) {
      return `confidence ${confidence} of label ${JSON.stringify(name)} is no whole number from 0 to 100`;
    }
    if (names.has(name)) return `label ${JSON.stringify(name)} is there twice`;
    names.add(name);
  }
  return undefined;
}
