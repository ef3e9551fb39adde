import { display, QueryError } from './error.ts';

/** One piece of a query; `at` and `length` are its place there, in UTF-16 units. */
export type Token = { at: number; length: number } & (
  | { kind: 'name'; name: string; wildcard: boolean }
  | { kind: 'threshold'; minConfidence: number }
  | { kind: 'operator'; operator: 'AND' | 'OR' | 'NOT' }
  | { kind: '(' | ')' }
);

const OPERATOR = /^(?:AND|OR|NOT)$/;
/** What ends a name outside quotes. */
const WORD = /[^\s()"<>=]+/y;
const SPACE = /\s+/y;

/** Cuts a query into tokens. Throws `QueryError`. */
export function tokenize(query: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < query.length) {
    const token = match(SPACE, query, at) === '' ? read(query, at) : undefined;
    if (token) tokens.push(token);
    at += token ? token.length : match(SPACE, query, at).length;
  }
  return tokens;
}

function read(query: string, at: number): Token {
  const first = query.charAt(at);
  if (first === '(' || first === ')') return { kind: first, at, length: 1 };
  if (first === '"') return readQuoted(query, at);
  if (first === '<' || first === '>' || first === '=') return readThreshold(query, at);
  if (first === '-') return readMinus(query, at);

  const word = match(WORD, query, at);
  if (OPERATOR.test(word)) {
    return { kind: 'operator', operator: word as 'AND' | 'OR' | 'NOT', at, length: word.length };
  }
  const wildcard = word.includes('*');
  const name = wildcard ? word.replaceAll('\\', '\\\\') : word;
  return checkName(query, { kind: 'name', name, wildcard, at, length: word.length });
}

/** A quoted name: `\"`, `\*` and `\\` stand for the character itself. */
function readQuoted(query: string, at: number): Token {
  let literal = '';
  let pattern = '';
  let wildcard = false;
  for (let i = at + 1; i < query.length; i++) {
    let character = query.charAt(i);
    if (character === '"') {
      const name = wildcard ? pattern : literal;
      return checkName(query, { kind: 'name', name, wildcard, at, length: i + 1 - at });
    }
    if (character === '*') {
      wildcard = true;
      pattern += '*';
      continue;
    }
    if (character === '\\') {
      character = query.charAt(i + 1);
      if (!/^["*\\]$/.test(character)) {
        throw new QueryError('in quotes a backslash stands only before ", * or \\', query, i, [
          'write \\\\ for a backslash',
        ]);
      }
      i++;
    }
    literal += character;
    pattern += /[*\\]/.test(character) ? `\\${character}` : character;
  }
  throw new QueryError('the quote that starts here is never closed', query, at, ['add a " at its end']);
}

function checkName(query: string, token: Token & { kind: 'name' }): Token {
  if (token.name.trim() === '') throw new QueryError('there is no label between the quotes', query, token.at);
  if (token.wildcard && /^[*\s]+$/.test(token.name)) {
    throw new QueryError('a * alone would match every label', query, token.at, [
      'put letters before or after it: dog*',
    ]);
  }
  return token;
}

function readThreshold(query: string, at: number): Token {
  if (!query.startsWith('>=', at)) {
    throw new QueryError(`${query.charAt(at)} has no meaning here`, query, at, [
      'a minimum confidence is written dog>=95',
      'a label that contains <, > or = goes into double quotes',
    ]);
  }
  const start = at + 2 + match(SPACE, query, at + 2).length;
  const number = match(WORD, query, start);
  if (number === '')
    throw new QueryError('>= needs a number after it', query, start, ['for example dog>=95']);
  const minConfidence = /^\d{1,3}$/.test(number) ? Number(number) : Number.NaN;
  if (!(minConfidence <= 100)) {
    const fraction = /^\d+[.,]\d+$/.test(number);
    throw new QueryError(
      `a confidence is a whole number from 0 to 100, not ${display(number)}`,
      query,
      start,
      fraction ? [`labels are stored with whole confidences: write ${Number.parseInt(number, 10)}`] : [],
    );
  }
  return { kind: 'threshold', minConfidence, at, length: start + number.length - at };
}

function readMinus(query: string, at: number): Token {
  if (/^[^\s)]/.test(query.slice(at + 1, at + 2)))
    return { kind: 'operator', operator: 'NOT', at, length: 1 };
  throw new QueryError('a - needs a label directly after it', query, at, ['for example dog -cat']);
}

function match(pattern: RegExp, query: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(query)?.[0] ?? '';
}

/** A label's name as a query has to spell it: bare where that means the same, else in quotes. */
export function writeName(name: string): string {
  if (/^[^\s()"<>=*-][^\s()"<>=*]*$/.test(name) && !OPERATOR.test(name)) return name;
  return `"${name.replace(/["*\\]/g, '\\$&')}"`;
}
