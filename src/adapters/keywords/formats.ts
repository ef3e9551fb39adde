/** File extensions of the formats that are read; also where sharp reads more (SVG is drawn, not photographed). */
export const IMAGE_EXTENSIONS: ReadonlySet<string> = new Set([
  '.jpg',
  '.jpeg',
  '.png',
  '.tif',
  '.tiff',
  '.webp',
  '.gif',
  '.avif',
]);

/** What a file's first bytes say it is. */
export interface ContentFormat {
  /** As a person knows it. */
  name: string;
  readable: boolean;
}

const SIGNATURES: readonly { name: string; readable: boolean; bytes: string; offset?: number }[] = [
  { name: 'JPEG', readable: true, bytes: '\xff\xd8' },
  { name: 'PNG', readable: true, bytes: '\x89PNG\r\n\x1a\n' },
  { name: 'GIF', readable: true, bytes: 'GIF8' },
  { name: 'WebP', readable: true, bytes: 'WEBP', offset: 8 },
  { name: 'TIFF', readable: true, bytes: 'II*\0' },
  { name: 'TIFF', readable: true, bytes: 'MM\0*' },
  { name: 'BigTIFF', readable: true, bytes: 'II+\0' },
  { name: 'BigTIFF', readable: true, bytes: 'MM\0+' },
  { name: 'BMP', readable: false, bytes: 'BM' },
  { name: 'PDF', readable: false, bytes: '%PDF' },
  { name: 'Photoshop', readable: false, bytes: '8BPS' },
  { name: 'JPEG XL', readable: false, bytes: '\xff\x0a' },
  { name: 'JPEG XL', readable: false, bytes: 'JXL ', offset: 4 },
];

const LONGEST_FTYP = 256;

/**
 * The format by content, because names lie (a PNG named `.jpg` is common); `undefined` for what is no known image.
 * Deciding this before decoding tells a damaged image from a foreign file, which libvips' messages don't.
 */
export function contentFormat(bytes: Buffer): ContentFormat | undefined {
  const start = bytes.toString('latin1', 0, LONGEST_FTYP);
  if (start.startsWith('ftyp', 4)) return isoMediaFormat(bytes, start);
  return SIGNATURES.find((signature) => start.startsWith(signature.bytes, signature.offset));
}

/** AVIF, HEIC and videos share one container; the brands tell them apart (ISO/IEC 14496-12, 4.3). */
function isoMediaFormat(bytes: Buffer, start: string): ContentFormat | undefined {
  const end = bytes.length < 4 ? 0 : bytes.readUInt32BE(0);
  const brands = start.slice(8, end).match(/.{4}/gs) ?? [];
  if (brands.some((brand) => brand === 'avif' || brand === 'avis')) return { name: 'AVIF', readable: true };
  // sharp's prebuilt libvips has no HEVC decoder (patents).
  if (brands.some((brand) => /^(hei|hev|mif1|msf1)/.test(brand))) return { name: 'HEIC', readable: false };
  return undefined;
}
