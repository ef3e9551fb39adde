import { lstat, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { RekbackError } from '../runtime/errors.ts';
import { home, stacksFolder } from './home.ts';
import { openStack, type Stack } from './open.ts';
import { RECORD_FORMAT, type StackRecord, writeRecord } from './record.ts';
import { listStacks } from './select.ts';
import { initialSettings } from './settings.ts';
import { checkStackName, nameFor } from './spec.ts';

export interface SetupOptions {
  folder: string;
  name: string | undefined;
  /** Only keys that begin with this. */
  prefix: string | undefined;
}

export type ResourceState = 'present' | 'absent' | 'drifted';

/** Something that a stack is made of. The images are listed too, but never touched. */
export interface Resource {
  type: 'images' | 'record' | 'index' | 'objects';
  name: string;
  state: ResourceState;
}

export interface SetupPlan {
  record: StackRecord;
  /** What will be made or changed; empty when all is as wanted. */
  changes: { action: 'create' | 'update'; type: Resource['type']; name: string }[];
}

/**
 * What setting up a folder means for what is there. A folder that has a stack keeps it, with every setting that is not
 * named now.
 *
 * @throws RekbackError for a folder, name or home that can't be used; exit 2
 */
export async function planSetup(options: SetupOptions): Promise<SetupPlan> {
  const { resolveFolder } = await import('../adapters/folder/images.ts');
  const root = resolveFolder(options.folder);
  if (`${stacksFolder()}/`.startsWith(`${root}/`)) {
    throw new RekbackError(
      'home-inside-folder',
      `the stack would be kept in '${home()}', inside the images' folder`,
      {
        exitCode: 2,
        suggestions: ['set REKBACK_HOME to a folder outside it: images are never touched'],
      },
    );
  }
  const stacks = await listStacks();
  const current = currentStack(stacks, root, options.name);
  const record: StackRecord = current ?? {
    format: RECORD_FORMAT,
    name: options.name === undefined ? freeName(nameFor(root), stacks) : checkStackName(options.name),
    createdAt: new Date().toISOString(),
    adapters: {
      images: { adapter: 'folder', root },
      labeler: { adapter: 'keywords' },
      index: { adapter: 'sqlite' },
      objects: { adapter: 'folder' },
      executor: { adapter: 'workers' },
    },
    settings: initialSettings(),
  };
  const changed = options.prefix !== undefined && options.prefix !== record.prefix;
  const wanted = changed ? { ...record, prefix: options.prefix ?? '' } : record;
  const changes: SetupPlan['changes'] = [];
  for (const { type, name, state } of await inspect(openStack(wanted))) {
    if (state === 'absent') changes.push({ action: 'create', type, name });
    else if (type === 'record' && changed) changes.push({ action: 'update', type, name });
  }
  return { record: wanted, changes };
}

function currentStack(stacks: readonly StackRecord[], root: string, name: string | undefined) {
  const named = stacks.find((stack) => stack.name === name);
  if (named !== undefined && named.adapters.images.root !== root) {
    throw new RekbackError('stack-exists', `stack '${name}' is about '${named.adapters.images.root}'`, {
      exitCode: 2,
      suggestions: [
        'choose another name with --stack NAME',
        `or remove it: rekback teardown --stack ${name}`,
      ],
    });
  }
  return (
    named ?? (name === undefined ? stacks.find((stack) => stack.adapters.images.root === root) : undefined)
  );
}

function freeName(name: string, stacks: readonly StackRecord[]): string {
  const taken = new Set(stacks.map((stack) => stack.name));
  if (!taken.has(name)) return name;
  let number = 2;
  while (taken.has(`${name.slice(0, 16)}-${number}`)) number++;
  return `${name.slice(0, 16)}-${number}`;
}

/** Makes what the plan lists. An index that an earlier teardown kept is taken over. */
export async function applySetup({ record, changes }: SetupPlan): Promise<Stack> {
  const stack = openStack(record);
  if (changes.length === 0) return stack;
  const { asWriteError } = await import('../adapters/folder/errors.ts');
  await mkdir(stack.folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw asWriteError(error, stack.folder);
  });
  await (await stack.indexWriter()).close();
  // The record last: a stack without one is not there yet, and setting up again finishes it.
  await writeRecord(await stack.objects(), record);
  return stack;
}

/** What the stack is made of, as it is now. */
export async function inspect(stack: Stack): Promise<Resource[]> {
  const { root } = stack.record.adapters.images;
  const at = async (type: Resource['type'], name: string): Promise<Resource> => ({
    type,
    name,
    state: (await isThere(name)) ? 'present' : 'absent',
  });
  return [
    await at('images', root),
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
