import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Stack } from './open.ts';
import { imagesOf } from './record.ts';

/** Something that a stack is made of. The images are listed too, but never touched. */
export interface Resource {
  type: 'images' | 'record' | 'index' | 'objects';
  name: string;
  state: 'present' | 'absent' | 'drifted';
}

/** What the stack is made of, as it is now. */
export async function inspect(stack: Stack): Promise<Resource[]> {
  const at = async (type: Resource['type'], name: string): Promise<Resource> => ({
    type,
    name,
    state: (await isThere(name)) ? 'present' : 'absent',
  });
  return [
    await at('images', imagesOf(stack.record)),
    await at('record', join(stack.folder, 'stack.json')),
    await at('index', join(stack.folder, 'index.db')),
  ];
}

/** Whether anything has that name, a dangling link too. */
export const isThere = (path: string) =>
  lstat(path).then(
    () => true,
    () => false,
  );
