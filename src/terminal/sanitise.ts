/**
 * Control and bidirectional characters (which move the cursor, recolour or reorder what a person reads), line and
 * paragraph separators, and lone surrogates (which no terminal can show). Escape-stripping packages leave carriage
 * return, backspace, C1 and bidi characters, hence our own.
 */
const UNPRINTABLE = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}\p{Cs}]/gu;

const SHORT: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

function escapeCharacter(character: string): string {
  const code = character.charCodeAt(0);
  const hex = code.toString(16);
  return SHORT[character] ?? (code < 0x100 ? `\\x${hex.padStart(2, '0')}` : `\\u${hex.padStart(4, '0')}`);
}

/**
 * A key, label or other foreign text as one printable line. Unprintable characters become `\n`, `\x1b`, `\u202e`; a
 * backslash is doubled, so that two different texts never look the same.
 */
export function sanitise(text: string): string {
  return text.replaceAll('\\', '\\\\').replace(UNPRINTABLE, escapeCharacter);
}

/** A message of our own that may quote foreign text: its line breaks stay, backslashes too (a caret below must fit). */
export function sanitiseLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.replace(UNPRINTABLE, escapeCharacter))
    .join('\n');
}
