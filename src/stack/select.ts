import { readdir } from 'node:fs/promises';
import type { Session, SessionOptions } from '../aws/session.ts';
import { RekbackError } from '../runtime/errors.ts';
import type { AwsStack } from './find-aws.ts';
import { stackFolder, stacksFolder } from './home.ts';
import { type Pointer, readPointers, removePointer } from './pointers.ts';
import { isOnAws, type LocalRecord, readRecord, type StackRecord } from './record.ts';

/** A local stack, or why its record can't be used: one that is damaged must not keep the others from working. */
export type FoundStack = { name: string } & ({ record: StackRecord } | { problem: RekbackError });

/**
 * All local stacks, by name.
 * @throws RekbackError `home-unreadable`
 */
export async function findStacks(): Promise<FoundStack[]> {
  const { openFolderObjects } = await import('../adapters/folder/objects.ts');
  const names = await readdir(stacksFolder()).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new RekbackError('home-unreadable', `'${stacksFolder()}' can't be read`, {
      cause: error,
      suggestions: ['set REKBACK_HOME to the folder that holds your stacks'],
    });
  });
  const stacks: FoundStack[] = [];
  for (const name of names.sort()) {
    try {
      const record = await readRecord(openFolderObjects(stackFolder(name)), name);
      if (record !== undefined) stacks.push({ name, record });
    } catch (error) {
      if (!(error instanceof RekbackError)) throw error;
      stacks.push({ name, problem: error });
    }
  }
  return stacks;
}

/** A stack on this machine, or one on AWS with the session that it was found in. */
export type Selected = { local: LocalRecord } | { aws: AwsStack; session: Session };

/**
 * The stack a command is about: the one named, or the only one. AWS is asked only where a stack there is known on this
 * machine, where there is none here at all, or where a Region or profile is named.
 *
 * @throws RekbackError `unknown-stack`, `no-stack` or `which-stack`, exit 2; `stack-damaged`; those of `openSession`
 */
export async function selectStack(name: string | undefined, where: SessionOptions = {}): Promise<Selected> {
  if (where.region !== undefined || where.profile !== undefined) return onAws(name, where);
  const stacks = await findStacks();
  const pointers = await readPointers();
  if (stacks.length === 0 && pointers.length === 0) return onAws(name, where);
  const fits = (stack: { name: string }) => name === undefined || stack.name === name;
  let candidates = [...stacks.filter(fits), ...pointers.filter(fits)];
  if (candidates.length === 0) throw unknownStack(name ?? '', [...stacks, ...pointers]);
  // A stack that was removed from another machine must not keep this one from knowing which is meant.
  if (candidates.length > 1)
    candidates = [...stacks.filter(fits), ...(await stillThere(pointers.filter(fits)))];
  const [first] = candidates;
  if (first === undefined) throw noStack(name);
  if (candidates.length > 1) throw whichStack(candidates);
  return 'region' in first ? pointedTo(first) : { local: localRecordOf(first) };
}

/** Without those that lead to nothing, which are forgotten. Where AWS can't be asked, a pointer stays. */
async function stillThere(pointers: readonly Pointer[]): Promise<Pointer[]> {
  const answers = await Promise.all(
    pointers.map((pointer) => pointedTo(pointer).catch((error: unknown) => error)),
  );
  return pointers.filter((_, index) => {
    const answer = answers[index];
    return !(answer instanceof RekbackError && answer.code === 'no-stack');
  });
}

/**
 * The stack on this machine that is to be followed.
 * @throws RekbackError as `selectStack`; `not-followed` for a stack on AWS
 */
export async function selectLocalStack(name: string | undefined): Promise<LocalRecord> {
  const selected = await selectStack(name);
  if ('local' in selected) return selected.local;
  throw new RekbackError(
    'not-followed',
    `the changes of the AWS stack '${selected.aws.name}' are followed on AWS`,
    { suggestions: ['see how: rekback live status'] },
  );
}

async function onAws(name: string | undefined, where: SessionOptions): Promise<Selected> {
  const { openSession } = await import('../aws/session.ts');
  const session = await openSession(where).catch((error: unknown) => {
    const isNamed = where.region !== undefined || where.profile !== undefined;
    throw isAwsUnset(error) && !isNamed ? noStack(name) : error;
  });
  const { findAwsStacks, readAwsStack } = await import('./find-aws.ts');
  if (name !== undefined) {
    const stack = await readAwsStack(session, name, { evenDamaged: true });
    if (stack === undefined) throw noStack(name, session);
    return { aws: stack, session };
  }
  const found = await findAwsStacks(session);
  // Buckets are listed by tag for hours after they are gone.
  const read = await Promise.all(
    found.map((stack) => readAwsStack(session, stack.name, { evenDamaged: true })),
  );
  const [stack, ...others] = read.filter((each) => each !== undefined);
  if (stack === undefined) throw noStack(name, session);
  if (others.length > 0) throw whichStack([stack, ...others]);
  return { aws: stack, session };
}

/** Somebody who never set AWS up has no stack there, rather than a problem with AWS. */
export const isAwsUnset = (error: unknown): boolean =>
  error instanceof RekbackError && /^no-(region|credentials)$/.test(error.code);

async function pointedTo(pointer: Pointer): Promise<Selected> {
  const { openSession } = await import('../aws/session.ts');
  const { readAwsStack } = await import('./find-aws.ts');
  const session = await openSession({ region: pointer.region, profile: pointer.profile });
  if (session.account !== pointer.account) {
    throw new RekbackError(
      'other-account',
      `stack '${pointer.name}' is in the account ${pointer.account}, the credentials are of ${session.account}`,
      { suggestions: ['log in to that account, or name a profile of it: --profile NAME'] },
    );
  }
  const stack = await readAwsStack(session, pointer.name, { evenDamaged: true });
  if (stack !== undefined) return { aws: stack, session };
  await removePointer(pointer);
  throw noStack(pointer.name, session);
}

function localRecordOf(stack: FoundStack): LocalRecord {
  if ('problem' in stack) throw stack.problem;
  if (!isOnAws(stack.record)) return stack.record;
  throw new RekbackError('stack-damaged', `the record of stack '${stack.name}' is of a stack on AWS`);
}

function noStack(name: string | undefined, session?: Session): RekbackError {
  const where = session === undefined ? '' : ` in ${session.region}, account ${session.account}`;
  return new RekbackError(
    'no-stack',
    `there is no stack ${name === undefined ? 'yet' : `'${name}'`}${where}`,
    {
      exitCode: 2,
      suggestions:
        session === undefined
          ? ['make one with: rekback setup --folder DIR', 'or see it all at once: rekback try DIR']
          : [
              'make one with: rekback setup --bucket BUCKET, or rekback setup --folder DIR',
              'or say where else it is: --region REGION, --profile NAME',
            ],
    },
  );
}

const unknownStack = (name: string, stacks: readonly { name: string }[]) =>
  new RekbackError('unknown-stack', `there is no stack '${name}'`, {
    exitCode: 2,
    suggestions: [
      `choose one of: ${stacks.map((stack) => stack.name).join(', ')}`,
      'or, for one on AWS, name its Region with --region',
    ],
  });

/** Two Regions may have stacks of one name, and this machine one, too. */
function whichStack(stacks: readonly (Pointer | { name: string })[]): RekbackError {
  const names = stacks.map((stack) => ('region' in stack ? `${stack.name} (${stack.region})` : stack.name));
  const isOneName = new Set(stacks.map(({ name }) => name)).size < stacks.length;
  return new RekbackError('which-stack', `there are ${stacks.length} stacks: ${names.join(', ')}`, {
    exitCode: 2,
    suggestions: [
      'name one with --stack NAME or the variable REKBACK_STACK',
      ...(isOneName ? ['and, for one on AWS, its Region with --region REGION'] : []),
    ],
  });
}
