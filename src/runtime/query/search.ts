import type { IndexReader, SearchRequest, SearchResult } from '../ports.ts';
import { hints } from './hints.ts';
import { parse } from './parse.ts';
import { resolve } from './resolve.ts';

/** What a search found, and why it may have found less than was meant. */
export interface Found extends SearchResult {
  hints: string[];
}

/**
 * Reads a query as a person wrote it, finds the labels that it means and asks the index.
 * @throws QueryError
 */
export async function search(
  index: IndexReader,
  query: string,
  request: Omit<SearchRequest, 'query'>,
): Promise<Found> {
  const tree = parse(query);
  const vocabulary = await index.vocabulary();
  const resolved = resolve(tree, vocabulary);
  const result = await index.search({ ...request, query: resolved.query });
  if (vocabulary.size === 0)
    return { ...result, hints: ['no image has a label yet; label them with: rekback backfill now'] };
  const mayMislead = result.total === 0 || resolved.unknown.length > 0;
  return { ...result, hints: mayMislead ? hints(tree, resolved.unknown, vocabulary) : [] };
}
