/**
 * A failure that a person can act on: what was wrong, the wrong value, what to do.
 *
 * `code` is stable (scripts depend on it) and kebab-case. `suggestions` are whole sentences or commands. `exitCode`
 * follows the CLI's promise: 1 failed, 2 wrong usage or unanswered question. The message is lower-case and has no
 * final period. A cause is kept.
 */
export class RekbackError extends Error {
  override readonly name: string = 'RekbackError';
  readonly code: string;
  readonly suggestions: readonly string[];
  readonly exitCode: 1 | 2;

  constructor(
    code: string,
    message: string,
    options: { suggestions?: readonly string[]; cause?: unknown; exitCode?: 1 | 2 } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.suggestions = options.suggestions ?? [];
    this.exitCode = options.exitCode ?? 1;
  }
}

/** A labeler or store could not answer now (throttled, a reset connection); the same call may succeed later. */
export class RetryableError extends Error {
  override readonly name = 'RetryableError';
  /** Throttling slows the governor down; other causes do not. */
  readonly throttled: boolean;

  constructor(message: string, options: { throttled?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.throttled = options.throttled ?? false;
  }
}

/** Every further call would fail the same way (access denied, disk full, index gone): the run stops with this cause. */
export class SystemicError extends RekbackError {
  override readonly name = 'SystemicError';
}

/** This image is there but can't be read now (permissions, a folder in its place). Says nothing lasting about it. */
export class UnreadableError extends Error {
  override readonly name = 'UnreadableError';
}

/** The message of anything thrown, for a cause shown to a person. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
