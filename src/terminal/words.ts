/** What matters of a flag here; oclif's definitions fit. */
interface FlagShape {
  type: 'boolean' | 'option';
  char?: string | undefined;
  aliases?: string[] | undefined;
  charAliases?: string[] | undefined;
  allowNo?: boolean | undefined;
}

/**
 * Splits the arguments of a command whose words may begin with a dash (`search dog -cat`): oclif takes every such token
 * for a flag, `-cat` even for `-c` with the value `at`. Here a short flag is one dash and one letter, alone; any other
 * token with one dash is a word. An unknown token with two dashes stays a flag, so that a misspelt one is reported
 * instead of searched for. After `--` everything is a word.
 */
export function separateWords(
  argv: readonly string[],
  flags: Readonly<Record<string, FlagShape>>,
): { flags: string[]; words: string[] } {
  const byToken = new Map<string, FlagShape>();
  for (const [name, flag] of Object.entries(flags)) {
    for (const long of [name, ...(flag.aliases ?? [])]) {
      byToken.set(`--${long}`, flag);
      if (flag.type === 'boolean' && flag.allowNo) byToken.set(`--no-${long}`, flag);
    }
    // oclif takes a one-letter alias for a short flag, too; its types forbid `char: '0'`, so `-0` is made that way.
    for (const short of [flag.char, ...(flag.charAliases ?? []), ...(flag.aliases ?? [])]) {
      if (short?.length === 1) byToken.set(`-${short}`, flag);
    }
  }
  const separated: { flags: string[]; words: string[] } = { flags: [], words: [] };
  const tokens = argv[Symbol.iterator]();
  for (const token of tokens) {
    if (token === '--') separated.words.push(...tokens);
    else if (byToken.has(token)) {
      separated.flags.push(token);
      if (byToken.get(token)?.type === 'option') {
        const value = tokens.next();
        if (!value.done) separated.flags.push(value.value);
      }
    } else if (token.startsWith('--')) separated.flags.push(token);
    else separated.words.push(token);
  }
  return separated;
}
