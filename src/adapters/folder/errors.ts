import { RetryableError, SystemicError } from '../../runtime/errors.ts';

/** The `code` of a failed system call (`ENOENT`, `ENOSPC`, …). */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** What a failed write to the stack's own folder means for the run: always the end of it, with its cause. */
export function asWriteError(error: unknown, path: string): Error {
  switch (systemCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new SystemicError('disk-full', `no space left to write '${path}'`, {
        cause: error,
        suggestions: [
          'free some space, or set REKBACK_HOME to a disk with room, then run the same command again',
        ],
      });
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return new SystemicError('home-not-writable', `no permission to write '${path}'`, {
        cause: error,
        suggestions: ['set REKBACK_HOME to a folder that you may write to'],
      });
    case 'ENOTDIR':
    case 'EEXIST':
      return new SystemicError('home-not-a-folder', `a file stands where the folder of '${path}' should be`, {
        cause: error,
        suggestions: ['move that file away, or set REKBACK_HOME to another folder'],
      });
    case 'EMFILE':
    case 'ENFILE':
      return new RetryableError(`too many open files while writing '${path}'`, { cause: error });
    default:
      return new SystemicError('home-write-failed', `could not write '${path}'`, { cause: error });
  }
}

/** What a failed read from the stack's own folder means. */
export function asReadError(error: unknown, path: string): Error {
  switch (systemCode(error)) {
    case 'EMFILE':
    case 'ENFILE':
      return new RetryableError(`too many open files while reading '${path}'`, { cause: error });
    case 'EACCES':
    case 'EPERM':
      return new SystemicError('home-unreadable', `no permission to read '${path}'`, {
        cause: error,
        suggestions: ['set REKBACK_HOME to the folder that holds your stacks'],
      });
    default:
      return new SystemicError('home-unreadable', `could not read '${path}'`, {
        cause: error,
        suggestions: ['check its disk, then run the same command again'],
      });
  }
}
