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
