import { RekbackError } from '../runtime/errors.ts';

/** What an AWS service, or the way to it, said of a failed call. */
export interface AwsFailure {
  /** The service's error code, e.g. `AccessDenied`. */
  code: string;
  message: string;
  /** The operation where the SDK told it, e.g. `CreateQueue`. */
  call?: string;
  requestId?: string;
  status?: number;
}

interface SdkError extends Error {
  /** S3 names the code here too, also where the name is only that of a class. */
  Code?: string;
  $metadata?: { requestId?: string; httpStatusCode?: number; attempts?: number };
  /** Set by the clients that `createClients` makes, as the SDK keeps it to itself. */
  $call?: string;
}

/** The SDK gives `$metadata` also to what our own request handler threw. */
const isSdkError = (error: unknown): error is SdkError =>
  error instanceof Error && '$metadata' in error && !(error instanceof RekbackError);

/** Whether AWS answered a call with one of these codes. */
export const isAwsError = (error: unknown, ...codes: readonly string[]): boolean =>
  error instanceof Error &&
  (codes.includes(error.name) || (isSdkError(error) && codes.includes(error.Code ?? '')));

/** Whether AWS answered with one of these codes and a message that fits: many codes mean several things. */
export const isAwsMessage = (error: unknown, code: string, message: RegExp): boolean =>
  isAwsError(error, code) && error instanceof Error && message.test(error.message);

/** The HTTP status of AWS's answer; undefined where there was none. HEAD requests are answered by status alone. */
export const awsStatus = (error: unknown): number | undefined =>
  isSdkError(error) ? error.$metadata?.httpStatusCode : undefined;

/** The Region of a bucket, which S3 names also when it refuses: a redirect, a wrong signature, no right. */
export function bucketRegionOf(error: unknown): string | undefined {
  const { $response }: { $response?: { headers?: Partial<Record<string, string>> } } = Object(error);
  return $response?.headers?.['x-amz-bucket-region'];
}

/** How often the SDK sent the call that failed so. */
export const awsAttempts = (error: unknown): number =>
  isSdkError(error) ? (error.$metadata?.attempts ?? 1) : 1;

/** What is not there: every service has its own words for it. Never what may not be seen. */
export const isNotFound = (error: unknown): boolean =>
  awsStatus(error) === 404 || isAwsError(error, ...NOT_FOUND);

/** Undefined for what is not there; every other failure is thrown. */
export const ifThere = <Answer>(answer: Promise<Answer>): Promise<Answer | undefined> =>
  answer.catch((error: unknown) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });

/**
 * SQS and IAM answer 400 and 404 with these; EC2 and Lambda 400 and 404; ECR 400; OpenSearch 409. S3's are listed for
 * `GET` of a bucket's configuration, which is 404 where there is none.
 */
const NOT_FOUND: readonly string[] = [
  'NotFound',
  'NoSuchEntity',
  'NoSuchEntityException',
  'NoSuchBucket',
  'NoSuchKey',
  'NoSuchConfiguration',
  'QueueDoesNotExist',
  'AWS.SimpleQueueService.NonExistentQueue',
  'ResourceNotFoundException',
  'RepositoryNotFoundException',
  'ImageNotFoundException',
  'LifecyclePolicyNotFoundException',
  'InvalidGroup.NotFound',
];

/** What AWS said, in parts, for anything thrown by the SDK; undefined for an error that AWS has no part in. */
export function awsFailure(error: unknown): AwsFailure | undefined {
  if (!isSdkError(error)) return undefined;
  const { requestId, httpStatusCode } = error.$metadata ?? {};
  return {
    code: error.Code ?? error.name,
    message: error.message,
    ...(error.$call !== undefined && { call: error.$call }),
    ...(requestId !== undefined && { requestId }),
    ...(httpStatusCode !== undefined && { status: httpStatusCode }),
  };
}
