import { errors } from '@opensearch-project/opensearch';
import { messageOf, RetryableError, SystemicError } from '../../runtime/errors.ts';

/**
 * What a request came to that was not answered as wished.
 *
 * `throttled`: not carried out, may be sent again. `lost`: perhaps carried out. `unreachable`: the same, and there was not even
 * an answer. `refused`: answered, and again would be.
 */
type FailureKind = 'throttled' | 'lost' | 'unreachable' | 'refused';

export class Failure extends Error {
  override readonly name = 'Failure';
  readonly kind: FailureKind;
  /** HTTP's; 0 without an answer. */
  readonly status: number;
  /** OpenSearch's name of it: `index_not_found_exception`. */
  readonly type: string;

  constructor(
    kind: FailureKind,
    message: string,
    options: { status?: number; type?: string; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.kind = kind;
    this.status = options.status ?? 0;
    this.type = options.type ?? '';
  }
}

/** A full disk blocks writing with 429 (403 before 2.0), and so do an operator's blocks: waiting is in vain. */
const BLOCKED = 'cluster_block_exception';

/** The failure that an answer is, of a whole request or of one item of it. */
export function answerFailure(status: number, error: unknown): Failure {
  const { type, reason } = reasonOf(error);
  const message = [String(status), type, shortened(reason)].filter((part) => part !== '').join(' ');
  const kind =
    type === BLOCKED || (status < 500 && status !== 429) ? 'refused' : status === 429 ? 'throttled' : 'lost';
  return new Failure(kind, message, { status, type });
}

/** The failure of a whole request; undefined for what has nothing to do with it. */
export function requestFailure(error: unknown): Failure | undefined {
  if (error instanceof Failure) return error;
  if (error instanceof errors.ResponseError) {
    const { body } = error;
    const failure = answerFailure(error.statusCode, body?.error ?? body);
    failure.cause = error;
    return failure;
  }
  if (error instanceof errors.ConnectionError || error instanceof errors.NoLivingConnectionsError) {
    return new Failure('unreachable', error.message, { cause: error });
  }
  // Too late, aborted because too late, or cut off in the middle of JSON.
  if (error instanceof errors.OpenSearchClientError)
    return new Failure('lost', error.message, { cause: error });
  return undefined;
}

function reasonOf(error: unknown): { type: string; reason: string } {
  if (typeof error !== 'object' || error === null) return { type: '', reason: String(error ?? '') };
  const { type, root_cause: causes, ...said } = error as Record<string, unknown>;
  // AWS stands before OpenSearch, and says by one of the other names why it lets nothing through.
  const reason = said.reason ?? said.Message ?? said.message;
  const root = Array.isArray(causes) && causes[0] !== undefined ? reasonOf(causes[0]) : undefined;
  // `search_phase_execution_exception: all shards failed` says nothing; its cause does.
  if (root !== undefined && root.reason !== '') return root;
  return { type: String(type ?? ''), reason: String(reason ?? '') };
}

/** What comes from outside may be a whole page of HTML. */
const shortened = (text: string): string => {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
};

/** The one place where a failure becomes an error that a person or a run can act on. */
export function explain(error: unknown, host: string): unknown {
  const failure = requestFailure(error);
  if (failure === undefined) return error;
  const { kind, status, type } = failure;
  const what = messageOf(failure);
  const systemic = (code: string, message: string, ...suggestions: string[]) =>
    new SystemicError(code, message, { cause: failure, suggestions });
  if (kind === 'unreachable') {
    return systemic(
      'index-unreachable',
      `the index at ${host} can't be reached: ${what}`,
      'check that it runs and that this machine reaches it; behind a proxy, set HTTPS_PROXY',
    );
  }
  if (kind !== 'refused') {
    return new RetryableError(`the index at ${host} did not answer as it should: ${what}`, {
      cause: failure,
    });
  }
  if (type === BLOCKED) {
    return systemic(
      'index-read-only',
      `the index at ${host} takes no writes: ${what}`,
      'give it more disk (or remove what fills it); it opens by itself when there is room',
      'where an operator closed it, open it again: index.blocks.write',
    );
  }
  if (status === 401 || status === 403) {
    return systemic(
      'index-denied',
      `the index at ${host} refuses: ${what}`,
      status === 401
        ? 'check the name and password, or the AWS credentials, that it is spoken to with'
        : "give the caller's role what rekback-writer or rekback-reader may do on 'rekback-*'",
      'rekback doctor',
    );
  }
  if (type === 'index_not_found_exception') {
    return systemic(
      'index-missing',
      `there is no index at ${host}: ${what}`,
      'make it again from the archived labels: rekback index rebuild',
    );
  }
  return systemic('index-refused', `the index at ${host} refuses a request: ${what}`);
}
