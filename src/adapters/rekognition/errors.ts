import { awsFailure, awsStatus } from '../../aws/errors.ts';
import { credentialsFailure, passingFailure } from '../../aws/failures.ts';
import type { RefusalReason } from '../../runtime/contract.ts';
import { messageOf, RetryableError, SystemicError } from '../../runtime/errors.ts';

/**
 * What an error of DetectLabels means.
 *
 * `retry`: the same call may succeed later. `refused`: the image would have to change. `parameter`: the image, or what is
 * asked for every image. `object`: Rekognition could not read the object, and does not say why. `denied`: no call will
 * succeed.
 */
type Meaning =
  | { is: 'retry'; throttled: boolean }
  | { is: 'refused'; reason: RefusalReason }
  | { is: 'parameter' | 'object' | 'denied' };

/**
 * Every error class once: https://docs.aws.amazon.com/rekognition/latest/dg/error-handling.html. An image of fewer than
 * 80 pixels is an InvalidParameterException: https://github.com/boto/botocore/issues/1366
 */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  ProvisionedThroughputExceededException: { is: 'retry', throttled: true },
  ThrottlingException: { is: 'retry', throttled: true },
  LimitExceededException: { is: 'retry', throttled: true },
  InternalServerError: { is: 'retry', throttled: false },
  ServiceUnavailableException: { is: 'retry', throttled: false },
  InvalidImageFormatException: { is: 'refused', reason: 'format' },
  ImageTooLargeException: { is: 'refused', reason: 'too-large' },
  RequestEntityTooLargeException: { is: 'refused', reason: 'too-large' },
  InvalidParameterException: { is: 'parameter' },
  ValidationException: { is: 'parameter' },
  InvalidS3ObjectException: { is: 'object' },
  AccessDeniedException: { is: 'denied' },
  OptInRequired: { is: 'denied' },
  SubscriptionRequiredException: { is: 'denied' },
  UnknownOperationException: { is: 'denied' },
};

/** What the call's failure means where that is about the image. Throws `RetryableError` or `SystemicError` for the rest. */
export function meaningOf(error: unknown): Exclude<Meaning, { is: 'retry' | 'denied' }> {
  const code = awsFailure(error)?.code ?? messageOf(error);
  const meaning = MEANINGS[code] ?? unlisted(error);
  if (meaning.is === 'retry') {
    throw new RetryableError(`Rekognition could not answer: ${code}`, {
      throttled: meaning.throttled,
      cause: error,
    });
  }
  if (meaning.is === 'denied') throw denied(error);
  return meaning;
}

/** What all services have in common. A class that nobody knows may pass; it is told of each image that meets it. */
function unlisted(error: unknown): Meaning {
  // Explained on its way already: a proxy that refuses.
  if (error instanceof SystemicError) throw error;
  const credentials = credentialsFailure(error);
  if (credentials !== undefined) throw credentials;
  if (awsStatus(error) === 403) return { is: 'denied' };
  return { is: 'retry', throttled: passingFailure(error)?.throttled ?? false };
}

const denied = (cause: unknown) =>
  new SystemicError('labeler-denied', `Rekognition may not be called: ${wordsOf(cause)}`, {
    cause,
    suggestions: [
      'ask for rekognition:DetectLabels, which knows no resources: allow it on *',
      'or use other credentials: --profile NAME',
    ],
  });

/** The service's own words, without the period at their end. */
export const wordsOf = (error: unknown): string =>
  messageOf(error).replace(/\s+/g, ' ').trim().replace(/\.$/, '');
