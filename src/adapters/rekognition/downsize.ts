import { decodeRefusal, loadSharp } from '../keywords/decoder.ts';
import { LEAST_SIDE, MOST_SIDE, type Refusal } from './header.ts';

/** Pixels; a decoder may need 4 bytes for each, and several images are decoded at once. */
const MAX_PIXELS = 200_000_000;

/** Longest side and JPEG quality, tried one after the other; the last fits 5 MB even for noise. Labels need far less. */
const SIZES = [
  { side: 3_000, quality: 90 },
  { side: 2_000, quality: 80 },
  { side: 1_200, quality: 70 },
] as const;

/**
 * A JPEG of at most `maxBytes` that shows the same picture upright, as Rekognition sees it, on white where it was
 * transparent. Throws `RetryableError` where memory is short, `SystemicError` where sharp is missing.
 */
export async function downsize(bytes: Buffer, maxBytes: number): Promise<{ bytes: Buffer } | Refusal> {
  const sharp = await loadSharp();
  try {
    const { width, height } = await sharp(bytes, { limitInputPixels: MAX_PIXELS }).metadata();
    // A panorama has to keep the least height.
    const least = Math.ceil((LEAST_SIDE * Math.max(width, height)) / Math.min(width, height));
    if (least > MOST_SIDE) {
      return { refusal: 'too-large', detail: `${width} × ${height} pixels are too long and narrow` };
    }
    for (const { side, quality } of SIZES) {
      const longest = Math.max(side, least);
      const smaller = await sharp(bytes, { failOn: 'error', limitInputPixels: MAX_PIXELS })
        .autoOrient()
        .resize(longest, longest, { fit: 'inside', withoutEnlargement: true })
        .flatten({ background: '#fff' })
        .toColourspace('srgb')
        .jpeg({ quality })
        .toBuffer();
      if (smaller.length <= maxBytes) return { bytes: smaller };
    }
    return { refusal: 'too-large', detail: `no copy of it has less than ${maxBytes} bytes` };
  } catch (error) {
    return decodeRefusal(error);
  }
}
