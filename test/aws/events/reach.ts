import type { World } from '../kernel/world.ts';
import { deliverToFunction } from '../lambda/reach.ts';
import { deliver } from '../sqs/reach.ts';
import { fits } from './pattern.ts';
import { events } from './service.ts';

/** An event as its source makes it. */
export interface BusEvent {
  account: string;
  region: string;
  source: string;
  'detail-type': string;
  resources: string[];
  detail: Record<string, unknown>;
}

/** Puts an event on the default bus of its account and Region: every enabled rule that fits sends it to its queues and functions. */
export function putEvent(world: World, given: BusEvent): void {
  const state = world.state(events, given.account, given.region);
  const event = {
    version: '0',
    id: world.ids.uuid(),
    time: world.clock
      .date()
      .toISOString()
      .replace(/\.\d+Z$/, 'Z'),
    ...given,
  };
  for (const rule of state.rules.values()) {
    if (!rule.enabled || rule.pattern === undefined || !fits(JSON.parse(rule.pattern), event)) continue;
    for (const target of rule.targets.values()) {
      const sender = { service: 'events.amazonaws.com', sourceArn: rule.arn, sourceAccount: given.account };
      const text = target.Input ?? JSON.stringify(event);
      const sent = target.Arn.includes(':lambda:')
        ? deliverToFunction(world, target.Arn, sender, JSON.parse(text))
        : deliver(world, target.Arn, sender, text);
      if (!sent) state._undelivered.push({ rule: rule.name, target: target.Arn });
    }
  }
}
