import { RekbackError } from '../errors.ts';

/** A query that can't be read: code `query-syntax`, exit code 2. */
export class QueryError extends RekbackError {
  override readonly name = 'QueryError';
  readonly query: string;
  /** Where, in UTF-16 units from the start of the query; its length when something is missing at the end. */
  readonly offset: number;
  /** Two lines for a person: the query, made harmless for a terminal, and a caret under the place. */
  readonly rendering: string;

  constructor(message: string, query: string, offset: number, suggestions: readonly string[] = []) {
    super('query-syntax', message, {
      suggestions: [...suggestions, 'rekback help query shows the syntax with examples'],
      exitCode: 2,
    });
    this.query = query;
    this.offset = offset;
    this.rendering = pointAt(query, offset);
  }
}

/**
 * Text that is safe to print: every control, bidi and invisible character and half surrogate is replaced by one visible character.
 * Joiners stay, because emoji and several scripts are written with them.
 */
export function display(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    if (code === 0x7f) return '\u2421';
    return code === 0x200c || code === 0x200d ? character : '\ufffd';
  });
}

/** Columns of the query that are shown on either side of the caret, so that a long query does not wrap. */
const BEFORE = 48;
const AFTER = 24;
/** UTF-16 units that are looked at for them: segmenting a long query whole takes seconds. */
const NEAR = 500;

function pointAt(query: string, offset: number): string {
  const before = clip(cells(query.slice(Math.max(0, offset - NEAR), offset)).reverse(), BEFORE);
  const after = clip(cells(query.slice(offset, offset + NEAR)), AFTER);
  const start = (before.clipped ? '…' : '') + before.kept.reverse().join('');
  const column = before.columns + (before.clipped ? 1 : 0);
  return `${start}${after.kept.join('')}${after.clipped ? '…' : ''}\n${' '.repeat(column)}^`;
}

/** What a terminal shows as units: letters with their marks, emoji sequences. */
const cells = (text: string) =>
  Array.from(new Intl.Segmenter().segment(display(text)), (part) => part.segment);

function clip(graphemes: string[], limit: number) {
  let columns = 0;
  let count = 0;
  for (const grapheme of graphemes) {
    if (columns + width(grapheme) > limit) break;
    columns += width(grapheme);
    count++;
  }
  return { kept: graphemes.slice(0, count), columns, clipped: count < graphemes.length };
}

/** East Asian Wide and Fullwidth, by block: Unicode's EastAsianWidth.txt, unassigned code points rounded in. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1b000}-\u{1b2ff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}|\ufe0f/u;
const NO_WIDTH = /^[\p{M}\u200c\u200d]+$/u;

function width(grapheme: string): number {
  if (NO_WIDTH.test(grapheme)) return 0;
  return WIDE.test(grapheme) ? 2 : 1;
}
