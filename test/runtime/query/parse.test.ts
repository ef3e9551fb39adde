import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RekbackError } from '../../../src/runtime/errors.ts';
import { QueryError } from '../../../src/runtime/query/error.ts';
import { parse } from '../../../src/runtime/query/parse.ts';
import { writeName } from '../../../src/runtime/query/tokens.ts';
import type { Query } from '../../../src/runtime/query/tree.ts';

/** A tree as fully parenthesised text, without places. */
function outline(query: Query): string {
  if (query.kind === 'not') return `!${outline(query.part)}`;
  if (query.kind !== 'term')
    return `(${query.parts.map(outline).join(query.kind === 'and' ? ' & ' : ' | ')})`;
  const threshold = query.minConfidence === undefined ? '' : `>=${query.minConfidence}`;
  return `${query.wildcard ? `~${query.name}` : query.name}${threshold}`;
}

const outlineOf = (query: string) => outline(parse(query));

describe('parse', () => {
  it.each([
    ['dog', 'dog'],
    ['dog cat', '(dog & cat)'],
    ['dog AND cat bird', '(dog & cat & bird)'],
    ['a OR b c OR NOT d e', '(a | (b & c) | (!d & e))'],
    ['a -b', '(a & !b)'],
    ['-(a OR b) c', '(!(a | b) & c)'],
    ['NOT NOT a', '!!a'],
    ['(a b) c', '((a & b) & c)'],
    ['((a))', 'a'],
    ['t-shirt', 't-shirt'],
    ['"golden retriever" dog', '(golden retriever & dog)'],
    ['-"golden retriever">=90', '!golden retriever>=90'],
    ['dog >= 95 cat>=0', '(dog>=95 & cat>=0)'],
    ['dog*', '~dog*'],
    ['g*r>=7', '~g*r>=7'],
    ['"ice c*"', '~ice c*'],
    ['"5\\" disk" "a\\*b" "a\\\\b" a\\b', '(5" disk & a*b & a\\b & a\\b)'],
    ['a\\b*', '~a\\\\b*'],
    ['"a\\**"', '~a\\**'],
    ['or and not', '(or & and & not)'],
    ['"OR"', 'OR'],
    ['\u3000dog\u00a0cat\n', '(dog & cat)'],
    ['犬 OR 🐕', '(犬 | 🐕)'],
  ])('reads %s', (query, tree) => {
    expect(outlineOf(query)).toBe(tree);
  });

  it('marks the place of each name', () => {
    const query = 'dog -"golden retriever">=90';
    const places: string[] = [];
    const walk = (part: Query): void => {
      if (part.kind === 'term') places.push(query.slice(part.at, part.at + part.length));
      else if (part.kind === 'not') walk(part.part);
      else part.parts.forEach(walk);
    };
    walk(parse(query));
    expect(places).toEqual(['dog', '"golden retriever"']);
  });

  it('reads every tree back from its printed form', () => {
    fc.assert(
      fc.property(tree, (query) => {
        expect(withoutPlaces(parse(print(query)))).toEqual(query);
      }),
      { numRuns: 1_000 },
    );
  });

  it('reads or refuses any text, and fails with nothing but a QueryError', () => {
    const pieces = fc.constantFrom(
      'dog',
      '"',
      '(',
      ')',
      '-',
      '*',
      '>=',
      '9',
      ' ',
      'OR ',
      'NOT ',
      '\\',
      '=',
      '\u001b',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.array(pieces).map((all) => all.join('')),
        ),
        (query) => {
          try {
            expect(parse(query)).toBeDefined();
          } catch (error) {
            if (!(error instanceof QueryError)) throw error;
            expect(error.offset).toBeGreaterThanOrEqual(0);
            expect(error.offset).toBeLessThanOrEqual(query.length);
            expect(error.rendering).toMatch(/^[^\n]*\n *\^$/);
            expect(error.rendering.replace('\n', '')).not.toMatch(/\p{Cc}|[\u202a-\u202e\u2066-\u2069]/u);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('caps depth and number of labels', () => {
    expect(outlineOf(`${'('.repeat(50)}a${')'.repeat(50)}`)).toBe('a');
    expect(() => parse(`${'('.repeat(51)}a${')'.repeat(51)}`)).toThrow('more than 50 parentheses and NOTs');
    expect(() => parse(`${'-'.repeat(100_000)}a`)).toThrow('more than 50 parentheses and NOTs');
    expect(outlineOf(`${'(a)'.repeat(500)}`)).toContain('a & a');
    expect(() => parse('a '.repeat(501))).toThrow('more than 500 labels in one query');
  });
});

describe('an unreadable query', () => {
  function errorOf(query: string): QueryError {
    try {
      parse(query);
    } catch (error) {
      if (error instanceof QueryError) return error;
      throw error;
    }
    throw new Error(`${query} was read`);
  }
  const show = (query: string) => {
    const error = errorOf(query);
    return `${error.message}\n${error.rendering}\n${error.suggestions.slice(0, -1).join('\n')}`.trimEnd();
  };

  it('is a wrong use, with its place as data', () => {
    const error = errorOf('dog AND');
    expect(error).toBeInstanceOf(RekbackError);
    expect(error).toMatchObject({ code: 'query-syntax', exitCode: 2, query: 'dog AND', offset: 7 });
    expect(error.suggestions.at(-1)).toBe('rekback help query shows the syntax with examples');
  });

  it('is shown with a caret: nothing there', () => {
    expect(show('')).toMatchInlineSnapshot(`
      "the query is empty

      ^
      name a label, for example dog"
    `);
    expect(show('  ')).toMatchInlineSnapshot(`
      "the query is empty
        
      ^
      name a label, for example dog"
    `);
    expect(show('dog ()')).toMatchInlineSnapshot(`
      "there is nothing between the parentheses
      dog ()
           ^"
    `);
    expect(show('dog ""')).toMatchInlineSnapshot(`
      "there is no label between the quotes
      dog ""
          ^"
    `);
  });

  it('is shown with a caret: not closed', () => {
    expect(show('dog "golden retriever')).toMatchInlineSnapshot(`
      "the quote that starts here is never closed
      dog "golden retriever
          ^
      add a " at its end"
    `);
    expect(show('dog (cat OR (bird)')).toMatchInlineSnapshot(`
      "this ( is never closed
      dog (cat OR (bird)
          ^
      add a ) at its end"
    `);
    expect(show('dog (')).toMatchInlineSnapshot(`
      "this ( is never closed
      dog (
          ^
      add a ) at its end"
    `);
    expect(show('dog) cat')).toMatchInlineSnapshot(`
      "this ) closes nothing
      dog) cat
         ^"
    `);
    expect(show(')')).toMatchInlineSnapshot(`
      "this ) closes nothing
      )
      ^"
    `);
  });

  it('is shown with a caret: dangling operators', () => {
    expect(show('dog AND')).toMatchInlineSnapshot(`
      "AND needs a label after it
      dog AND
             ^
      a label of that name goes into double quotes: "AND""
    `);
    expect(show('dog AND OR cat')).toMatchInlineSnapshot(`
      "AND needs a label after it
      dog AND OR cat
              ^
      a label of that name goes into double quotes: "AND""
    `);
    expect(show('OR')).toMatchInlineSnapshot(`
      "OR needs a label before it
      OR
      ^
      a label of that name goes into double quotes: "OR""
    `);
    expect(show('(OR dog)')).toMatchInlineSnapshot(`
      "OR needs a label before it
      (OR dog)
       ^
      a label of that name goes into double quotes: "OR""
    `);
    expect(show('dog NOT')).toMatchInlineSnapshot(`
      "NOT needs a label after it
      dog NOT
             ^
      a label of that name goes into double quotes: "NOT""
    `);
    expect(show('dog - cat')).toMatchInlineSnapshot(`
      "a - needs a label directly after it
      dog - cat
          ^
      for example dog -cat"
    `);
  });

  it('is shown with a caret: confidence', () => {
    expect(show('dog>= cat')).toMatchInlineSnapshot(`
      "a confidence is a whole number from 0 to 100, not cat
      dog>= cat
            ^"
    `);
    expect(show('dog>=')).toMatchInlineSnapshot(`
      ">= needs a number after it
      dog>=
           ^
      for example dog>=95"
    `);
    expect(show('dog>=95.5')).toMatchInlineSnapshot(`
      "a confidence is a whole number from 0 to 100, not 95.5
      dog>=95.5
           ^
      labels are stored with whole confidences: write 95"
    `);
    expect(show('dog>=101')).toMatchInlineSnapshot(`
      "a confidence is a whole number from 0 to 100, not 101
      dog>=101
           ^"
    `);
    expect(show('dog>95')).toMatchInlineSnapshot(`
      "> has no meaning here
      dog>95
         ^
      a minimum confidence is written dog>=95
      a label that contains <, > or = goes into double quotes"
    `);
    expect(show('>=95')).toMatchInlineSnapshot(`
      ">= needs a label directly before it
      >=95
      ^
      for example dog>=95"
    `);
    expect(show('(dog cat)>=95')).toMatchInlineSnapshot(`
      ">= needs a label directly before it
      (dog cat)>=95
               ^
      for example dog>=95"
    `);
    expect(show('dog>=90>=95')).toMatchInlineSnapshot(`
      ">= needs a label directly before it
      dog>=90>=95
             ^
      for example dog>=95"
    `);
  });

  it('is shown with a caret: wildcards and escapes', () => {
    expect(show('dog *')).toMatchInlineSnapshot(`
      "a * alone would match every label
      dog *
          ^
      put letters before or after it: dog*"
    `);
    expect(show('"**"')).toMatchInlineSnapshot(`
      "a * alone would match every label
      "**"
      ^
      put letters before or after it: dog*"
    `);
    expect(show('"C:\\dogs"')).toMatchInlineSnapshot(`
      "in quotes a backslash stands only before ", * or \\
      "C:\\dogs"
         ^
      write \\\\ for a backslash"
    `);
  });

  it('puts the caret under wide, combining and harmful characters', () => {
    expect(show('犬 🐕 cafe\u0301 (')).toMatchInlineSnapshot(`
      "this ( is never closed
      犬 🐕 café (
                 ^
      add a ) at its end"
    `);
    expect(show('a\u001b[31m\u202eb\n\ud800 👩‍👩‍👧 (')).toMatchInlineSnapshot(`
      "this ( is never closed
      a␛[31m�b␊� 👩‍👩‍👧 (
                    ^
      add a ) at its end"
    `);
  });

  it('shows only the surroundings of the caret', () => {
    expect(show(`${'dog OR '.repeat(40)}* ${'OR cat '.repeat(40)}`)).toMatchInlineSnapshot(`
      "a * alone would match every label
      …og OR dog OR dog OR dog OR dog OR dog OR dog OR * OR cat OR cat OR cat O…
                                                       ^
      put letters before or after it: dog*"
    `);
  });
});

type PlainQuery =
  | Omit<Extract<Query, { kind: 'term' }>, 'at' | 'length'>
  | { kind: 'and' | 'or'; parts: PlainQuery[] }
  | { kind: 'not'; part: PlainQuery };

function withoutPlaces(query: Query): PlainQuery {
  if (query.kind === 'not') return { kind: 'not', part: withoutPlaces(query.part) };
  if (query.kind !== 'term') return { kind: query.kind, parts: query.parts.map(withoutPlaces) };
  const { at: _at, length: _length, ...term } = query;
  return term;
}

function print(query: PlainQuery): string {
  switch (query.kind) {
    case 'term': {
      const name = query.wildcard ? `"${query.name.replaceAll('"', '\\"')}"` : writeName(query.name);
      return query.minConfidence === undefined ? name : `${name}>=${query.minConfidence}`;
    }
    case 'not':
      return `NOT ${print(query.part)}`;
    default:
      return `(${query.parts.map(print).join(query.kind === 'or' ? ' OR ' : ' ')})`;
  }
}

const names = fc
  .oneof(
    fc.string({
      unit: fc.constantFrom('a', 'B', ' ', '*', '\\', '"', '-', '(', '>', 'é', '犬'),
      minLength: 1,
    }),
    fc.string({ unit: 'binary', minLength: 1 }),
    fc.constantFrom('OR', 'AND', 'NOT', 'or', '-', 'golden retriever'),
  )
  .filter((name) => name.trim() !== '');
const confidence = fc.option(fc.integer({ min: 0, max: 100 }), { nil: undefined });
const term = fc.tuple(names, fc.boolean(), confidence).map(([name, wildcard, minConfidence]): PlainQuery => {
  const pattern = `${name.replace(/[*\\]/g, '\\$&')}*${name.replace(/[*\\]/g, '\\$&')}`;
  const written = { kind: 'term' as const, name: wildcard ? pattern : name, wildcard };
  return minConfidence === undefined ? written : { ...written, minConfidence };
});
const { tree } = fc.letrec<{ tree: PlainQuery; part: PlainQuery }>((tie) => ({
  tree: fc.oneof({ maxDepth: 5 }, term, tie('part')),
  part: fc.oneof(
    fc.record({ kind: fc.constant('not' as const), part: tie('tree') }),
    fc.record({
      kind: fc.constantFrom('and' as const, 'or' as const),
      parts: fc.array(tie('tree'), { minLength: 2, maxLength: 4 }),
    }),
  ),
}));
