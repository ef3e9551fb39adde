import { existsSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type Libsql from 'libsql';
import { RekbackError, SystemicError } from '../../runtime/errors.ts';
import { indexUnreadable, translateError } from './errors.ts';
import { APPLICATION_ID, SCHEMA, SCHEMA_VERSION } from './schema.ts';

/** How long a call waits for another process's write. The longest measured, a merge into a full segment, took 1 s. */
const BUSY_MS = 30_000;

/** Measured: look-ups are a third faster than with SQLite's default of 4 KB; the rest is the same from 4 to 32 KB. */
const PAGE_BYTES = 8_192;

/** Measured: a wildcard of 100 labels takes a quarter less time through a mapping than through SQLite's own cache. */
const MAPPED_BYTES = 2 ** 31 - 65_536;

export type Value = string | number | null | Uint8Array;
/** Each blob is alone in its buffer, from the start, so that it can be viewed as wider numbers and be written to. */
export type Row = readonly (string | number | null | Uint8Array<ArrayBuffer>)[];

/**
 * One open database. The statements of each SQL text are prepared once; everything is synchronous, and errors of the
 * driver are translated where a transaction ends.
 */
export interface Connection {
  readonly file: string;
  row(sql: string, ...values: Value[]): Row | undefined;
  rows(sql: string, ...values: Value[]): Iterable<Row>;
  run(sql: string, ...values: Value[]): void;
  /** All or nothing for a write, one snapshot for a read. Not nestable. */
  transaction<T>(mode: 'read' | 'write', body: () => T): T;
  close(): void;
}

/**
 * Opens the index of one bucket; a writer makes the file where there is none.
 *
 * Throws `index-missing` (a reader without a file), `index-unreadable`, `stack-newer`, `index-of-another-bucket` and
 * what `translateError` names.
 */
export async function openConnection(
  file: string,
  options: { bucket: string; readOnly: boolean },
): Promise<Connection> {
  if (options.readOnly && !existsSync(file)) throw indexMissing(file);
  const { default: Database } = await import('libsql');
  const database = attempt(file, () => new Database(options.readOnly ? readOnlyUri(file) : file));
  const connection = connect(database, file);
  try {
    attempt(file, () => {
      database.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
      if (options.readOnly) {
        database.exec(`PRAGMA mmap_size = ${MAPPED_BYTES}`);
        return;
      }
      if (!isEmpty(connection)) checkFormat(connection);
      database.exec(
        `PRAGMA page_size = ${PAGE_BYTES}; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -32768`,
      );
      database.exec('PRAGMA journal_mode = WAL');
    });
    if (!options.readOnly) {
      connection.transaction('write', () => {
        if (!isEmpty(connection)) {
          // SQLite opens a file that it may only read without a word; better to fail here than after the labels were paid.
          connection.run(`UPDATE meta SET value = value WHERE name = 'generation'`);
          return;
        }
        database.exec(SCHEMA);
        connection.run(`INSERT INTO meta VALUES ('bucket', ?), ('generation', 0)`, options.bucket);
      });
    }
    connection.transaction('read', () => {
      if (isEmpty(connection)) throw indexMissing(file);
      checkFormat(connection);
      checkBucket(connection, options.bucket);
    });
  } catch (error) {
    connection.close();
    throw error;
  }
  return connection;
}

function connect(database: Libsql.Database, file: string): Connection {
  const statements = new Map<string, Libsql.Statement>();
  const prepare = (sql: string): Libsql.Statement => {
    let statement = statements.get(sql);
    if (!statement) {
      statement = database.prepare(sql);
      if (statement.reader) statement.raw();
      statements.set(sql, statement);
    }
    return statement;
  };
  return {
    file,
    // The driver takes values as one array; anything else it flattens first, at a price per call.
    row: (sql, ...values) => prepare(sql).get(values) as Row | undefined,
    rows: (sql, ...values) => prepare(sql).iterate(values) as Iterable<Row>,
    run: (sql, ...values) => {
      prepare(sql).run(values);
    },
    transaction: (mode, body) =>
      attempt(file, () => {
        database.exec(mode === 'write' ? 'BEGIN IMMEDIATE' : 'BEGIN');
        try {
          const result = body();
          database.exec('COMMIT');
          return result;
        } catch (error) {
          // Some failures (a full disk) have rolled back already; a second error would hide the first.
          if (database.inTransaction) database.exec('ROLLBACK');
          throw error;
        }
      }),
    close: () => {
      statements.clear();
      database.close();
    },
  };
}

function attempt<T>(file: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    throw translateError(error, file);
  }
}

/** The driver has no option for it, but passes SQLite's URI names on. */
function readOnlyUri(file: string): string {
  return `${pathToFileURL(file).href}?mode=ro`;
}

/** True of a file that nothing was written to yet, as it is while another process creates the index. */
function isEmpty(connection: Connection): boolean {
  return connection.row('SELECT count(*) FROM sqlite_schema')?.[0] === 0;
}

function checkFormat(connection: Connection): void {
  const { file } = connection;
  if (connection.row('PRAGMA application_id')?.[0] !== APPLICATION_ID) {
    throw indexUnreadable(file, 'is no index of rekback');
  }
  const version = Number(connection.row('PRAGMA user_version')?.[0]);
  if (version > SCHEMA_VERSION) {
    throw new SystemicError(
      'stack-newer',
      `the index ${file} has version ${version}, newer than ${SCHEMA_VERSION}, the newest that this rekback knows`,
      { suggestions: ['npm install -g rekback@latest'] },
    );
  }
}

function checkBucket(connection: Connection, bucket: string): void {
  const stored = connection.row(`SELECT value FROM meta WHERE name = 'bucket'`)?.[0];
  if (stored !== bucket) {
    throw new SystemicError(
      'index-of-another-bucket',
      `the index ${connection.file} is of ${stored}, not ${bucket}`,
    );
  }
}

function indexMissing(file: string): RekbackError {
  return new RekbackError('index-missing', `there is no index at '${file}'`, {
    suggestions: ['make it again from the archived labels: rekback index rebuild'],
  });
}
