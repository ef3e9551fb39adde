import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { RekbackError } from '../runtime/errors.ts';
import type { LocalStack } from './open-local.ts';
import { imagesOf } from './record.ts';

/** Something that a stack is made of. The images are listed too, but never touched. */
export interface Resource {
  type: 'images' | 'record' | 'index' | 'objects';
  name: string;
  state: 'present' | 'absent' | 'drifted';
}

/** What the stack is made of, as it is now. */
export async function inspect(stack: LocalStack): Promise<Resource[]> {
  const at = async (type: Resource['type'], name: string): Promise<Resource> => ({
    type,
    name,
    state: (await isThere(name)) ? 'present' : 'absent',
  });
  return [
    await inspectImages(stack),
    await at('record', join(stack.folder, 'stack.json')),
    await at('index', join(stack.folder, 'index.db')),
  ];
}

/** Whether the images can be listed; of a bucket that is asked of S3. Throws what else is in the way. */
async function inspectImages(stack: LocalStack): Promise<Resource> {
  const { record } = stack;
  const found = (state: Resource['state']): Resource => ({ type: 'images', name: imagesOf(record), state });
  if (record.adapters.images.adapter === 'folder') {
    return found((await isThere(imagesOf(record))) ? 'present' : 'absent');
  }
  try {
    const prefix = record.prefix === undefined ? {} : { prefix: record.prefix };
    for await (const _ of (await stack.images()).list(prefix)) break;
    return found('present');
  } catch (error) {
    if (error instanceof RekbackError && error.code === 'bucket-missing') return found('absent');
    throw error;
  }
}

/** Whether anything has that name, a dangling link too. */
export const isThere = (path: string) =>
  lstat(path).then(
    () => true,
    () => false,
  );
