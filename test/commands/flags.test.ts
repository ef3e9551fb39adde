import { expect, test } from 'vitest';
import { allCommands, type Command } from './commands.ts';

const commands = await allCommands();
const GLOBAL = ['json', 'progress', 'quiet', 'verbose'];

/** Everything about a command that a script may depend on, one line per argument and flag. */
function interfaceOf({ name, args, flags }: Command): string {
  const lines = Object.values(args).map(
    (arg) => `  ${arg.name.toUpperCase()}${arg.multiple ? '…' : ''}${arg.required ? '' : ' (optional)'}`,
  );
  for (const flag of Object.values(flags).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (GLOBAL.includes(flag.name)) continue;
    const value = flag.type === 'boolean' ? '' : `=${flag.options?.join('|') ?? 'VALUE'}`;
    const facts = [
      flag.required ? 'required' : '',
      flag.default === undefined ? '' : `default ${flag.default}`,
      flag.env === undefined ? '' : `env ${flag.env}`,
      ...[flag.char ?? [], flag.aliases ?? []].flat().map((short) => `also -${short}`),
      ...(flag.exclusive ?? []).map((other) => `not with --${other}`),
      ...(flag.dependsOn ?? []).map((other) => `only with --${other}`),
    ].filter((fact) => fact !== '');
    lines.push(`  --${flag.name}${value}${facts.length === 0 ? '' : ` (${facts.join(', ')})`}`);
  }
  return [name, ...lines].join('\n');
}

test('names, types, defaults and options of every argument and flag', async () => {
  await expect(`${commands.map(interfaceOf).join('\n')}\n`).toMatchFileSnapshot('flags.snapshot.txt');
});

test.each(commands)('$name has the flags that every command has', ({ flags }) => {
  for (const flag of GLOBAL) expect(flags).toHaveProperty(flag);
  expect(flags.progress).toMatchObject({ options: ['auto', 'plain', 'json', 'none'], default: 'auto' });
});
