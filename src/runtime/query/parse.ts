import { QueryError } from './error.ts';
import { type Token, tokenize } from './tokens.ts';
import type { Query } from './tree.ts';

/** Nested parentheses and NOTs; no person writes more, and every index compiles the tree by recursion. */
const MAX_DEPTH = 50;
/** Terms; OpenSearch refuses more than 1,024 clauses by default, and one term may become two. */
const MAX_TERMS = 500;

/**
 * Reads a query: labels next to each other or joined by AND are all wanted, OR wants one of them, NOT or `-` none;
 * NOT binds before AND, AND before OR, and parentheses group. Parentheses are kept: `(a b) c` is an `and` in an `and`.
 * Names stay as written; `resolve` finds the labels that they mean.
 *
 * Throws `QueryError`.
 */
export function parse(query: string): Query {
  const tokens = tokenize(query);
  const last = tokens.at(-1);
  if (!last) {
    throw new QueryError('the query is empty', query, 0, ['name a label, for example dog']);
  }
  let next = 0;
  let terms = 0;
  let depth = 0;

  const fail = (message: string, token: Token | undefined, suggestions: string[] = []): never => {
    throw new QueryError(message, query, token ? token.at : last.at + last.length, suggestions);
  };
  const text = (token: Token) => query.slice(token.at, token.at + token.length);
  const takeOperator = (operator: 'AND' | 'OR' | 'NOT'): Token | undefined => {
    const token = tokens[next];
    if (token?.kind !== 'operator' || token.operator !== operator) return undefined;
    next++;
    return token;
  };

  const either = (opener: Token | undefined): Query => {
    const parts = [both(opener)];
    for (let or = takeOperator('OR'); or; or = takeOperator('OR')) parts.push(both(or));
    return join('or', parts);
  };

  const both = (before: Token | undefined): Query => {
    const parts = [negatable(before)];
    for (let token = tokens[next]; token && token.kind !== ')'; token = tokens[next]) {
      if (token.kind === 'operator' && token.operator === 'OR') break;
      parts.push(negatable(takeOperator('AND')));
    }
    return join('and', parts);
  };

  const negatable = (before: Token | undefined): Query => {
    const not = takeOperator('NOT');
    if (!not) return primary(before);
    return { kind: 'not', part: nested(not, () => negatable(not)) };
  };

  const nested = (token: Token, inner: () => Query): Query => {
    if (++depth > MAX_DEPTH) fail(`more than ${MAX_DEPTH} parentheses and NOTs inside one another`, token);
    const part = inner();
    depth--;
    return part;
  };

  /** `before` is the operator or parenthesis that asks for what comes now. */
  const primary = (before: Token | undefined): Query => {
    const token = tokens[next];
    if (token?.kind === 'name') return term(token);
    if (token?.kind === '(') {
      next++;
      const group = nested(token, () => either(token));
      if (tokens[next]?.kind !== ')') fail('this ( is never closed', token, ['add a ) at its end']);
      next++;
      return group;
    }
    if (token?.kind === 'threshold') {
      return fail('>= needs a label directly before it', token, ['for example dog>=95']);
    }
    if (before?.kind === '(' && token?.kind === ')')
      return fail('there is nothing between the parentheses', token);
    if (before?.kind === '(' && !token) return fail('this ( is never closed', before, ['add a ) at its end']);
    if (before?.kind === 'operator') {
      return fail(`${text(before)} needs a label after it`, token, keywordAsLabel(before));
    }
    if (token?.kind === ')') return fail('this ) closes nothing', token);
    return fail(`${token ? text(token) : 'the query'} needs a label before it`, token, keywordAsLabel(token));
  };

  const term = (name: Token & { kind: 'name' }): Query => {
    if (++terms > MAX_TERMS)
      fail(`more than ${MAX_TERMS} labels in one query`, name, ['use a wildcard: dog*']);
    next++;
    const { at, length, wildcard } = name;
    const threshold = tokens[next];
    if (threshold?.kind !== 'threshold') return { kind: 'term', name: name.name, wildcard, at, length };
    next++;
    const { minConfidence } = threshold;
    return { kind: 'term', name: name.name, wildcard, minConfidence, at, length };
  };

  const tree = either(undefined);
  if (tokens[next]) fail('this ) closes nothing', tokens[next]);
  return tree;
}

function join(kind: 'and' | 'or', parts: Query[]): Query {
  const [only] = parts;
  return only && parts.length === 1 ? only : { kind, parts };
}

/** For who searches for a label that is called like a keyword. */
function keywordAsLabel(token: Token | undefined): string[] {
  return token?.kind === 'operator' && token.length > 1
    ? [`a label of that name goes into double quotes: "${token.operator}"`]
    : [];
}
