import type { ResolvedQuery } from '../../../src/runtime/query/tree.ts';

/** What an index has to do, for one image, in the plainest form. */
export function matches(query: ResolvedQuery, labels: Readonly<Record<string, number>>): boolean {
  switch (query.kind) {
    case 'and':
      return query.parts.every((part) => matches(part, labels));
    case 'or':
      return query.parts.some((part) => matches(part, labels));
    case 'not':
      return !matches(query.part, labels);
    case 'labels':
      return query.labels.some((name) => (labels[name] ?? -1) >= (query.minConfidence ?? 0));
  }
}
