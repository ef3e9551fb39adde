import { glob } from './resolve.ts';
import { pickLabels, type Suggestion } from './suggest.ts';
import type { Vocabulary } from './tree.ts';

/**
 * Labels with their number of images, most frequent first, ties by name. Spellings that differ only in case are one
 * label under its most frequent spelling.
 *
 * @param pattern a name in any case; `*` stands for any number of characters
 */
export function listLabels(vocabulary: Vocabulary, pattern = '*'): Suggestion[] {
  const matches = glob(pattern);
  return pickLabels(vocabulary, (folded) => (matches(folded) ? 0 : undefined))
    .filter(({ images }) => images > 0)
    .map(({ name, images }) => ({ name, images }));
}
