import { readdir } from 'node:fs/promises';
import { RekbackError } from '../runtime/errors.ts';
import { stackFolder, stacksFolder } from './home.ts';
import { readRecord, type StackRecord } from './record.ts';

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

/**
 * The stack a command is about: the one named, or the only one.
 *
 * @throws RekbackError `unknown-stack`, `no-stack` or `which-stack`, exit 2; `stack-damaged`
 */
export async function selectStack(name: string | undefined): Promise<StackRecord> {
  const stacks = await findStacks();
  const [first] = stacks;
  if (first === undefined) {
    throw new RekbackError(
      'no-stack',
      name === undefined ? 'there is no stack yet' : `there is no stack '${name}'`,
      {
        exitCode: 2,
        suggestions: ['make one with: rekback setup --folder DIR', 'or see it all at once: rekback try DIR'],
      },
    );
  }
  const names = stacks.map((stack) => stack.name).join(', ');
  if (name !== undefined) {
    const named = stacks.find((stack) => stack.name === name);
    if (named !== undefined) return recordOf(named);
    throw new RekbackError('unknown-stack', `there is no stack '${name}'`, {
      exitCode: 2,
      suggestions: [`choose one of: ${names}`],
    });
  }
  if (stacks.length === 1) return recordOf(first);
  throw new RekbackError('which-stack', `there are ${stacks.length} stacks: ${names}`, {
    exitCode: 2,
    suggestions: ['name one with --stack NAME or the variable REKBACK_STACK'],
  });
}

function recordOf(stack: FoundStack): StackRecord {
  if ('problem' in stack) throw stack.problem;
  return stack.record;
}
