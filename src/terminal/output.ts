import { once } from 'node:events';

let reader: 'there' | 'gone' = 'there';

/**
 * A closed pipe (`rekback … | head`) must neither end a command that still has something to do nor print a stack trace.
 * Anything else that keeps us from writing, such as a full disk, is an error.
 */
export function guardOutput(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    reader = 'gone';
    if (error.code === 'EPIPE') return;
    process.stderr.write(`Error: can't write to standard output: ${error.message}\n`);
    process.exit(1);
  });
  process.stderr.on('error', () => {});
}

/** Whether nobody reads standard output any more; known only after something was written to it. */
export const readerHasGone = (): boolean => reader === 'gone';

/** Sends what anything prints through the console to stderr: under `--json` stdout carries one JSON value and no more. */
export function keepStdoutForJson(): void {
  const { error } = console;
  Object.assign(console, { log: error, info: error, debug: error, dir: error, table: error });
}

/** Characters that JSON leaves raw although a terminal may act on them. */
const RISKY_IN_JSON = /[\u007f-\u009f\u2028\u2029\p{Bidi_Control}]/gu;

/** Exact JSON that is also safe to look at: indented on a terminal, one line elsewhere. */
export function jsonText(value: unknown, indent: boolean): string {
  return JSON.stringify(value, null, indent ? 2 : 0).replace(
    RISKY_IN_JSON,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** Writes the one JSON value of a `--json` command, or its error. */
export function writeJson(value: object): void {
  process.stdout.write(`${jsonText({ schemaVersion: 1, ...value }, process.stdout.isTTY === true)}\n`);
}

/**
 * Writes to stdout and waits while its reader is slow, so that a long stream takes constant memory.
 * False once the reader has gone: the caller may stop.
 */
export async function writeAndDrain(text: string): Promise<boolean> {
  if (reader === 'there' && !process.stdout.write(text)) {
    // A reader that leaves while we wait is reported as an error instead of a drain.
    await once(process.stdout, 'drain').catch(() => {});
  }
  return reader === 'there';
}

/** Resolves when everything written so far has left the process: `process.exit` drops what a pipe hasn't taken yet. */
export async function flushOutput(): Promise<void> {
  await Promise.all(
    [process.stdout, process.stderr].map(
      (stream) => new Promise<void>((resolve) => stream.write('', () => resolve())),
    ),
  );
}
