import { AwsError } from '../kernel/errors.ts';
import type { Call } from '../kernel/operation.ts';

export interface Target {
  Id: string;
  Arn: string;
  RoleArn?: string | undefined;
  Input?: string | undefined;
  InputPath?: string | undefined;
}

export interface Rule {
  name: string;
  arn: string;
  pattern: string | undefined;
  schedule: string | undefined;
  enabled: boolean;
  description: string | undefined;
  tags: Map<string, string>;
  targets: Map<string, Target>;
}

export interface EventsState {
  /** Rules of the default bus. */
  rules: Map<string, Rule>;
  /** Events that no target took: rule and target's ARN. */
  _undelivered: { rule: string; target: string }[];
}

export type EventsCall = Call<EventsState>;

export function ruleNamed(call: EventsCall, name: string): Rule {
  const rule = call.state.rules.get(name);
  if (!rule)
    throw new AwsError('ResourceNotFoundException', `Rule ${name} does not exist on EventBus default.`);
  return rule;
}
