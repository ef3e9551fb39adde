import { fold } from './fold.ts';
import type { Term } from './resolve.ts';
import { pickLabels, suggest } from './suggest.ts';
import { writeName } from './tokens.ts';
import type { Query, Vocabulary } from './tree.ts';

/** Unknown names that are explained; each costs a pass over the vocabulary. */
const EXPLAINED = 3;

/**
 * Why a query may have found nothing, for a person: unknown names with the closest labels, names that were meant as
 * operators, words that together are one label. `unknown` is what `resolve` returned. One line each.
 */
export function hints(query: Query, unknown: readonly Term[], vocabulary: Vocabulary): string[] {
  const names = unknown.filter(
    (term, i) => unknown.findIndex(({ name }) => fold(name) === fold(term.name)) === i,
  );
  return [
    ...joinedWords(query, vocabulary),
    ...names.slice(0, EXPLAINED).map((term) => explain(term, vocabulary)),
    ...(names.length > EXPLAINED
      ? [`${names.length - EXPLAINED} more names of this query are on no image`]
      : []),
  ];
}

function explain({ name, wildcard }: Term, vocabulary: Vocabulary): string {
  if (wildcard) return `no label matches '${name}'`;
  const none = `no image has '${name}'`;
  if (/^(?:and|or|not)$/i.test(name)) return `${none}; as an operator it is written ${name.toUpperCase()}`;
  const close = suggest(name, vocabulary).map((label) => `${writeName(label.name)} (${label.images})`);
  return close.length > 0 ? `${none}; did you mean ${orList(close)}?` : none;
}

const orList = (items: string[]) =>
  items.length > 1 ? `${items.slice(0, -1).join(', ')} or ${items.at(-1)}` : items.join();

/** `golden retriever` without quotes asks for two labels: says so where the two words are one. */
function joinedWords(query: Query, vocabulary: Vocabulary): string[] {
  const candidates = new Set(runsOfWords(query).map(fold));
  if (candidates.size === 0) return [];
  return pickLabels(vocabulary, (folded) => (candidates.has(folded) ? 0 : undefined)).map(
    ({ name, images }) => `${writeName(name)} is one label (${images}): write it in quotes`,
  );
}

/** Most words of a label that are tried; Rekognition's longest have five. */
const WORDS = 5;

function runsOfWords(query: Query): string[] {
  if (query.kind === 'term') return [];
  if (query.kind === 'not') return runsOfWords(query.part);
  const { parts } = query;
  if (query.kind === 'or') return parts.flatMap(runsOfWords);
  return parts.flatMap((part, start) => {
    const runs = runsOfWords(part);
    let words = '';
    for (const next of parts.slice(start, start + WORDS)) {
      if (next.kind !== 'term' || next.wildcard) break;
      words += words === '' ? next.name : ` ${next.name}`;
      if (next !== part) runs.push(words);
    }
    return runs;
  });
}
