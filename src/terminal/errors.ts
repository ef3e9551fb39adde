import { RekbackError } from '../runtime/errors.ts';
import { type Palette, palette } from './colours.ts';
import { Interruption } from './interrupt.ts';
import { writeJson } from './output.ts';
import { sanitise, sanitiseLines } from './sanitise.ts';
import { isUsageError, usageError } from './usage.ts';

/** Any thrown value as scripts and people get to see it. */
export interface ReportedError {
  code: string;
  message: string;
  suggestions: readonly string[];
  /** Lines that point into what was typed, shown between message and suggestions. */
  excerpt?: string;
  exitCode: number;
}

/** What oclif throws to leave early with an exit code and nothing to say. */
export function quietExitCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'EEXIT') return undefined;
  return 'oclif' in error ? ((error.oclif as { exit?: number }).exit ?? 0) : 0;
}

export function describeError(error: unknown): ReportedError {
  if (error instanceof RekbackError) {
    const { code, message, suggestions, exitCode } = error;
    const excerpt = 'rendering' in error && typeof error.rendering === 'string' ? error.rendering : undefined;
    return { code, message, suggestions, exitCode, ...(excerpt === undefined ? {} : { excerpt }) };
  }
  if (isUsageError(error)) return describeError(usageError(error, 'rekback'));
  if (error instanceof Interruption) {
    return { code: 'interrupted', message: error.message, suggestions: [], exitCode: error.exitCode };
  }
  if (isDenial(error)) {
    return {
      code: 'aws-denied',
      message: `AWS does not allow it: ${error.message.replace(/\.$/, '')}`,
      suggestions: ['see which rights are missing: rekback doctor'],
      exitCode: 1,
    };
  }
  return {
    code: 'internal',
    message:
      error instanceof Error ? `unexpected ${error.name}: ${error.message}` : `unexpected ${String(error)}`,
    suggestions: ['Run it again with --verbose to see where this comes from.'],
    exitCode: 1,
  };
}

/** A missing right that nobody foresaw; whatever was being done, AWS's words name the action and the resource. */
const isDenial = (error: unknown): error is Error =>
  error instanceof Error && '$metadata' in error && /denied|unauthorized|forbidden/i.test(error.name);

/** `Error: message`, what it points at, what to do; with `verbose` its causes and, of our own mistakes, the stack. */
export function renderError(error: unknown, options: { verbose: boolean; colour?: Palette }): string {
  const { verbose, colour = palette(process.stderr) } = options;
  const { code, message, suggestions, excerpt } = describeError(error);
  const stack = verbose && code === 'internal' && error instanceof Error ? error.stack : undefined;
  if (code === 'declined') return `${capitalise(message)}.`;
  const lines = [`${colour.bad('Error:')} ${sanitise(message)}`];
  if (excerpt !== undefined) lines.push('', sanitiseLines(excerpt));
  if (verbose) lines.push(...causes(error).map((cause) => colour.dim(`Caused by: ${sanitise(cause)}`)));
  if (stack !== undefined) lines.push(colour.dim(sanitiseLines(stack)));
  else if (suggestions.length > 0) {
    lines.push('', colour.bold('What to do:'), ...suggestions.map((line) => `  ${sanitiseLines(line)}`));
  }
  return lines.join('\n');
}

/** Tells a person on stderr or a script on stdout, and returns the exit code. */
export function reportError(error: unknown, options: { json: boolean; verbose: boolean }): number {
  const quiet = quietExitCode(error);
  if (quiet !== undefined) return quiet;
  const { code, message, suggestions, exitCode } = describeError(error);
  if (options.json) writeJson({ error: { code, message, suggestions } });
  if (!options.json || options.verbose) process.stderr.write(`${renderError(error, options)}\n`);
  return exitCode;
}

/** The causes of an error, outermost first, with what AWS support asks for. */
function causes(error: unknown): string[] {
  const found: string[] = [];
  const seen = new Set<unknown>();
  for (let at = error; at instanceof Error && !seen.has(at); at = at.cause) {
    seen.add(at);
    const described = at === error ? '' : `${at.name}: ${at.message}`;
    const line = [described, requestDetails(at)].filter(Boolean).join(' ');
    if (line !== '') found.push(line);
  }
  return found;
}

function requestDetails(error: Error): string {
  if (!('$metadata' in error) || typeof error.$metadata !== 'object' || error.$metadata === null) return '';
  const { httpStatusCode, requestId } = error.$metadata as { httpStatusCode?: number; requestId?: string };
  return `(HTTP ${httpStatusCode ?? 'unknown'}, request id ${requestId ?? 'unknown'})`;
}

function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
