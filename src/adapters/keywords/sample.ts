import { SystemicError } from '../../runtime/errors.ts';
import { openImage } from './decoder.ts';
import { keywordLabels } from './keywords.ts';

/** Files are small and far apart; some are read while others are parsed. */
const SIDE_BY_SIDE = 8;

export interface KeywordSample {
  /** Images that could be read at all. */
  looked: number;
  withKeywords: number;
}

/**
 * How many of some images carry keywords, so that a person knows before labelling whether more than colours will be found.
 * Only metadata is read, no pixels. What can't be read is left out; throws `SystemicError` where nothing could be.
 */
export async function sampleKeywords(
  images: Iterable<{ bytes(): Promise<Buffer> }>,
  signal?: AbortSignal,
): Promise<KeywordSample> {
  const sample: KeywordSample = { looked: 0, withKeywords: 0 };
  const queue = images[Symbol.iterator]();
  const look = async () => {
    for (let next = queue.next(); !next.done; next = queue.next()) {
      signal?.throwIfAborted();
      const carries = await carriesKeywords(next.value);
      if (carries === undefined) continue;
      sample.looked += 1;
      if (carries) sample.withKeywords += 1;
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, look));
  return sample;
}

async function carriesKeywords(ref: { bytes(): Promise<Buffer> }): Promise<boolean | undefined> {
  try {
    const opened = await openImage(await ref.bytes());
    if ('refusal' in opened) return undefined;
    return (await keywordLabels(await opened.image.metadata())).length > 0;
  } catch (error) {
    if (error instanceof SystemicError) throw error;
    return undefined;
  }
}
