/** Raised with every change of the tables below; kept in the file as `user_version`. */
export const SCHEMA_VERSION = 1;

/** `rkbk` in ASCII: tells an index from any other SQLite file. */
export const APPLICATION_ID = 0x726b626b;

/**
 * Rows of indexed images count up from 1 and postings refer to them; failed and deleted images have no postings and
 * rows that count down from −1, so that they leave no holes between the others.
 *
 * A segment is an immutable inverted index of the rows [first, first + span): one posting list per label, in
 * `postings` under `segment * 2^24 + label`. What an image carries never changes under its row: the image gets a new
 * row, and the old one is cleared in the segment's `live` bitmap (null: all are live).
 *
 * Every number is bound as a float by the driver, so every numeric column says INTEGER.
 */
export const SCHEMA = `
CREATE TABLE meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE images (
  row INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE COLLATE BINARY,
  version INTEGER NOT NULL,
  state INTEGER NOT NULL,
  etag TEXT NOT NULL,
  size INTEGER NOT NULL,
  last_modified INTEGER NOT NULL,
  labeling INTEGER NOT NULL,
  observed_at INTEGER NOT NULL,
  run INTEGER NOT NULL,
  run_row INTEGER NOT NULL,
  seq TEXT NOT NULL,
  reason TEXT,
  detail TEXT,
  labels BLOB NOT NULL
);
CREATE INDEX images_etag ON images (etag) WHERE state = 0;
CREATE INDEX images_without_labels ON images (key) WHERE state <> 0;
CREATE TABLE states (state INTEGER PRIMARY KEY, count INTEGER NOT NULL);
INSERT INTO states VALUES (0, 0), (1, 0), (2, 0);
CREATE TABLE labels (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, count INTEGER NOT NULL DEFAULT 0);
CREATE TABLE names (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE segments (
  id INTEGER PRIMARY KEY,
  first INTEGER NOT NULL,
  span INTEGER NOT NULL,
  count INTEGER NOT NULL,
  live BLOB
);
CREATE TABLE key_orders (segment INTEGER PRIMARY KEY, offsets BLOB NOT NULL);
CREATE TABLE postings (id INTEGER PRIMARY KEY, entries BLOB NOT NULL);
PRAGMA application_id = ${APPLICATION_ID};
PRAGMA user_version = ${SCHEMA_VERSION};
`;
