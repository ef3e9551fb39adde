import { AwsError } from '../kernel/errors.ts';
import type { Call } from '../kernel/operation.ts';
import { int, str } from '../kernel/shape.ts';

export interface LogStream {
  created: Date;
  _events: { timestamp: number; message: string; ingestionTime: number }[];
}
export interface LogGroup {
  name: string;
  /** Without the `:*` that DescribeLogGroups' `arn` has. */
  arn: string;
  created: Date;
  retention: number | undefined;
  key: string | undefined;
  class: string;
  tags: Map<string, string>;
  streams: Map<string, LogStream>;
}
export interface LogsState {
  groups: Map<string, LogGroup>;
  /** Documents by name. */
  resourcePolicies: Map<string, { document: string; updated: Date }>;
}
export type LogsCall = Call<LogsState>;

export const groupName = str({ min: 1, max: 512, pattern: /^[.\-_/#A-Za-z0-9]+$/ });
export const paging = { nextToken: str({ min: 1 }), limit: int(1, 50) };
export const about = {
  resource: ({ logGroupName = '' }: { logGroupName?: string | undefined }, call: LogsCall) =>
    arnOf(call, logGroupName),
};

export function arnOf(call: { region: string; account: string }, name: string): string {
  return `arn:aws:logs:${call.region}:${call.account}:log-group:${name}`;
}

export function notFound(what: string): AwsError {
  return new AwsError('ResourceNotFoundException', `The specified log ${what} does not exist.`);
}

export function groupNamed(call: LogsCall, name: string | undefined): LogGroup {
  const group = call.state.groups.get(name ?? '');
  if (!group) throw notFound('group');
  return group;
}
