import { mkdir, realpath } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { SessionOptions } from '../aws/session.ts';
import { RekbackError } from '../runtime/errors.ts';
import { home, stackFolder, stacksFolder } from './home.ts';
import { type LocalStack, openLocalStack } from './open-local.ts';
import { rebuild } from './rebuild.ts';
import {
  type AwsCalls,
  assertWritable,
  imagesOf,
  isOnAws,
  type LocalRecord,
  RECORD_FORMAT,
  writeRecord,
} from './record.ts';
import { inspect, isThere, type Resource } from './resources.ts';
import { type FoundStack, findStacks } from './select.ts';
import { initialSettings } from './settings.ts';
import { checkStackName, nameFor, numberedName } from './spec.ts';

export interface SetupOptions {
  /** Of a bucket only its name: the index and everything else stays on this machine. */
  source: { folder: string } | { bucket: string };
  /** Undefined: as it is; of something new, keywords for a folder and Rekognition for a bucket. */
  labeler?: LocalRecord['adapters']['labeler']['adapter'] | undefined;
  /** Where and as whom AWS is called, where it is. */
  aws?: SessionOptions;
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
 * What setting up a folder or bucket means for what is there. One that has a stack keeps it, with every setting that is
 * not named now, and a record of an older format becomes one of this format.
 *
 * @throws RekbackError `stack-newer`; for a folder, bucket, name or home that can't be used; those of `openSession`
 */
export async function planSetup(options: SetupOptions): Promise<SetupPlan> {
  const source = await sourceOf(options.source);
  const stacks = await findStacks();
  const current = currentStack(stacks, placeOf(source), options.name);
  if (current !== undefined) assertWritable(current);
  const draft = current ?? newRecord(source, await newName(stacks, source, options.name));
  const wanted = await withOptions(draft, options);
  const changes: SetupPlan['changes'] = [];
  for (const { type, name, state } of await inspect(openLocalStack(wanted))) {
    if (type === 'images' && state === 'absent') {
      throw new RekbackError('bucket-missing', `there is no bucket '${name}'`, {
        exitCode: 2,
        suggestions: ['see your buckets: aws s3 ls', 'or use other credentials: --profile NAME'],
      });
    }
    if (state === 'absent') changes.push({ action: 'create', type, name });
    else if (type === 'record' && !isDeepStrictEqual(wanted, current))
      changes.push({ action: 'update', type, name });
  }
  return { record: wanted, changes };
}

async function sourceOf(source: SetupOptions['source']): Promise<Source> {
  if ('bucket' in source) return { adapter: 's3', bucket: source.bucket };
  const { resolveFolder } = await import('../adapters/folder/images.ts');
  const root = resolveFolder(source.folder);
  if (!isWithin(root, await realPath(stacksFolder()))) return { adapter: 'folder', root };
  throw new RekbackError(
    'home-inside-folder',
    `the stack would be kept in '${home()}', inside the images' folder`,
    {
      exitCode: 2,
      suggestions: ['set REKBACK_HOME to a folder outside it: images are never touched'],
    },
  );
}

/** The record with what was named now. Where AWS is called is found out once, and changes only when it is named. */
async function withOptions(record: LocalRecord, options: SetupOptions): Promise<LocalRecord> {
  const { labeler = record.adapters.labeler.adapter, prefix = record.prefix, aws = {} } = options;
  const { calls: known, ...rest } = record;
  const wanted: LocalRecord = {
    ...rest,
    format: RECORD_FORMAT,
    ...(prefix !== undefined && { prefix }),
    adapters: { ...record.adapters, labeler: { adapter: labeler } },
  };
  if (labeler === 'keywords' && record.adapters.images.adapter === 'folder') return wanted;
  const isNamed = aws.region !== undefined || aws.profile !== undefined;
  const calls = known !== undefined && !isNamed ? known : await findCalls({ ...known, ...named(aws) });
  return { ...wanted, calls };
}

const named = ({ region, profile }: SessionOptions) => ({
  ...(region !== undefined && { region }),
  ...(profile !== undefined && { profile }),
});

async function findCalls(aws: SessionOptions): Promise<AwsCalls> {
  const { openSession } = await import('../aws/session.ts');
  const { region } = await openSession(aws);
  return { region, ...(aws.profile !== undefined && { profile: aws.profile }) };
}

/** Makes what the plan lists. An index that an earlier teardown kept is taken over. */
export async function applySetup({ record, changes }: SetupPlan): Promise<LocalStack> {
  const stack = openLocalStack(record);
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

type Source = LocalRecord['adapters']['images'];

const placeOf = (source: Source) => (source.adapter === 'folder' ? source.root : `s3://${source.bucket}`);

const newRecord = (images: Source, name: string): LocalRecord => ({
  format: RECORD_FORMAT,
  name,
  createdAt: new Date().toISOString(),
  adapters: {
    images,
    labeler: { adapter: images.adapter === 'folder' ? 'keywords' : 'rekognition' },
    index: { adapter: 'sqlite' },
    objects: { adapter: 'folder' },
    executor: { adapter: 'workers' },
  },
  settings: initialSettings(),
});

/** The stack that this is about already: the named one, or without a name the folder's or bucket's. */
function currentStack(
  stacks: readonly FoundStack[],
  place: string,
  name: string | undefined,
): LocalRecord | undefined {
  const records = stacks.flatMap((stack) =>
    'record' in stack && !isOnAws(stack.record) ? [stack.record] : [],
  );
  if (name === undefined) return records.find((record) => imagesOf(record) === place);
  const named = records.find((record) => record.name === name);
  if (named !== undefined && imagesOf(named) !== place) {
    throw nameTaken(name, `stack '${name}' is about '${imagesOf(named)}'`);
  }
  return named;
}

/** A name for the new stack that no other folder's or bucket's stack or kept index has. */
async function newName(
  stacks: readonly FoundStack[],
  source: Source,
  wanted: string | undefined,
): Promise<string> {
  if (wanted !== undefined) {
    const other = await indexOwner(checkStackName(wanted), source);
    if (other !== undefined) throw nameTaken(wanted, other);
    return wanted;
  }
  const taken = new Set(stacks.map(({ name }) => name));
  const base = nameFor(placeOf(source));
  for (let number = 1; ; number++) {
    const name = numberedName(base, number);
    if (!taken.has(name) && (await indexOwner(name, source)) === undefined) return name;
  }
}

/** What an index kept under this name is of, in a sentence, where that is another folder or bucket. */
async function indexOwner(name: string, source: Source): Promise<string | undefined> {
  const { folder, indexReader } = openLocalStack(newRecord(source, name));
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
