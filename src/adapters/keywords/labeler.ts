import type { Labeling } from '../../runtime/contract.ts';
import type { Labeler } from '../../runtime/ports.ts';
import { COLOUR_NAMES } from './colour-names.ts';
import { colourLabels } from './colours.ts';
import { decodeRefusal, openImage, readRaster } from './decoder.ts';
import { IMAGE_EXTENSIONS } from './formats.ts';
import { keywordLabels } from './keywords.ts';

/** Raised whenever the same image would get other labels than before. */
const REVISION = 1;

/** Bytes; the whole file is held in memory while it is read, several at a time. */
const MAX_BYTES = 256 * 2 ** 20;

export type KeywordsOptions = Partial<Pick<Labeling, 'labelFloor' | 'maxLabels' | 'include' | 'exclude'>>;

/**
 * Labels without any AI: the keywords that photo programs wrote into an image (XMP and IPTC, confidence 100), and its
 * colours by name (category `Color`, their share of the opaque pixels in percent as confidence). It recognises nothing.
 *
 * The label floor is a colour's smallest share. `include` and `exclude` only go into the labeling: the index applies them.
 */
export function createKeywordsLabeler(options: KeywordsOptions = {}): Labeler {
  const { labelFloor = 5, maxLabels = 100, include = [], exclude = [] } = options;
  return {
    labeling: { labeler: 'keywords', revision: REVISION, labelFloor, maxLabels, include, exclude },
    formats: IMAGE_EXTENSIONS,
    maxBytes: MAX_BYTES,
    plainLabels: new Set(COLOUR_NAMES),
    callPrice: 0,
    budget: async () => Number.POSITIVE_INFINITY,
    async detect(ref, signal) {
      const bytes = await ref.bytes();
      signal?.throwIfAborted();
      if (bytes.length > MAX_BYTES) {
        return { refusal: 'too-large', detail: `${bytes.length} bytes; at most ${MAX_BYTES} are read` };
      }
      const opened = await openImage(bytes);
      if ('refusal' in opened) return opened;
      let read: Awaited<ReturnType<typeof readImage>>;
      try {
        read = await readImage(opened.image);
      } catch (error) {
        return decodeRefusal(error);
      }
      const labels = [...(await keywordLabels(read.metadata)), ...colourLabels(read.raster, labelFloor)];
      return { labels: labels.slice(0, maxLabels) };
    },
  };
}

async function readImage(image: Parameters<typeof readRaster>[0]) {
  return { metadata: await image.metadata(), raster: await readRaster(image) };
}
