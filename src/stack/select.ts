import { readdir } from 'node:fs/promises';
import { RekbackError } from '../runtime/errors.ts';
import { stackFolder, stacksFolder } from './home.ts';
import { readRecord, type StackRecord } from './record.ts';

/** Records of all local stacks, by name. */
export async function listStacks(): Promise<StackRecord[]> {
  const { openFolderObjects } = await import('../adapters/folder/objects.ts');
  const names = await readdir(stacksFolder()).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new RekbackError('home-unreadable', `'${stacksFolder()}' can't be read`, {
      cause: error,
      suggestions: ['set REKBACK_HOME to the folder that holds your stacks'],
    });
  });
  const records: StackRecord[] = [];
  for (const name of names.sort()) {
    const record = await readRecord(openFolderObjects(stackFolder(name)));
    if (record !== undefined) records.push(record);
  }
  return records;
}

/**
 * The stack a command is about: the one named, or the only one.
 *
 * @throws RekbackError `unknown-stack`, `no-stack` or `which-stack`, exit 2
 */
export async function selectStack(name: string | undefined): Promise<StackRecord> {
  const records = await listStacks();
  const [first] = records;
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
  const names = records.map((record) => record.name).join(', ');
  if (name !== undefined) {
    const named = records.find((record) => record.name === name);
    if (named !== undefined) return named;
    throw new RekbackError('unknown-stack', `there is no stack '${name}'`, {
      exitCode: 2,
      suggestions: [`choose one of: ${names}`],
    });
  }
  if (records.length === 1) return first;
  throw new RekbackError('which-stack', `there are ${records.length} stacks: ${names}`, {
    exitCode: 2,
    suggestions: ['name one with --stack NAME or the variable REKBACK_STACK'],
  });
}
