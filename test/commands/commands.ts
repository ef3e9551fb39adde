import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { builtCli } from '../cli.ts';

interface ManifestFlag {
  name: string;
  type: 'boolean' | 'option';
  char?: string;
  aliases?: readonly string[];
  required?: boolean;
  default?: unknown;
  options?: readonly string[];
  env?: string;
  exclusive?: readonly string[];
  dependsOn?: readonly string[];
}

interface ManifestArg {
  name: string;
  required?: boolean;
  multiple?: boolean;
  options?: readonly string[];
}

export interface Command {
  /** As it is typed: `backfill now`. */
  name: string;
  flags: Readonly<Record<string, ManifestFlag>>;
  args: Readonly<Record<string, ManifestArg>>;
}

/** All our commands, from the manifest, so that no test can forget a new one. */
export async function allCommands(): Promise<Command[]> {
  const manifest: { commands: Record<string, Omit<Command, 'name'>> } = JSON.parse(
    await readFile(join(await builtCli(), 'oclif.manifest.json'), 'utf8'),
  );
  return Object.entries(manifest.commands)
    .map(([id, { flags, args }]) => ({ name: id.replaceAll(':', ' '), flags, args }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What a required argument or flag of that name may be, in a workspace with a folder `photos`. */
const VALUES: Readonly<Record<string, string>> = {
  assignment: 'rate=0',
  folder: 'photos',
  key: 'animals/puppy.jpg',
  query: 'dog',
  state: 'failed',
};

/** What makes a command do its work and end although nobody is asked and nobody presses Ctrl-C. */
const EXTRA: Readonly<Record<string, readonly string[]>> = {
  estimate: ['--folder', 'photos'],
  live: ['--once'],
  setup: ['--folder', 'photos'],
  teardown: ['--yes'],
};

/** The shortest complete command line of a command. */
export function commandLine({ name, flags, args }: Command): string[] {
  const sample = (what: string) => {
    const value = VALUES[what];
    if (value === undefined) throw new Error(`'${name}' needs '${what}': add a value for it to VALUES`);
    return value;
  };
  const needed = <Thing extends { required?: boolean }>(things: Readonly<Record<string, Thing>>) =>
    Object.entries(things).flatMap(([what, { required }]) => (required ? [what] : []));
  return [
    ...name.split(' '),
    ...needed(args).map(sample),
    ...needed(flags).flatMap((flag) => [`--${flag}`, sample(flag)]),
    ...(EXTRA[name] ?? []),
  ];
}

/** Whether a command is about a stack that must be there already. */
export const needsStack = ({ name, flags }: Command): boolean =>
  'stack' in flags && !['doctor', 'setup', 'try'].includes(name);

/** Whether a command works only with what is on AWS; of a stack on this machine it says so. */
export const onlyOnAws = ({ name }: Command): boolean => /^(logs|live .+)$/.test(name);

/** Whether a command looks at stacks at all; the doctor looks at AWS. */
export const readsHome = ({ name, flags }: Command): boolean =>
  ('stack' in flags && name !== 'doctor') || name === 'stacks';

/** The codes that a command may end with where all is well; for the doctor it is a problem that no AWS is set up. */
export const goodEnds = ({ name }: Command): readonly number[] => (name === 'doctor' ? [1] : [0, 3]);
