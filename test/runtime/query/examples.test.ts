import { describe, expect, it } from 'vitest';
import { EXAMPLE_IMAGES, QUERY_EXAMPLES, queryHelp } from '../../../src/runtime/query/examples.ts';
import { parse } from '../../../src/runtime/query/parse.ts';
import { resolve } from '../../../src/runtime/query/resolve.ts';
import { matches } from './matches.ts';

const vocabulary = new Map<string, number>();
for (const { labels } of EXAMPLE_IMAGES) {
  for (const name of Object.keys(labels)) vocabulary.set(name, (vocabulary.get(name) ?? 0) + 1);
}

describe('query help', () => {
  it.each(QUERY_EXAMPLES)('$query finds what the help says', ({ query, finds }) => {
    const resolved = resolve(parse(query), vocabulary);
    expect(resolved.unknown).toEqual([]);
    const found = EXAMPLE_IMAGES.filter(({ labels }) => matches(resolved.query, labels));
    expect(found.map(({ key }) => key)).toEqual(finds);
  });

  it('gives the ones it calls equal the same tree', () => {
    const tree = (query: string) => JSON.stringify(resolve(parse(query), vocabulary).query);
    expect(tree('dog cat')).toBe(tree('dog AND cat'));
    expect(tree('dog -cat')).toBe(tree('dog NOT cat'));
    expect(tree('dogs')).toBe(tree('dog'));
  });

  it('shows every example within 120 columns', () => {
    const text = queryHelp();
    for (const { query, meaning } of QUERY_EXAMPLES) {
      expect(text.split('\n').some((line) => line.includes(query) && line.endsWith(meaning))).toBe(true);
    }
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(120);
  });
});
