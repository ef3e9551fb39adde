import { stripVTControlCharacters } from 'node:util';
import { closest } from './closest.ts';

/** What we read of oclif's errors about flags and arguments. */
interface OclifError extends Error {
  oclif?: { exit?: number };
  flags?: unknown;
  args?: unknown;
  parse?: { input?: { flags?: Record<string, unknown>; context?: { id?: string } } };
}

/** How oclif marks an error of a flag's own parse function, whoever threw it. */
const PARSING = /^Parsing (--\S+)\s+/;
const SEE_HELP = /\s*See more help with --help\s*$/;

/** oclif ends with 2 what a person typed wrongly, and with 1 what it can't load. */
export function isUsageError(error: unknown): error is OclifError {
  if (!(error instanceof Error)) return false;
  return (error as OclifError).oclif?.exit === 2 || PARSING.test(error.message);
}

/** A message without what oclif wraps around it, in the form that all our errors have: one line, no capital. */
export function plainMessage(message: string): string {
  return stripVTControlCharacters(message)
    .replace(SEE_HELP, '')
    .replace(PARSING, '$1: ')
    .replace(/^The following errors? occurred:\s*/, '')
    .replace(/\s*\n\s*/g, ' ')
    .replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());
}

/** What was wrong with the command line, and what to do about it. */
export function describeUsageError(error: OclifError): { message: string; suggestions: string[] } {
  const { flags = {}, context } = error.parse?.input ?? {};
  const command = context?.id === undefined ? 'rekback' : `rekback ${context.id.replaceAll(':', ' ')}`;
  const unknown = Array.isArray(error.flags) ? error.flags.map(String) : [];
  const known = Object.keys(flags).map((name) => `--${name}`);
  return {
    message: usageMessage(error, unknown),
    suggestions: [
      ...unknown
        .flatMap((flag) => closest(flag.split('=', 1)[0] ?? flag, known))
        .map((flag) => `Did you mean ${flag}?`),
      `Run ${command} --help to see its flags and arguments.`,
    ],
  };
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
