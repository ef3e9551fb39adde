import type { Answer, Labeling } from '../../runtime/contract.ts';
import type { Labeler } from '../../runtime/ports.ts';

export interface MemoryLabeler extends Labeler {
  /** Calls made so far, by key, in order. */
  readonly calls: string[];
}

/**
 * Answers from the image's own text: words separated by commas are its labels; `corrupt` refuses it. Each call is
 * counted.
 *
 * @param before runs first in every call and may throw
 */
export function createMemoryLabeler(
  labeling: Partial<Labeling> = {},
  before: (key: string, text: string) => void | Promise<void> = () => {},
): MemoryLabeler {
  const calls: string[] = [];
  return {
    labeling: {
      labeler: 'memory',
      revision: 1,
      labelFloor: 0,
      maxLabels: 100,
      include: [],
      exclude: [],
      ...labeling,
    },
    formats: new Set(['.jpg']),
    maxBytes: 1_000,
    callPrice: 0.001,
    calls,
    budget: async () => Number.POSITIVE_INFINITY,
    async detect({ key, bytes }): Promise<Answer> {
      const text = (await bytes()).toString();
      await before(key, text);
      calls.push(key);
      if (text.startsWith('corrupt')) return { refusal: 'corrupt', detail: 'it says so itself' };
      return { labels: text.split(',').map((name) => ({ name: name.trim(), confidence: 100 })) };
    },
  };
}
