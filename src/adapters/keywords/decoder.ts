import type { Sharp } from 'sharp';
import type { Answer } from '../../runtime/contract.ts';
import { RetryableError, SystemicError } from '../../runtime/errors.ts';
import { RASTER_SIDE } from './colours.ts';
import { contentFormat } from './formats.ts';

/** Pixels. The largest cameras take 151 million; a decoder may need up to 4 bytes for each, and several run at once. */
const MAX_PIXELS = 200_000_000;

type Refusal = Extract<Answer, { refusal: unknown }>;

let loading: Promise<typeof import('sharp').default> | undefined;

/** sharp, loaded once and set up for many small decodings side by side. Throws `SystemicError` if it isn't there. */
export function loadSharp(): Promise<typeof import('sharp').default> {
  loading ??= import('sharp').then(
    ({ default: sharp }) => {
      // Images run side by side in libuv's threads; threads within one would only compete with them.
      sharp.concurrency(1);
      // No image is decoded twice, so what libvips remembers would only cost memory (up to 50 MB).
      sharp.cache(false);
      return sharp;
    },
    (cause: unknown) => {
      throw new SystemicError(
        'sharp-missing',
        `the image decoder sharp can't be loaded on ${process.platform}-${process.arch}`,
        {
          suggestions: [
            'Install rekback again on this machine, with optional packages: npm install -g --include=optional rekback',
            'See https://sharp.pixelplumbing.com/install for the platforms that sharp has binaries for.',
          ],
          cause,
        },
      );
    },
  );
  return loading;
}

/** The content as an image that can be asked for metadata or pixels, or why it can't be one. */
export async function openImage(bytes: Buffer): Promise<{ image: Sharp } | Refusal> {
  if (bytes.length === 0) return { refusal: 'empty', detail: 'the file is empty' };
  const format = contentFormat(bytes);
  if (format === undefined) return { refusal: 'format', detail: 'the content is no image' };
  if (!format.readable) return { refusal: 'format', detail: `${format.name} can't be read` };
  const sharp = await loadSharp();
  // Not on warnings: libjpeg warns of much that every viewer shows.
  return { image: sharp(bytes, { failOn: 'error', limitInputPixels: MAX_PIXELS }) };
}

/** A tiny raster of the whole image in sharp's default space, 8-bit sRGB; JPEGs are decoded at down to an eighth of their size for it. */
export async function readRaster(image: Sharp): Promise<{ data: Buffer; channels: number }> {
  const { data, info } = await image
    // Never larger: interpolation overshoots at borders, and so would find colours that aren't there.
    .resize(RASTER_SIDE, RASTER_SIDE, { fit: 'fill', withoutEnlargement: true })
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { data, channels: info.channels };
}

/**
 * Why libvips could not read a content that looked like an image. Its errors have no code, only words.
 * Throws `RetryableError` for what is this machine's fault.
 */
export function decodeRefusal(error: unknown): Refusal {
  const message = error instanceof Error ? error.message : String(error);
  if (/out of memory|(unable to|cannot) allocate|too many open files/i.test(message)) {
    throw new RetryableError('not enough memory to decode the image', { cause: error });
  }
  if (/exceeds pixel limit/.test(message)) {
    return { refusal: 'too-large', detail: `more than ${MAX_PIXELS / 1e6} megapixels` };
  }
  // libvips keeps its words in one place for the whole process, where another image's decoding may clear them.
  if (message === '' || message === 'Unknown error') {
    return { refusal: 'corrupt', detail: 'the content is damaged or cut off' };
  }
  // One line per layer; the last is the innermost and repeats itself.
  return { refusal: 'corrupt', detail: message.split('\n')[0] ?? message };
}
