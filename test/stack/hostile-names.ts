/** 1,024 bytes, as long as S3 allows; in folders, because a name on a disk has 255 at most. */
export const LONG = `${Array.from({ length: 4 }, (_, at) => String(at).repeat(250)).join('/')}/${'\u{1f415}'.repeat(4)}.png`;

/** Keys that something may take for more than a name, each once. */
export const NAMES = [
  'plain.png',
  ' .png',
  'a  b.png',
  'a+b.png',
  'a%2Bb.png',
  'a%20b&c=d;e?f#g.png',
  `it's "quoted".png`,
  'back\\slash\\n.png',
  'line\nbreak\r\n\ttab.png',
  '\u001b[31mred\u001b[0m\u0007\b.png',
  '\u001b]8;;http:x\u001b\\link.png',
  '\u009b31m c1 \u0085 .png',
  'paragraphs\u2028\u2029.png',
  '\u202egnp.exe\u202c.png',
  '\u2066isolate\u2069\u200f.png',
  'caf\u00e9.png',
  'cafe\u0301.png',
  '\u{1f600}\u{1f468}\u200d\u{1f469}.png',
  '\uff5e.png',
  '\ue000.png',
  '-rf.png',
  '--json.png',
  '--',
  '$(touch x) `id` *.png',
  '__proto__/constructor.png',
  LONG,
].map((name) => (name === '--' ? '--/--.png' : name));
