import type { ResolvedQuery } from '../../runtime/query/tree.ts';
import { cutKey, labelToken } from './document.ts';
import { MOST_FOLDERS } from './mapping.ts';

/** A part of a search body that says only yes or no. */
export type Filter = Readonly<Record<string, object>>;

export const TOP_CONFIDENCE = 100;

/** index.max_terms_count */
const MOST_TERMS = 65_536;

const ALL: Filter = { match_all: {} };
const NONE: Filter = { match_none: {} };

export const allOf = (parts: readonly Filter[]): Filter =>
  parts.length === 0 ? ALL : parts.length === 1 ? (parts[0] ?? ALL) : { bool: { filter: parts } };

export const anyOf = (parts: readonly Filter[]): Filter =>
  parts.length === 0
    ? NONE
    : parts.length === 1
      ? (parts[0] ?? NONE)
      : { bool: { should: parts, minimum_should_match: 1 } };

export const noneOf = (part: Filter): Filter => ({ bool: { must_not: [part] } });

/**
 * The images that a query matches.
 *
 * @param minConfidence - of the terms without a threshold of their own, also under NOT
 * @param score - only the images that score at least that much (`ResolvedQuery` says what a score is); terms under NOT keep
 *   their thresholds, because a NOT scores 100 or nothing
 */
export function matching(query: ResolvedQuery, minConfidence: number, score = 0): Filter {
  switch (query.kind) {
    case 'labels':
      return withLabel(query.labels, Math.max(query.minConfidence ?? minConfidence, score));
    case 'and':
      return allOf(query.parts.map((part) => matching(part, minConfidence, score)));
    case 'or':
      return anyOf(query.parts.map((part) => matching(part, minConfidence, score)));
    case 'not':
      return noneOf(matching(query.part, minConfidence));
  }
}

/** Images with one of these labels at that confidence or a higher one. */
function withLabel(labels: readonly string[], least: number): Filter {
  if (least <= 0) return terms('names', labels);
  const confidences = Array.from({ length: TOP_CONFIDENCE + 1 - least }, (_, above) => least + above);
  return terms(
    'labels',
    labels.flatMap((name) => confidences.map((confidence) => labelToken(name, confidence))),
  );
}

export function terms(field: 'labels' | 'names', values: readonly string[]): Filter {
  const pieces: Filter[] = [];
  for (let from = 0; from < values.length; from += MOST_TERMS) {
    pieces.push({ terms: { [field]: values.slice(from, from + MOST_TERMS) } });
  }
  return anyOf(pieces);
}

/** Images below a key prefix. One term where it ends with a folder; the rest is compared key by key, below the folder only. */
export function below(prefix: string): Filter {
  const parts = prefix.split('/');
  const depth = Math.min(parts.length - 1, MOST_FOLDERS);
  const folder = parts.slice(0, depth).join('/');
  const filters: Filter[] = depth === 0 ? [] : [{ term: { folders: `${folder}/` } }];
  if (depth < parts.length - 1 || parts.at(-1) !== '') {
    const [start, end] = cutKey(prefix);
    filters.push({ prefix: { key: start } });
    if (end !== '') filters.push({ prefix: { keyEnd: end } });
  }
  return allOf(filters);
}
