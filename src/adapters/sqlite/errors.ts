import { RekbackError, RetryableError, SystemicError } from '../../runtime/errors.ts';

/** Primary result codes of SQLite (https://sqlite.org/rescode.html); the extended codes add a higher byte. */
const SQLITE_PERM = 3;
const SQLITE_BUSY = 5;
const SQLITE_LOCKED = 6;
const SQLITE_READONLY = 8;
const SQLITE_IOERR = 10;
const SQLITE_CORRUPT = 11;
const SQLITE_FULL = 13;
const SQLITE_CANTOPEN = 14;
const SQLITE_NOTADB = 26;
/** An extended code: no room for the shared memory beside the file, which readers need too. */
const SQLITE_IOERR_SHMSIZE = 4_874;

/** libsql names the code of a failed open only in its text: `ConnectionFailed("… /x/index.db: 14")`. */
const IN_TEXT = /: (\d+)"?\)?$/;

function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined;
  if ('rawCode' in error && typeof error.rawCode === 'number') {
    return error.rawCode === SQLITE_IOERR_SHMSIZE ? SQLITE_FULL : error.rawCode & 0xff;
  }
  const text = IN_TEXT.exec(error.message);
  return text ? Number(text[1]) & 0xff : undefined;
}

/** What a person can do about a failed call to the database in `file`; errors of other origin come back as they are. */
export function translateError(error: unknown, file: string): unknown {
  if (error instanceof RekbackError || error instanceof RetryableError) return error;
  switch (resultCode(error)) {
    case SQLITE_FULL:
      return diskFull(file, error);
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return new SystemicError('home-not-writable', `the index ${file} can't be opened for writing`, {
        cause: error,
        suggestions: ['Make its folder writable, or set REKBACK_HOME to a folder that is.'],
      });
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return indexUnreadable(file, 'is damaged or no index', error);
    case SQLITE_IOERR:
      return new SystemicError('index-io', `the disk failed under the index ${file}`, {
        cause: error,
        suggestions: ['Check the disk, then run the same command again.'],
      });
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return new RetryableError(`the index ${file} is held by another process`, { cause: error });
    default:
      return error;
  }
}

export function diskFull(file: string, cause?: unknown): SystemicError {
  return new SystemicError('disk-full', `no space left on the disk of the index ${file}`, {
    cause,
    suggestions: ['Free some space and run the same command again; nothing that was written is lost.'],
  });
}

export function indexUnreadable(file: string, what: string, cause?: unknown): SystemicError {
  return new SystemicError('index-unreadable', `the index ${file} ${what}`, {
    cause,
    suggestions: ['rekback index rebuild'],
  });
}
