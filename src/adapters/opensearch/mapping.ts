/**
 * What an index is made of. One mapping for OpenSearch 2.x and 3.x.
 *
 * A label is one keyword token with its confidence, `Dog|97`: a least confidence is a set of exact terms. Numeric fields per
 * label would explode the mapping, nested documents would be twenty times as many.
 */

/** Raised when an older rekback could no longer read what this one writes. */
export const INDEX_FORMAT = 1;

/** Folders of a key that are kept, from the top: a key of 1,024 slashes must not become half a million bytes. */
export const MOST_FOLDERS = 16;

/**
 * Where a long key is cut in two, in UTF-16 units: the automaton that Lucene makes of a prefix has a state per byte and at most
 * 1,000, while keys reach 1,024 bytes.
 */
export const KEY_CUT = 256;

/** OpenSearch advises 10–30 GB a shard; at about 600 bytes a document this is 18 GB. */
const IMAGES_PER_SHARD = 30_000_000;

export interface IndexNames {
  /** For whoever searches, Dashboards too: hides the tombstones. */
  read: string;
  /** All documents. */
  write: string;
  /** The index of that version. */
  version(number: number): string;
  /** The version of an index of this stack; undefined for the name of anything else. */
  versionOf(index: string): number | undefined;
}

/**
 * Names of a stack's index. No name of one stack is ever one of another's on the same server: a stack's name has no `_`, and
 * `rekback-a-v1` is no version of a stack `a-v1`.
 */
export function indexNames(stack: string): IndexNames {
  const name = `rekback-${stack}`;
  return {
    read: `${name}_read`,
    write: `${name}_write`,
    version: (number) => `${name}-v${number}`,
    versionOf(index) {
      const digits = index.startsWith(`${name}-v`) ? index.slice(name.length + 2) : '';
      return /^[1-9]\d*$/.test(digits) ? Number(digits) : undefined;
    },
  };
}

/** Makes the read alias hide tombstones, whoever asks. */
export const NOT_DELETED = { bool: { must_not: [{ term: { state: 'deleted' } }] } };

const keyword = { type: 'keyword' };
/** Found by its exact value, never sorted or counted by. */
const term = { type: 'keyword', doc_values: false };
/** Only given back. */
const storedText = { type: 'keyword', index: false, doc_values: false };
const storedNumber = { type: 'long', index: false, doc_values: false };

/**
 * The body that an index is made with.
 *
 * No refresh interval: a shard that nobody searches is not refreshed at all, which is best for a backfill, and a search of
 * such a shard waits for a refresh.
 *
 * @param options.images - how many are expected, for the number of shards
 * @param options.codec - undefined for the engine's own
 */
export function indexDefinition(options: { bucket: string; images?: number; codec?: string | undefined }) {
  return {
    settings: {
      number_of_shards: Math.max(1, Math.ceil((options.images ?? 0) / IMAGES_PER_SHARD)),
      // A copy as soon as there is a second node.
      auto_expand_replicas: '0-1',
      ...(options.codec !== undefined && { 'index.codec': options.codec }),
    },
    mappings: {
      _meta: { rekback: { format: INDEX_FORMAT, bucket: options.bucket } },
      dynamic: 'strict',
      // What follows from the other fields need not be kept twice. Nothing here uses `_update` or `_reindex`.
      _source: { excludes: ['names', 'folders', 'keyEnd'] },
      properties: {
        key: keyword,
        folders: term,
        keyEnd: term,
        labels: term,
        names: keyword,
        inherited: storedText,
        state: keyword,
        reason: keyword,
        detail: storedText,
        etag: term,
        size: { type: 'long', index: false },
        lastModified: { type: 'date', format: 'epoch_millis' },
        labeling: keyword,
        seq: storedText,
        observedAt: storedNumber,
        run: keyword,
        row: storedNumber,
      },
    },
  };
}
