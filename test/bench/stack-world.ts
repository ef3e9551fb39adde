/** What the setup benchmark does with the AWS double; bundled before it runs, because Node 20 reads no TypeScript. */

import { applyChanges } from '../../src/provision/apply.ts';
import { blueprint } from '../../src/provision/blueprint.ts';
import { lockStack } from '../../src/provision/lock.ts';
import { inspectAll, planChanges } from '../../src/provision/plan.ts';
import type { Resource } from '../../src/provision/resource.ts';
import { startWorld } from '../aws/world.ts';
import { givenImages, planWhole, setUpWhole } from '../provision/stack.ts';

export { givenImages, setUpWhole, startWorld };

const OPERATOR = {
  holder: { id: 'bench', what: 'bench', user: '', host: '', pid: 0, started: '', since: '' },
  isAlive: () => false,
};

type World = Awaited<ReturnType<typeof startWorld>>;

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  const start = performance.now();
  await work();
  return performance.now() - start;
};

/**
 * Makes a stack one resource after the other, with a latency of `latency` milliseconds, and adds up what lies on the
 * longest path of the graph.
 *
 * @returns milliseconds and calls one after the other on that path, the plan before it included
 */
export async function criticalPath(world: World, latency: number) {
  let milliseconds = await timed(() => planWhole(world));
  const plan = await planWhole(world);
  const longest = new Map<Resource, number>();
  const all = blueprint(plan.context, plan.record);
  const pathTo = (resource: Resource): number =>
    longest.get(resource) ?? Math.max(0, ...resource.after.map(pathTo));
  for (const resource of all) {
    const changes = planChanges(await inspectAll([resource]));
    const own = changes.length === 0 ? 0 : await timed(() => applyChanges(changes, { report: () => {} }));
    longest.set(resource, own + Math.max(0, ...resource.after.map(pathTo)));
  }
  milliseconds += Math.max(...longest.values());
  milliseconds += await timed(async () => (await lockStack(plan.context, OPERATOR)).release());
  return { milliseconds, calls: Math.round(milliseconds / latency) };
}
