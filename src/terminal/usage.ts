import { stripVTControlCharacters } from 'node:util';
import { RekbackError } from '../runtime/errors.ts';
import { closest } from './closest.ts';

/** What we read of oclif's errors about flags and arguments. */
interface OclifError extends Error {
  oclif?: { exit?: number };
  flags?: unknown;
  args?: unknown;
}

/** How oclif wraps an error of a flag's own parse function, whoever threw it. */
const PARSING = /^Parsing (--\S+)\s+/;

/** True for what a person typed wrongly; what oclif can't load ends with 1. */
export function isUsageError(error: unknown): error is OclifError {
  if (!(error instanceof Error)) return false;
  return (error as OclifError).oclif?.exit === 2 || PARSING.test(error.message);
}

/**
 * What was wrong with a command line, in the form that all our errors have. What a flag's parse function threw as a
 * `RekbackError` keeps its code and suggestions.
 *
 * @param command as it is typed: `rekback backfill now`; `rekback` alone while it isn't known
 * @param flags names of the flags that the command has
 */
export function usageError(error: OclifError, command: string, flags: readonly string[] = []): RekbackError {
  if (error instanceof RekbackError) {
    const { code, suggestions, exitCode } = error;
    return new RekbackError(code, plainMessage(error.message), { suggestions, exitCode });
  }
  const unknown = Array.isArray(error.flags) ? error.flags.map(String) : [];
  const known = flags.map((name) => `--${name}`);
  const meant = unknown.flatMap((flag) => closest(flag.split('=', 1)[0] ?? flag, known));
  return new RekbackError('usage', usageMessage(error, unknown), {
    suggestions: [
      ...meant.map((flag) => `Did you mean ${flag}?`),
      `Run ${command} --help to see what can be written here.`,
    ],
    exitCode: 2,
  });
}

function usageMessage(error: OclifError, unknownFlags: readonly string[]): string {
  if (unknownFlags.length > 0) return `unknown flag ${unknownFlags.join(', ')}`;
  if (!Array.isArray(error.args)) return plainMessage(error.message);
  const missing = error.args.flatMap((arg: unknown) =>
    typeof arg === 'object' && arg !== null && 'name' in arg ? [String(arg.name).toUpperCase()] : [],
  );
  return missing.length > 0
    ? `missing ${missing.join(' and ')}`
    : `unexpected argument ${error.args.join(' ')}`;
}

/** oclif's words without what it wraps around them: one line, no capital, no period. */
function plainMessage(message: string): string {
  const lowerFirst = (text: string) => text.replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());
  const words = stripVTControlCharacters(message)
    .replace(/\s*See more help with --help\s*$/, '')
    .replace(/^The following errors? occurred:\s*/, '')
    .replace(/\s*\n\s*/g, ' ')
    .replace(/\.$/, '');
  const flag = PARSING.exec(words);
  return flag ? `${flag[1]}: ${lowerFirst(words.slice(flag[0].length))}` : lowerFirst(words);
}
