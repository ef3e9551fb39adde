import type { World } from '../kernel/world.ts';
import { builderOf } from './progress.ts';
import type { Builder } from './state.ts';

/**
 * From now on `builder` does what builds' commands would do, and says how they end; until then every build succeeds.
 * Ends at `world.reset()`, or by the returned function.
 */
export function runBuilds(world: World, builder: Builder): () => void {
  const place = builderOf(world);
  place._builder = builder;
  return () => {
    place._builder = undefined;
  };
}
