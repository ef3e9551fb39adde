import { createHash } from 'node:crypto';
import type { Document, Label } from '../../runtime/contract.ts';
import { KEY_CUT, MOST_FOLDERS } from './mapping.ts';

/** A document as OpenSearch gives it back. */
export interface Source extends Omit<Document, 'bucket' | 'labels'> {
  /** `Dog|97` */
  labels: string[];
  /** Those of them that were not detected themselves. */
  inherited?: string[];
}

/** What is stored besides to be found by, and never given back. */
interface Derived {
  names: string[];
  folders: string[];
  /** Of long keys only. */
  keyEnd?: string;
}

/**
 * 22 characters that stand for an image: an id has at most 512 bytes while keys reach 1,024. Two of a billion images share
 * one with a chance of 1.5e-21.
 */
export function documentId(bucket: string, key: string): string {
  return createHash('sha256').update(`${bucket}\0${key}`).digest().subarray(0, 16).toString('base64url');
}

export const labelToken = (name: string, confidence: number): string => `${name}|${confidence}`;

/** What a document is stored as; the members in one order, so that equal documents are equal texts. */
export function toSource(document: Document): Source & Derived {
  const { labels, reason, detail } = document;
  const [, keyEnd] = cutKey(document.key);
  const inherited = labels.filter((label) => label.inherited).map(({ name }) => name);
  return {
    key: document.key,
    etag: document.etag,
    size: document.size,
    lastModified: document.lastModified,
    state: document.state,
    ...(reason !== undefined && { reason }),
    ...(detail !== undefined && { detail }),
    labeling: document.labeling,
    seq: document.seq,
    observedAt: document.observedAt,
    run: document.run,
    row: document.row,
    labels: labels.map(({ name, confidence }) => labelToken(name, confidence)),
    ...(inherited.length > 0 && { inherited }),
    names: labels.map(({ name }) => name),
    folders: foldersOf(document.key),
    ...(keyEnd !== '' && { keyEnd }),
  };
}

export const toDocument = (source: Source, bucket: string): Document => ({
  ...withoutLabels(source, bucket),
  labels: labelsOf(source),
});

export function withoutLabels(source: Source, bucket: string): Omit<Document, 'labels'> {
  const { labels: _, inherited: __, ...rest } = source;
  return { bucket, ...rest };
}

export function labelsOf({ labels, inherited }: Pick<Source, 'labels' | 'inherited'>): Label[] {
  const isInherited = new Set(inherited);
  return labels.map((token) => {
    const bar = token.lastIndexOf('|');
    const name = token.slice(0, bar);
    const label: Label = { name, confidence: Number(token.slice(bar + 1)) };
    if (isInherited.has(name)) label.inherited = true;
    return label;
  });
}

/** A key, or a prefix of one, in two parts: the second is empty where it is not long. Never cuts a character. */
export function cutKey(key: string): [start: string, end: string] {
  const isPair = key.length > KEY_CUT && (key.codePointAt(KEY_CUT - 1) ?? 0) > 0xffff;
  const cut = isPair ? KEY_CUT - 1 : KEY_CUT;
  return [key.slice(0, cut), key.slice(cut)];
}

/** The folders that a key is in, each with its `/`, from the top: `a/b/c.jpg` is in `a/` and `a/b/`. */
function foldersOf(key: string): string[] {
  const folders: string[] = [];
  for (let at = key.indexOf('/'); at >= 0 && folders.length < MOST_FOLDERS; at = key.indexOf('/', at + 1)) {
    folders.push(key.slice(0, at + 1));
  }
  return folders;
}

/** Why this document can't be stored here, if it can't. */
export function refusal(
  document: Pick<Document, 'bucket'> & Partial<Document>,
  bucket: string,
): string | undefined {
  if (document.bucket !== bucket) return `bucket ${document.bucket} is not the index's own, ${bucket}`;
  const names = new Set<string>();
  for (const { name, confidence } of document.labels ?? []) {
    if (!Number.isInteger(confidence) || confidence < 0 || confidence > 100) {
      return `confidence ${confidence} of label ${JSON.stringify(name)} is no whole number from 0 to 100`;
    }
    if (names.has(name)) return `label ${JSON.stringify(name)} is there twice`;
    names.add(name);
  }
  return undefined;
}
