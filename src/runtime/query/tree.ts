/** A query as written: what the parser makes and every index compiles, after its names are resolved. */
export type Query =
  | { kind: 'term'; name: string; wildcard: boolean; minConfidence?: number; at: number; length: number }
  | { kind: 'and'; parts: Query[] }
  | { kind: 'or'; parts: Query[] }
  | { kind: 'not'; part: Query };

/**
 * The same tree with every term replaced by the exact label names that it stands for (spellings, wildcard matches).
 * An empty `labels` matches nothing.
 *
 * Ranking, the same on every index: a term scores the highest confidence among its labels, `and` the lowest of its
 * parts, `or` the highest, `not` 100. Best first, ties by key in byte order.
 */
export type ResolvedQuery =
  | { kind: 'labels'; labels: string[]; minConfidence?: number }
  | { kind: 'and'; parts: ResolvedQuery[] }
  | { kind: 'or'; parts: ResolvedQuery[] }
  | { kind: 'not'; part: ResolvedQuery };

/** Every exact label name in an index with the number of images that carry it. */
export type Vocabulary = ReadonlyMap<string, number>;
