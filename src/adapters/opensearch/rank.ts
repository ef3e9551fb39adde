import type { ResolvedQuery } from '../../runtime/query/tree.ts';
import { allOf, anyOf, type Filter, matching, noneOf, TOP_CONFIDENCE, terms } from './compile.ts';
import { labelToken } from './document.ts';

/** A query whose `_score` is one more than what an image scores, or where all score 100. */
export interface Ranked {
  query: Filter;
  /** Every image that matches scores 100: only its key orders it. */
  isConstant: boolean;
}

/**
 * Alternatives, of which an image scores the best: labels with their confidence, filters 100. A query is brought into the form
 * "all of these groups" (conjunctive normal form), where an image scores the lowest of its groups: minimum and maximum
 * distribute over each other as AND and OR do.
 */
interface Group {
  terms: { labels: readonly string[]; least: number }[];
  filters: Filter[];
}

/** Beyond, which takes a query of many ANDs inside ORs, levels are tried one by one instead. */
const MOST_GROUPS = 12;

/**
 * Lucene takes the highest score of alternatives (`dis_max`), but has no lowest. One group is thus a plain query, in which
 * it skips what can't come among the best; every further one lowers the score by way of `function_score`, image by image.
 *
 * @param lowest - only images that score at least that much
 */
export function ranked(query: ResolvedQuery, minConfidence: number, lowest = 0): Ranked {
  const groups = groupsOf(query, minConfidence);
  if (groups === undefined) return { query: byLevels(query, minConfidence, lowest), isConstant: false };
  const varying = groups.filter((group) => group.terms.length > 0);
  const [first, ...others] = varying;
  const filters = groups.filter((group) => group !== first).map((group) => groupFilter(group, lowest));
  if (first === undefined) return { query: allOf(filters), isConstant: true };
  const best = {
    dis_max: {
      queries: levels(first, lowest).map(({ score, filter }) => ({
        constant_score: { filter, boost: score + 1 },
      })),
    },
  };
  let result: Filter = { bool: { must: [best], ...(filters.length > 0 && { filter: filters }) } };
  for (const group of others) {
    const functions = levels(group, lowest).map(({ score, filter }) => ({ filter, weight: score + 1 }));
    result = { function_score: { query: result, functions, score_mode: 'max', boost_mode: 'min' } };
  }
  return { query: result, isConstant: false };
}

function groupsOf(query: ResolvedQuery, minConfidence: number): Group[] | undefined {
  switch (query.kind) {
    case 'labels': {
      const { labels, minConfidence: least = minConfidence } = query;
      return [{ terms: labels.length === 0 ? [] : [{ labels, least }], filters: [] }];
    }
    case 'not':
      return [{ terms: [], filters: [noneOf(matching(query.part, minConfidence))] }];
    case 'and': {
      const parts: Group[] = [];
      for (const part of query.parts) {
        const groups = groupsOf(part, minConfidence);
        if (groups === undefined) return undefined;
        parts.push(...groups);
      }
      return parts.length > MOST_GROUPS ? undefined : parts;
    }
    case 'or': {
      let alternatives: Group[] = [{ terms: [], filters: [] }];
      for (const part of query.parts) {
        const groups = groupsOf(part, minConfidence);
        if (groups === undefined || groups.length * alternatives.length > MOST_GROUPS) return undefined;
        alternatives = alternatives.flatMap((left) =>
          groups.map((right) => ({
            terms: [...left.terms, ...right.terms],
            filters: [...left.filters, ...right.filters],
          })),
        );
      }
      return alternatives;
    }
  }
}

function groupFilter(group: Group, lowest: number): Filter {
  const parts = group.terms.map(({ labels, least }): Filter => {
    const query: ResolvedQuery = { kind: 'labels', labels: [...labels], minConfidence: least };
    return matching(query, 0, lowest);
  });
  return anyOf([...parts, ...group.filters]);
}

/** Highest first; what an image scores is the highest that it matches. */
function levels(
  { terms: alternatives, filters }: Group,
  lowest: number,
): { score: number; filter: Filter }[] {
  const result: { score: number; filter: Filter }[] = [];
  const least = Math.max(lowest, Math.min(...alternatives.map((each) => each.least)));
  for (let score = TOP_CONFIDENCE; score >= least; score--) {
    const tokens = alternatives
      .filter((each) => each.least <= score)
      .flatMap(({ labels }) => labels.map((name) => labelToken(name, score)));
    const labelled = terms('labels', [...new Set(tokens)]);
    result.push({ score, filter: score === TOP_CONFIDENCE ? anyOf([labelled, ...filters]) : labelled });
  }
  return result;
}

/** For any query, but each level is looked for in all of the index: the first that an image matches is what it scores. */
function byLevels(query: ResolvedQuery, minConfidence: number, lowest: number): Filter {
  const functions = Array.from({ length: TOP_CONFIDENCE + 1 - lowest }, (_, below) => ({
    filter: matching(query, minConfidence, TOP_CONFIDENCE - below),
    weight: TOP_CONFIDENCE - below + 1,
  }));
  return {
    function_score: {
      query: { constant_score: { filter: matching(query, minConfidence, lowest) } },
      functions,
      score_mode: 'first',
      boost_mode: 'replace',
    },
  };
}
