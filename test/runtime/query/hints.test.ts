import { describe, expect, it } from 'vitest';
import { hints } from '../../../src/runtime/query/hints.ts';
import { parse } from '../../../src/runtime/query/parse.ts';
import { resolve } from '../../../src/runtime/query/resolve.ts';

const vocabulary = new Map([
  ['Dog', 400],
  ['DOG', 12],
  ['Dot', 3],
  ['Golden', 2],
  ['Retriever', 1],
  ['Golden Retriever', 50],
  ['golden retriever', 5],
  ['C*', 1],
]);

function hintsFor(text: string): string[] {
  const query = parse(text);
  return hints(query, resolve(query, vocabulary).unknown, vocabulary);
}

describe('hints', () => {
  it('names what is close', () => {
    expect(hintsFor('dgo')).toEqual(["no image has 'dgo'; did you mean Dog (412)?"]);
    expect(hintsFor('doh')).toEqual(["no image has 'doh'; did you mean Dog (412) or Dot (3)?"]);
    expect(hintsFor('"goldn retriever"')).toEqual([
      'no image has \'goldn retriever\'; did you mean "Golden Retriever" (55)?',
    ]);
    expect(hintsFor('elephant')).toEqual(["no image has 'elephant'"]);
    expect(hintsFor('ele*')).toEqual(["no label matches 'ele*'"]);
  });

  it('has nothing to say about a query of known names', () => {
    expect(hintsFor('dog golden')).toEqual([]);
  });

  it('explains operators in lower case', () => {
    expect(hintsFor('dog or dot')).toEqual(["no image has 'or'; as an operator it is written OR"]);
  });

  it('finds labels of several words', () => {
    const hint = '"Golden Retriever" is one label (55): write it in quotes';
    expect(hintsFor('golden retriever')).toEqual([hint]);
    expect(hintsFor('dog (dot OR -(GOLDEN retriever>=90 dot))')).toEqual([hint]);
    expect(hintsFor('retriever golden')).toEqual([]);
    expect(hintsFor('golden OR retriever')).toEqual([]);
    expect(hintsFor('golden -retriever')).toEqual([]);
  });

  it('explains a name once and few of many', () => {
    expect(hintsFor('elk ELK')).toEqual(["no image has 'elk'"]);
    expect(hintsFor('elk gnu yak eft asp')).toEqual([
      "no image has 'elk'",
      "no image has 'gnu'",
      "no image has 'yak'",
      '2 more names of this query are on no image',
    ]);
  });
});
