/** Windows-1252 where it differs from Latin-1: bytes 0x80–0x9F. Its five unassigned bytes stay what they are. */
const WINDOWS_1252 =
  '\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f' +
  '\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178';

/**
 * Text that doesn't say how it is encoded: UTF-8 when it is valid as that, else Windows-1252, the superset of Latin-1
 * that photo programs wrote before. Not `TextDecoder('windows-1252')`: Node since 20.18.3 decodes that as Latin-1
 * (nodejs/node#60888).
 */
export function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return Buffer.from(bytes)
      .toString('latin1')
      .replace(/[\x80-\x9f]/g, (character) => WINDOWS_1252[character.charCodeAt(0) - 0x80] ?? character);
  }
}
