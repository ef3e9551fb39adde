import { messageOf, RekbackError } from '../runtime/errors.ts';
import { INDEX_MADE } from '../runtime/run/layout.ts';
import type { Stack } from './stack.ts';

/** What an index holds; null where it can't be read or was never made, with why. */
export interface IndexStatus {
  index: { images: number; failed: number; bytes: number } | null;
  note?: string;
}

/** Asks the index of a stack on AWS, unless nothing was ever written there. Never throws. */
export async function indexStatus(stack: Stack): Promise<IndexStatus> {
  try {
    if ((await (await stack.objects()).get(INDEX_MADE)) === undefined) return { index: null };
    const reader = await stack.indexReader();
    const { images, bytes } = await reader.stats();
    await reader.close();
    return { index: { images: images.indexed, failed: images.failed, bytes } };
  } catch (error) {
    const suggestions = error instanceof RekbackError ? error.suggestions : [];
    return { index: null, note: [`the index can't be read: ${messageOf(error)}`, ...suggestions].join('; ') };
  }
}
