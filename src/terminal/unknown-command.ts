import type { Hook } from '@oclif/core/hooks';
import { RekbackError } from '../runtime/errors.ts';
import { closest } from './closest.ts';

/** The first words of what was typed that could name a command, and the commands they may have been meant as. */
export function unknownCommand(typed: readonly string[], commands: readonly string[]): RekbackError {
  const [first = ''] = typed;
  if (first.startsWith('-')) {
    return new RekbackError('usage', `${first} stands before the command`, {
      suggestions: [
        'Write flags after the command: rekback search dog --json.',
        'Run rekback --help to see all commands.',
      ],
      exitCode: 2,
    });
  }
  const isTopic = commands.some((command) => command.startsWith(`${first} `));
  const meant = commands.filter((command) =>
    command.split(' ').every((word, index) => closest(typed[index] ?? '', [word]).length > 0),
  );
  return new RekbackError('usage', `unknown command ${isTopic ? typed.slice(0, 2).join(' ') : first}`, {
    suggestions: [
      ...meant.slice(0, 3).map((command) => `Did you mean rekback ${command}?`),
      isTopic
        ? `Run rekback ${first} --help to see its commands.`
        : 'Run rekback --help to see all commands.',
    ],
    exitCode: 2,
  });
}

/** oclif calls this for what is neither a command nor a topic, with the words joined by colons. */
const hook: Hook.CommandNotFound = async ({ id, config }) => {
  const commands = config.commands
    .filter((command) => !command.hidden)
    .map(({ id }) => id.replaceAll(':', ' '));
  throw unknownCommand(id.split(':'), commands);
};

export default hook;
