import type { World } from '../kernel/world.ts';

const addresses = new WeakMap<World, string>();

/** What domains answer instead of a host name of AWS, which nobody can reach from a test. */
export function endpointFor(world: World): string | undefined {
  return addresses.get(world);
}

/**
 * Makes every domain answer `url` as its endpoint until the next reset: a real OpenSearch, a stand-in, or the double itself
 * (`world.url`) for its security API. With its scheme, which AWS's host names do not have.
 */
export function indexEndpoint(world: World, url: string): void {
  addresses.set(world, url);
  world.onReset(() => addresses.delete(world));
}
