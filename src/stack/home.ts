import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** Where local stacks live: `REKBACK_HOME`, or `.rekback` in the user's home. */
export const home = (): string => resolve(process.env.REKBACK_HOME || join(homedir(), '.rekback'));

export const stacksFolder = (): string => join(home(), 'stacks');

export const stackFolder = (name: string): string => join(stacksFolder(), name);
