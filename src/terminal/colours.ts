import picocolors from 'picocolors';

/** What colours depend on of a stream; `process.stdout` and `process.stderr` fit. */
export interface ColourStream {
  isTTY?: boolean | undefined;
}

export interface Palette {
  bold(text: string): string;
  dim(text: string): string;
  good(text: string): string;
  bad(text: string): string;
  notice(text: string): string;
}

/**
 * True where escape sequences belong on this stream. `NO_COLOR` wins over `FORCE_COLOR`, which wins over the rest.
 * picocolors decides only once and only for stdout, and takes `CI` for a terminal; progress and errors go to stderr.
 */
export function wantsColour(stream: ColourStream, env: NodeJS.ProcessEnv = process.env): boolean {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false';
  return stream.isTTY === true && env.TERM !== 'dumb';
}

/** Red, green and magenta are the hues that can be read on a white and on a black background; yellow and cyan can't. */
export function palette(stream: ColourStream, env: NodeJS.ProcessEnv = process.env): Palette {
  const { bold, dim, green, red, magenta } = picocolors.createColors(wantsColour(stream, env));
  return { bold, dim, good: green, bad: red, notice: magenta };
}
