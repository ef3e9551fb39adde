import { describe, test } from 'vitest';

/** What `find` came back with, or why it could not. */
export type Found<Thing> = { thing: Thing } | { missing: string };

/** Looks for what a suite needs from outside (a program, a network). `find` throws where it isn't there. */
export async function lookFor<Thing>(find: () => Promise<Thing>): Promise<Found<Thing>> {
  try {
    return { thing: await find() };
  } catch (error) {
    return { missing: error instanceof Error ? (error.message.split('\n', 1)[0] ?? '') : String(error) };
  }
}

/**
 * A suite that needs something from outside. Without it, the suite is shown as skipped with the reason; under
 * `REKBACK_REQUIRE_ALL=1`, as in CI, it fails instead, so that nothing goes untested unseen.
 */
export function describeWith<Thing>(name: string, found: Found<Thing>, suite: (thing: Thing) => void): void {
  if ('thing' in found) {
    describe(name, () => suite(found.thing));
  } else if (process.env.REKBACK_REQUIRE_ALL === '1') {
    test(name, () => {
      throw new Error(`REKBACK_REQUIRE_ALL is set, but: ${found.missing}`);
    });
  } else {
    console.warn(`skipped: ${name}: ${found.missing}`);
    test.skip(`${name} (skipped: ${found.missing})`);
  }
}
