import type { KeywordSample } from '../adapters/keywords/sample.ts';
import { extensionOf, extensionReason } from '../runtime/run/select.ts';
import type { Stack } from './stack.ts';

export type { KeywordSample };

/** Images looked at; enough to tell none from few. */
const SAMPLE = 300;

/** Images to choose them from, so that a folder of millions is not listed for a hint. */
const CHOOSE_FROM = 20_000;

/** How many of a folder's images carry keywords, by a sample spread evenly over the first of them. */
export async function sampleFolder(stack: Stack, signal?: AbortSignal): Promise<KeywordSample> {
  const { sampleKeywords } = await import('../adapters/keywords/sample.ts');
  const images = await stack.images();
  const { formats } = await stack.labeler();
  const { prefix } = stack.record;
  const keys: string[] = [];
  for await (const batch of images.list(prefix === undefined ? {} : { prefix })) {
    for (const { key, skip } of batch) {
      if (skip === undefined && extensionReason(extensionOf(key), formats) === undefined) keys.push(key);
    }
    if (keys.length >= CHOOSE_FROM) break;
  }
  const step = Math.max(1, keys.length / SAMPLE);
  const chosen = Array.from(
    { length: Math.min(SAMPLE, keys.length) },
    (_, at) => keys[Math.floor(at * step)] ?? '',
  );
  return sampleKeywords(
    chosen.map((key) => ({ bytes: () => images.read(key) })),
    signal,
  );
}
