import { rm } from 'node:fs/promises';
import { expect } from 'vitest';
import type { World } from '../aws/kernel/world.ts';
import { startWorld } from '../aws/world.ts';
import { givenImages, IMAGE } from '../provision/stack.ts';
import { type Workspace, workspace } from './workspace.ts';

/** The bucket of the images; its stack has the same name. */
export { BUCKET } from '../provision/stack.ts';

export const SETUP = ['setup', '--bucket', 'images', '--image-uri', IMAGE];

/** A workspace whose commands work on the AWS double, where there is a bucket of images. */
export interface AwsWorkspace extends Workspace {
  world: World;
  /** Forgets both: the account and the home. Fails on requests that AWS does not know. */
  again(): Promise<void>;
  /** A command that must not change anything on AWS. */
  look(args: readonly string[], env?: Record<string, string | undefined>): ReturnType<Workspace['run']>;
}

export async function awsWorkspace(): Promise<AwsWorkspace> {
  const world = await startWorld();
  const space = await workspace();
  const within: Workspace['run'] = (args, options = {}) =>
    space.run(args, { ...options, env: { ...world.env(), ...options.env } });
  const again = async () => {
    world.check();
    world.reset();
    world.clock.runOnRealTime();
    await givenImages(world);
    world.journal.clear();
    await rm(space.home, { recursive: true, force: true });
  };
  return {
    ...space,
    world,
    again,
    run: within,
    start: (args, options = {}) => space.start(args, { ...options, env: { ...world.env(), ...options.env } }),
    json: (args, exitCode, options = {}) =>
      space.json(args, exitCode, { ...options, env: { ...world.env(), ...options.env } }),
    async look(args, env = {}) {
      world.journal.clear();
      const result = await within(args, { env });
      expect(world.journal.mutating()).toEqual([]);
      return result;
    },
    async remove() {
      await world.stop();
      await space.remove();
    },
  };
}
