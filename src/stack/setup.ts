import { mkdir, realpath } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { RekbackError } from '../runtime/errors.ts';
import { home, stackFolder, stacksFolder } from './home.ts';
import { openStack, type Stack } from './open.ts';
import { rebuild } from './rebuild.ts';
import { imagesOf, isOnAws, type LocalRecord, RECORD_FORMAT, writeRecord } from './record.ts';
import { inspect, isThere, type Resource } from './resources.ts';
import { type FoundStack, findStacks } from './select.ts';
import { initialSettings } from './settings.ts';
import { checkStackName, nameFor, numberedName } from './spec.ts';

export interface SetupOptions {
  folder: string;
  name: string | undefined;
  /** Only keys that begin with this. */
  prefix: string | undefined;
}

export interface SetupPlan {
  record: LocalRecord;
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
  if (isWithin(root, await realPath(stacksFolder()))) {
    throw new RekbackError(
      'home-inside-folder',
      `the stack would be kept in '${home()}', inside the images' folder`,
      {
        exitCode: 2,
        suggestions: ['set REKBACK_HOME to a folder outside it: images are never touched'],
      },
    );
  }
  const stacks = await findStacks();
  const current = currentStack(stacks, root, options.name);
  const record = current ?? newRecord(root, await newName(stacks, root, options.name));
  const prefixChanges = options.prefix !== undefined && options.prefix !== record.prefix;
  const wanted = prefixChanges ? { ...record, prefix: options.prefix ?? '' } : record;
  const changes: SetupPlan['changes'] = [];
  for (const { type, name, state } of await inspect(openStack(wanted))) {
    if (state === 'absent') changes.push({ action: 'create', type, name });
    else if (type === 'record' && wanted !== current) changes.push({ action: 'update', type, name });
  }
  return { record: wanted, changes };
}

/** Makes what the plan lists. An index that an earlier teardown kept is taken over. */
export async function applySetup({ record, changes }: SetupPlan): Promise<Stack> {
  const stack = openStack(record);
  if (changes.length === 0) return stack;
  const { asWriteError } = await import('../adapters/folder/errors.ts');
  await mkdir(stack.folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw asWriteError(error, stack.folder);
  });
  // An index that got lost comes back from the archive; a new stack has none, and gets an empty index.
  if (changes.some(({ type }) => type === 'index')) await rebuild(stack);
  // The record last: a stack without one is not there yet, and setting up again finishes it.
  await writeRecord(await stack.objects(), record);
  return stack;
}

const newRecord = (root: string, name: string): LocalRecord => ({
  format: RECORD_FORMAT,
  name,
  createdAt: new Date().toISOString(),
  adapters: {
    images: { adapter: 'folder', root },
    labeler: { adapter: 'keywords' },
    index: { adapter: 'sqlite' },
    objects: { adapter: 'folder' },
    executor: { adapter: 'workers' },
  },
  settings: initialSettings(),
});

/** The stack that this is about already: the named one, or without a name the folder's. */
function currentStack(
  stacks: readonly FoundStack[],
  root: string,
  name: string | undefined,
): LocalRecord | undefined {
  const records = stacks.flatMap((stack) =>
    'record' in stack && !isOnAws(stack.record) ? [stack.record] : [],
  );
  if (name === undefined) return records.find((record) => imagesOf(record) === root);
  const named = records.find((record) => record.name === name);
  if (named !== undefined && imagesOf(named) !== root) {
    throw nameTaken(name, `stack '${name}' is about '${imagesOf(named)}'`);
  }
  return named;
}

/** A name for the folder's new stack that no other folder's stack or kept index has. */
async function newName(
  stacks: readonly FoundStack[],
  root: string,
  wanted: string | undefined,
): Promise<string> {
  if (wanted !== undefined) {
    const other = await indexOwner(checkStackName(wanted), root);
    if (other !== undefined) throw nameTaken(wanted, other);
    return wanted;
  }
  const taken = new Set(stacks.map(({ name }) => name));
  const base = nameFor(root);
  for (let number = 1; ; number++) {
    const name = numberedName(base, number);
    if (!taken.has(name) && (await indexOwner(name, root)) === undefined) return name;
  }
}

/** What an index kept under this name is of, in a sentence, where that is another folder. */
async function indexOwner(name: string, root: string): Promise<string | undefined> {
  const { folder, indexReader } = openStack(newRecord(root, name));
  if (!(await isThere(join(folder, 'index.db')))) return undefined;
  try {
    await (await indexReader()).close();
    return undefined;
  } catch (error) {
    if (error instanceof RekbackError && error.code === 'index-of-another-bucket') return error.message;
    throw error;
  }
}

const nameTaken = (name: string, why: string) =>
  new RekbackError('stack-exists', why, {
    exitCode: 2,
    suggestions: [
      'choose another name with --stack NAME',
      `or remove what is there: rekback teardown --stack ${name} (a kept index alone: delete ${stackFolder(name)})`,
    ],
  });

const isWithin = (folder: string, path: string) => !/^\.\.(?:\/|$)/.test(relative(folder, path));

/** Where a path really is, as far as it is there: links lead elsewhere. */
async function realPath(path: string): Promise<string> {
  const parent = dirname(path);
  if (parent === path) return path;
  return realpath(path).catch(async () => join(await realPath(parent), basename(path)));
}
