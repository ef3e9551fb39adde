import { eastAsianWidth } from 'get-east-asian-width';

let segmenter: Intl.Segmenter | undefined;

/** What a terminal shows as units: letters with their marks, emoji sequences. */
function graphemes(text: string): string[] {
  // Making a segmenter costs an eighth of the start of a command, and most tables need none.
  segmenter ??= new Intl.Segmenter();
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** Latin letters and our own …: one column each, and nothing to join. */
const SIMPLE = /^[\x20-\x7e\u00a1-\u00ac\u00ae-\u017f…]*$/;
const NO_WIDTH = /^[\p{M}\p{Cf}]+$/u;
const EMOJI = /\p{Emoji_Presentation}|\ufe0f/u;

/** Columns that a terminal gives a sanitised text. */
export function displayWidth(text: string): number {
  if (SIMPLE.test(text)) return text.length;
  return graphemes(text).reduce((width, grapheme) => width + graphemeWidth(grapheme), 0);
}

function graphemeWidth(grapheme: string): number {
  if (NO_WIDTH.test(grapheme)) return 0;
  if (EMOJI.test(grapheme)) return 2;
  return eastAsianWidth(grapheme.codePointAt(0) ?? 0);
}

/** Cuts out of the middle, so that the beginning of a path and its file name both stay. */
export function cutMiddle(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  const parts = SIMPLE.test(text) ? text.split('') : graphemes(text);
  const head = take(parts, Math.ceil((width - 1) / 2));
  const tail = take(parts.reverse(), width - 1 - displayWidth(head.join(''))).reverse();
  return `${head.join('')}…${tail.join('')}`;
}

/** Cuts off the end, for what is in order of weight. */
export function cutEnd(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  const parts = SIMPLE.test(text) ? text.split('') : graphemes(text);
  return `${take(parts, width - 1).join('')}…`;
}

/** The line as it fits a terminal; as it is where the stream is none, so that scripts find it whole. */
export const fitted = (
  line: string,
  indent: string,
  { isTTY, columns }: Pick<NodeJS.WriteStream, 'isTTY' | 'columns'> = process.stdout,
): string => (isTTY ? wrap(line, columns, indent).join('\n') : line);

/** Breaks a line at blanks, so that no part is wider unless a word is; those after the first are indented. */
function wrap(line: string, width: number, indent: string): string[] {
  const [first = '', ...words] = line.split(/(?<=\S) (?=\S)/);
  const lines = [first];
  for (const word of words) {
    const joined = `${lines.at(-1)} ${word}`;
    if (displayWidth(joined) <= width) lines[lines.length - 1] = joined;
    else lines.push(indent + word);
  }
  return lines;
}

function take(parts: readonly string[], width: number): string[] {
  const taken: string[] = [];
  let left = width;
  for (const grapheme of parts) {
    left -= graphemeWidth(grapheme);
    if (left < 0) break;
    taken.push(grapheme);
  }
  return taken;
}
