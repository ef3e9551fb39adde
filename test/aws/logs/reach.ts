import { allows, parsePolicy } from '../kernel/policy.ts';
import type { World } from '../kernel/world.ts';
import { logs } from './service.ts';

/** Writes a line as a service does that may create streams (ECS, Lambda). A missing group swallows it: nobody may create groups. */
export function writeLog(
  world: World,
  where: { account: string; region: string },
  group: string,
  stream: string,
  message: string,
): void {
  const streams = world.state(logs, where.account, where.region).groups.get(group)?.streams;
  if (!streams) return;
  const now = world.clock.now();
  const known = streams.get(stream) ?? { created: world.clock.date(), _events: [] };
  known._events.push({ timestamp: now, message, ingestionTime: now });
  streams.set(stream, known);
}

/** Whether a group is there, and a resource policy of its account lets the service make streams and write to it. */
export function mayWriteLogs(
  world: World,
  where: { account: string; region: string },
  sender: { service: string; sourceArn: string },
  groupArn: string,
): boolean {
  const { groups, resourcePolicies } = world.state(logs, where.account, where.region);
  if (![...groups.values()].some(({ arn }) => arn === groupArn)) return false;
  const statements = [...resourcePolicies.values()].flatMap(({ document }) =>
    parsePolicy(document, 'resource'),
  );
  return ['logs:CreateLogStream', 'logs:PutLogEvents'].every((action) =>
    allows(statements, {
      principal: { kind: 'Service', value: sender.service },
      action,
      resource: `${groupArn}:log-stream:x`,
      context: { 'aws:SourceArn': sender.sourceArn, 'aws:SourceAccount': where.account },
    }),
  );
}
