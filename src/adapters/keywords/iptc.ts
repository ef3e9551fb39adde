import { decodeText } from './text.ts';

/** Lead byte, record, dataset, 16-bit length (IPTC IIM 4.2, chapter 3). */
const DATASET_HEADER = 5;
const DATASET_MARKER = 0x1c;

/** `1:90` Coded Character Set; `ESC % G` announces UTF-8 (ISO 2022). */
const CODED_CHARACTER_SET = 0x015a;
const UTF_8_ESCAPE = '\x1b%G';
/** `2:25` Keywords, one dataset each. */
const KEYWORDS = 0x0219;

/** Photoshop's image resource that holds the IPTC block. */
const IPTC_RESOURCE = 0x0404;
const RESOURCE_MARKER = '8BIM';
const PHOTOSHOP_HEADER = 'Photoshop 3.0\0';

/**
 * The keywords of an IPTC block, in its order: bare IIM datasets (as in TIFF), or wrapped in Photoshop's image resources
 * (as in a JPEG's APP13 segment). What follows a damaged dataset is lost; nothing throws.
 *
 * Read here because the kept-up readers (exifreader) take whole files only, on the main thread, while libvips has already
 * cut out this block in its own.
 */
export function iptcKeywords(block: Buffer): string[] {
  const datasets = iimBlock(block);
  let decode = decodeText;
  const keywords: string[] = [];
  for (let at = 0; at + DATASET_HEADER <= datasets.length && datasets[at] === DATASET_MARKER; ) {
    const id = datasets.readUInt16BE(at + 1);
    const length = datasets.readUInt16BE(at + 3);
    // The high bit announces an extended dataset, longer than any keyword may be.
    if (length > 0x7fff) break;
    const value = datasets.subarray(at + DATASET_HEADER, at + DATASET_HEADER + length);
    if (id === CODED_CHARACTER_SET && value.toString('latin1') === UTF_8_ESCAPE) decode = decodeUtf8;
    if (id === KEYWORDS) keywords.push(decode(value));
    at += DATASET_HEADER + length;
  }
  return keywords;
}

/** Announced as UTF-8, a damaged character becomes U+FFFD instead of turning the rest into Windows-1252. */
const decodeUtf8 = (bytes: Uint8Array) => new TextDecoder('utf-8').decode(bytes);

function iimBlock(block: Buffer): Buffer {
  let at =
    block.toString('latin1', 0, PHOTOSHOP_HEADER.length) === PHOTOSHOP_HEADER ? PHOTOSHOP_HEADER.length : 0;
  while (block.toString('latin1', at, at + 4) === RESOURCE_MARKER && at + 7 <= block.length) {
    const id = block.readUInt16BE(at + 4);
    // A Pascal string, padded to an even length.
    const name = even(1 + block.readUInt8(at + 6));
    const start = at + 6 + name + 4;
    if (start > block.length) break;
    const size = block.readUInt32BE(start - 4);
    if (id === IPTC_RESOURCE) return block.subarray(start, start + size);
    at = start + even(size);
  }
  return block.subarray(at);
}

const even = (length: number) => length + (length % 2);
