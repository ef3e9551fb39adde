import type { IndexReader } from '../ports.ts';
import { fold } from './fold.ts';
import { search } from './search.ts';
import type { Suggestion } from './suggest.ts';
import { writeName } from './tokens.ts';

/** Labels that queries are made from; each pair of them is one search at most. */
const LABELS = 8;

/** A query that finds something, with what it finds. */
export interface Idea {
  query: string;
  images: number;
}

/** The same labels in the same order, but those that say little of an image come last. */
export function tellingFirst(
  labels: readonly Suggestion[],
  plain: ReadonlySet<string> = new Set(),
): Suggestion[] {
  const little = new Set([...plain].map(fold));
  const isPlain = ({ name }: Suggestion) => little.has(fold(name));
  return [...labels.filter((label) => !isPlain(label)), ...labels.filter(isPlain)];
}

/**
 * Up to three queries that show what can be asked of this index, none of them without a result: one label, two
 * together, one without another.
 *
 * @param labels names, the best to ask for first
 */
export async function queryIdeas(index: IndexReader, labels: readonly string[]): Promise<Idea[]> {
  const names = labels.slice(0, LABELS).map(writeName);
  const pairs = names.flatMap((a, at) => names.slice(at + 1).map((b) => [a, b] as const));
  const patterns = [names, pairs.map(([a, b]) => `${a} ${b}`), pairs.map(([a, b]) => `${a} -${b}`)];
  const ideas: Idea[] = [];
  for (const queries of patterns) {
    for (const query of queries) {
      const { total } = await search(index, query, { minConfidence: 0, limit: 0 });
      if (total === 0) continue;
      ideas.push({ query, images: total });
      break;
    }
  }
  return ideas;
}
