import { messageOf, SystemicError } from '../runtime/errors.ts';
import { awsFailure, awsStatus, isAwsError } from './errors.ts';

/** https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html */
const THROTTLED = [
  'Throttling',
  'ThrottlingException',
  'ThrottledException',
  'RequestThrottled',
  'RequestThrottledException',
  'RequestLimitExceeded',
  'ProvisionedThroughputExceededException',
  'TooManyRequestsException',
  'SlowDown',
  'BandwidthLimitExceeded',
];

/** Each service has words of its own: S3's first, then those of the JSON services. */
const REFUSED = [
  'InvalidAccessKeyId',
  'InvalidToken',
  'SignatureDoesNotMatch',
  'RequestTimeTooSkewed',
  'UnrecognizedClientException',
  'InvalidSignatureException',
  'InvalidClientTokenId',
  'MissingAuthenticationToken',
  'MissingAuthenticationTokenException',
  'IncompleteSignature',
];

/** Whether the same call may succeed later, and whether it came too early; undefined where it would fail again. */
export function passingFailure(error: unknown): { throttled: boolean } | undefined {
  const status = awsStatus(error);
  if (isAwsError(error, ...THROTTLED) || status === 429) return { throttled: true };
  if (status !== undefined) {
    return status >= 500 || isAwsError(error, 'RequestTimeout', 'RequestTimeoutException')
      ? { throttled: false }
      : undefined;
  }
  return isNetworkError(error) ? { throttled: false } : undefined;
}

/** No answer at all: Node's errors have codes such as ECONNRESET, the SDK's timeouts a name. */
function isNetworkError(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return error.name === 'TimeoutError' || /^(E[A-Z_]+|UND_ERR_\w+|ERR_STREAM_\w+)$/.test(code);
}

/** What ends every command: the keys themselves are not taken. Undefined for any other failure. */
export function credentialsFailure(cause: unknown): SystemicError | undefined {
  if (isAwsError(cause, 'ExpiredToken', 'ExpiredTokenException', 'RequestExpired')) {
    return new SystemicError('expired-credentials', 'the AWS credentials have expired', {
      cause,
      suggestions: [
        'log in again (aws sso login, or whatever gave you these), then run the same command again',
      ],
    });
  }
  const isOurs = isAwsError(cause, 'CredentialsProviderError', 'TokenProviderError');
  if (!isOurs && !isAwsError(cause, ...REFUSED)) return undefined;
  const what = isOurs ? messageOf(cause) : (awsFailure(cause)?.code ?? messageOf(cause));
  return new SystemicError('refused-credentials', `the AWS credentials can't be used: ${what}`, {
    cause,
    suggestions: [
      'see whose they are: aws sts get-caller-identity',
      "and that this machine's clock is right",
    ],
  });
}
