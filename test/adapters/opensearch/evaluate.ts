import { toSource } from '../../../src/adapters/opensearch/document.ts';
import type { Document } from '../../../src/runtime/contract.ts';

type Query = Record<string, Record<string, unknown>>;

/** How OpenSearch scores a document by the few kinds of query that are used here; undefined where it does not match. */
export function evaluate(query: unknown, document: Document): number | undefined {
  const source: Record<string, unknown> = { ...toSource(document) };
  const [[kind, body] = ['', {}]] = Object.entries(query as Query);
  const score = (part: unknown) => evaluate(part, document);
  const matches = (part: unknown) => score(part) !== undefined;
  const list = (name: string) => (body[name] ?? []) as unknown[];
  switch (kind) {
    case 'match_all':
      return 1;
    case 'match_none':
      return undefined;
    case 'term':
    case 'terms':
    case 'prefix': {
      const [[field, given] = ['', '']] = Object.entries(body);
      const wanted = [given].flat() as string[];
      const values = [source[field] ?? []].flat() as string[];
      const fits = (value: string) =>
        wanted.some((one) => (kind === 'prefix' ? value.startsWith(one) : value === one));
      return values.some(fits) ? 1 : undefined;
    }
    case 'constant_score':
      return matches(body.filter) ? Number(body.boost ?? 1) : undefined;
    case 'bool': {
      const must = list('must').map(score);
      const should = list('should').map(score);
      if (must.includes(undefined) || !list('filter').every(matches) || list('must_not').some(matches))
        return undefined;
      if (body.minimum_should_match === 1 && should.every((one) => one === undefined)) return undefined;
      return sum(must) + sum(should);
    }
    case 'dis_max': {
      const scores = list('queries')
        .map(score)
        .filter((one) => one !== undefined);
      return scores.length > 0 ? Math.max(...scores) : undefined;
    }
    case 'function_score': {
      const own = score(body.query);
      if (own === undefined) return undefined;
      const functions = list('functions') as { filter: unknown; weight: number }[];
      const weights = functions.filter(({ filter }) => matches(filter)).map(({ weight }) => weight);
      // Without a function that matches, its part of the score is 1.
      const factor =
        (body.score_mode === 'first' ? weights[0] : weights.length > 0 ? Math.max(...weights) : 1) ?? 1;
      return body.boost_mode === 'min' ? Math.min(own, factor) : factor;
    }
    default:
      throw new Error(`no such query here: ${kind}`);
  }
}

const sum = (scores: readonly (number | undefined)[]) =>
  scores.reduce<number>((total, one) => total + (one ?? 0), 0);
