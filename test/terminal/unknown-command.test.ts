import { expect, test } from 'vitest';
import { unknownCommand } from '../../src/terminal/unknown-command.ts';

const commands = ['backfill now', 'backfill list', 'backfill show', 'search', 'status', 'stacks'];

test.each([
  [['serch', 'dog'], 'unknown command serch', 'Did you mean rekback search?'],
  [['backfil', 'now', 'photos'], 'unknown command backfil', 'Did you mean rekback backfill now?'],
  [['backfill', 'nwo'], 'unknown command backfill nwo', 'Did you mean rekback backfill now?'],
  [['backfill', 'zap'], 'unknown command backfill zap', 'Run rekback backfill --help to see its commands.'],
  [['fly'], 'unknown command fly', 'Run rekback --help to see all commands.'],
  [
    ['--quiet'],
    '--quiet stands before the command',
    'Write flags after the command: rekback search dog --json.',
  ],
])('%j', (typed, message, suggestion) => {
  const error = unknownCommand(typed, commands);
  expect(error.message).toBe(message);
  expect(error.suggestions[0]).toBe(suggestion);
  expect({ code: error.code, exitCode: error.exitCode }).toEqual({ code: 'usage', exitCode: 2 });
});
