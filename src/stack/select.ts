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
  const candidates = [...stacks.filter(fits), ...pointers.filter(fits)];
  const [first] = candidates;
  if (first === undefined) throw unknownStack(name ?? '', [...stacks, ...pointers]);
  if (candidates.length > 1) throw whichStack(candidates);
  return 'region' in first ? pointedTo(first) : { local: localRecordOf(first) };
}

/**
 * The stack a command on this machine is about.
 * @throws RekbackError as `selectStack`; `not-on-aws` for a stack on AWS
 */
export async function selectLocalStack(name: string | undefined): Promise<LocalRecord> {
  const selected = await selectStack(name);
  if ('local' in selected) return selected.local;
  throw new RekbackError(
    'not-on-aws',
    `this command can't work on the AWS stack '${selected.aws.name}' yet`,
    {
      suggestions: ['what works: rekback setup, status, teardown, doctor'],
    },
  );
}

async function onAws(name: string | undefined, where: SessionOptions): Promise<Selected> {
  const { openSession } = await import('../aws/session.ts');
  const session = await openSession(where).catch((error: unknown) => {
    // Somebody who never set AWS up has no stack, rather than a problem with AWS.
    const isUnset = error instanceof RekbackError && /^no-(region|credentials)$/.test(error.code);
    const isNamed = where.region !== undefined || where.profile !== undefined;
    throw isUnset && !isNamed ? noStack(name) : error;
  });
  const { findAwsStacks, readAwsStack } = await import('./find-aws.ts');
  if (name !== undefined) {
    const stack = await readAwsStack(session, name);
    if (stack === undefined) throw noStack(name, session);
    return { aws: stack, session };
  }
  const found = await findAwsStacks(session);
  if (found.length > 1) throw whichStack(found);
  // Buckets are listed by tag for hours after they are gone.
  const stack = found[0] && (await readAwsStack(session, found[0].name));
  if (stack === undefined) throw noStack(name, session);
  return { aws: stack, session };
}

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
  const stack = await readAwsStack(session, pointer.name);
  if (stack !== undefined) return { aws: stack, session };
  await removePointer(pointer);
  throw noStack(pointer.name, session);
}

function localRecordOf(stack: FoundStack): LocalRecord {
  if ('problem' in stack) throw stack.problem;
  if (!isOnAws(stack.record)) return stack.record;
  throw new RekbackError('stack-damaged', `the record of stack '${stack.name}' is of a stack on AWS`);
}

const noStack = (name: string | undefined, session?: Session) =>
  new RekbackError(
    'no-stack',
    `there is no stack ${name === undefined ? 'yet' : `'${name}'`}${session === undefined ? '' : ` in ${session.region}, account ${session.account}`}`,
    {
      exitCode: 2,
      suggestions: ['make one with: rekback setup --folder DIR', 'or see it all at once: rekback try DIR'],
    },
  );

const unknownStack = (name: string, stacks: readonly { name: string }[]) =>
  new RekbackError('unknown-stack', `there is no stack '${name}'`, {
    exitCode: 2,
    suggestions: [
      `choose one of: ${stacks.map((stack) => stack.name).join(', ')}`,
      'or, for one on AWS, name its Region with --region',
    ],
  });

const whichStack = (stacks: readonly { name: string }[]) =>
  new RekbackError(
    'which-stack',
    `there are ${stacks.length} stacks: ${stacks.map((stack) => stack.name).join(', ')}`,
    { exitCode: 2, suggestions: ['name one with --stack NAME or the variable REKBACK_STACK'] },
  );
