import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AwsPlace } from './aws-spec.ts';
import { home } from './home.ts';

/**
 * Where a stack on AWS is, remembered on this machine so that commands find it without asking everywhere. Says nothing
 * about whether it is still there.
 */
export interface Pointer {
  name: string;
  region: string;
  account: string;
  /** The bucket of the images. */
  bucket?: string | undefined;
  profile?: string | undefined;
}

const folder = () => join(home(), 'aws');

/** Two Regions may have stacks of one name. */
const fileOf = ({ name, region, account }: AwsPlace) => join(folder(), `${name}.${account}.${region}.json`);

/** All pointers, by name; files that are none are passed over. */
export async function readPointers(): Promise<Pointer[]> {
  const names = await readdir(folder()).catch(() => []);
  const pointers = await Promise.all(names.sort().map((name) => readPointer(join(folder(), name))));
  return pointers.filter((pointer) => pointer !== undefined);
}

async function readPointer(file: string): Promise<Pointer | undefined> {
  try {
    const pointer: Pointer = JSON.parse(await readFile(file, 'utf8'));
    const { name, region, account } = pointer;
    return [name, region, account].every((part) => typeof part === 'string') ? pointer : undefined;
  } catch {
    return undefined;
  }
}

/** A home that can't be written to costs convenience only: the stack is found by its tags as well. */
export async function writePointer(pointer: Pointer): Promise<void> {
  try {
    await mkdir(folder(), { recursive: true, mode: 0o700 });
    await writeFile(fileOf(pointer), `${JSON.stringify(pointer)}\n`);
  } catch {
    // Found by tag then.
  }
}

export async function removePointer(place: AwsPlace): Promise<void> {
  await rm(fileOf(place), { force: true }).catch(() => {});
}
