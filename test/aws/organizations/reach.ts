import type { World } from '../kernel/world.ts';
import { organizations } from './service.ts';

/**
 * Puts accounts into an organization. `aiOptOut`: the services that opt out of having their content used (`rekognition`,
 * `default`), or nothing for no policy at all. Members are refused unless they are among `readers`.
 */
export function setOrganization(
  world: World,
  given: {
    management: string;
    members?: readonly string[];
    readers?: readonly string[];
    aiOptOut?: readonly string[];
  },
): void {
  const { management, members = [], readers = [], aiOptOut } = given;
  const services = aiOptOut?.map((service) => [service, { opt_out_policy: 'optOut' }]);
  const text = services && JSON.stringify({ services: Object.fromEntries(services) });
  const state = world.state(organizations, '', '');
  const all = [management, ...members];
  state._organizations = state._organizations.filter(
    (other) => ![other.management, ...other.members].some((account) => all.includes(account)),
  );
  state._organizations.push({
    id: world.ids.make('o-', 'hex', 10),
    management,
    members: [...members],
    readers: [management, ...readers],
    aiOptOut: text,
  });
}
