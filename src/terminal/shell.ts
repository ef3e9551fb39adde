import { sanitise } from './sanitise.ts';

/** Words that a POSIX shell takes as they are. */
const PLAIN_WORDS = /^[\w@%+=:,./-]+( [\w@%+=:,./-]+)*$/;

/** A text as it can be pasted into a POSIX shell: plain words stay, anything else becomes one quoted word. */
export function shellWords(text: string): string {
  const safe = sanitise(text);
  return PLAIN_WORDS.test(safe) ? safe : `'${safe.replaceAll("'", `'\\''`)}'`;
}
