/**
 * A label name without its case: equal for all spellings that a query treats as one label.
 *
 * The full lower case mapping, not a locale's. NFC because file systems and editors write the same name composed or
 * decomposed, and after lower-casing because that decomposes some letters (`H̱`). Greek final sigma is folded too:
 * lower-casing makes it depend on the letter after it, so that `ΟΔΟΣ*` would not match `ΟΔΟΣΗΜΑ`.
 */
export function fold(name: string): string {
  return name.toLowerCase().normalize('NFC').replaceAll('ς', 'σ');
}
