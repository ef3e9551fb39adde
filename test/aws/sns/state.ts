import { AwsError } from '../kernel/errors.ts';
import type { Call } from '../kernel/operation.ts';

export interface Subscription {
  arn: string;
  protocol: string;
  endpoint: string;
  isConfirmed: boolean;
  /** The message alone instead of SNS's envelope. */
  isRaw: boolean;
}

export interface Topic {
  name: string;
  arn: string;
  owner: string;
  /** As set; the policy is there from the start. */
  attributes: Map<string, string>;
  tags: Map<string, string>;
  subscriptions: Map<string, Subscription>;
  /** What was published, oldest first. */
  _published: { id: string; message: string; subject: string | undefined }[];
}

export interface SnsState {
  topics: Map<string, Topic>;
}
export type SnsCall = Call<SnsState>;

/** `NotFound` of the query form; SDKs call it NotFoundException. */
export function notFound(what: string): AwsError {
  return new AwsError('NotFound', `${what} does not exist`, { status: 404 });
}

export function invalid(message: string): AwsError {
  return new AwsError('InvalidParameter', `Invalid parameter: ${message}`);
}

export function topicAt(call: SnsCall, arn: string): Topic {
  const [, , service, region, account, name = ''] = arn.split(':');
  if (service !== 'sns' || region !== call.region) throw invalid('TopicArn');
  if (account !== call.account) {
    throw new AwsError('AuthorizationError', `not authorized to access ${arn}`, { status: 403 });
  }
  const topic = call.state.topics.get(name);
  if (!topic) throw notFound('Topic');
  return topic;
}
