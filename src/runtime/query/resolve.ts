import { fold } from './fold.ts';
import type { Query, ResolvedQuery, Vocabulary } from './tree.ts';

export type Term = Extract<Query, { kind: 'term' }>;

export interface Resolution {
  query: ResolvedQuery;
  /** The terms that no label answers to, in the order of the query. */
  unknown: Term[];
}

/**
 * Replaces every term by the exact label names it stands for, ascending by UTF-16 unit:
 *
 * - a name: all spellings that are equal without case; if there are none, those of its English singular (`dogs` finds
 *   `Dog`, `puppies` `Puppy`, `wolves` `Wolf`, `women` `Woman`), whichever form exists first. Never the other way round;
 * - a wildcard: all labels that match as a whole, spaces included; `*` stands for any number of characters.
 *
 * One pass over the vocabulary, however many terms: folding 100,000 labels costs more than all else here.
 */
export function resolve(query: Query, vocabulary: Vocabulary): Resolution {
  const terms = termsOf(query);
  const spellings = new Map<string, string[]>();
  const wildcards = new Map<string, { matches: (folded: string) => boolean; labels: string[] }>();
  for (const { name, wildcard } of terms) {
    if (wildcard) wildcards.set(name, { matches: glob(name), labels: [] });
    else for (const form of [fold(name), ...singulars(fold(name))]) spellings.set(form, []);
  }
  for (const label of vocabulary.keys()) {
    const folded = fold(label);
    spellings.get(folded)?.push(label);
    for (const wildcard of wildcards.values()) if (wildcard.matches(folded)) wildcard.labels.push(label);
  }

  const labelsOf = ({ name, wildcard }: Term): string[] => {
    if (wildcard) return (wildcards.get(name)?.labels ?? []).toSorted();
    for (const form of [fold(name), ...singulars(fold(name))]) {
      const labels = spellings.get(form) ?? [];
      if (labels.length > 0) return labels.toSorted();
    }
    return [];
  };
  const unknown: Term[] = [];
  const replace = (part: Query): ResolvedQuery => {
    if (part.kind === 'not') return { kind: 'not', part: replace(part.part) };
    if (part.kind !== 'term') return { kind: part.kind, parts: part.parts.map(replace) };
    const labels = labelsOf(part);
    if (labels.length === 0) unknown.push(part);
    const { minConfidence } = part;
    return { kind: 'labels', labels, ...(minConfidence === undefined ? {} : { minConfidence }) };
  };
  return { query: replace(query), unknown };
}

function termsOf(query: Query): Term[] {
  if (query.kind === 'term') return [query];
  return query.kind === 'not' ? termsOf(query.part) : query.parts.flatMap(termsOf);
}

/** Plural ending → singular ending; all that fit are tried, in this order. */
const PLURALS: readonly (readonly [string, string])[] = [
  ['s', ''],
  ['ies', 'y'],
  ['ves', 'f'],
  ['ves', 'fe'],
  ['es', ''],
  ['men', 'man'],
  ['children', 'child'],
  ['people', 'person'],
];

function singulars(folded: string): string[] {
  // `glass` is no plural, and two letters are too few to tell.
  if (folded.length < 3 || folded.endsWith('ss')) return [];
  return PLURALS.filter(([plural]) => folded.endsWith(plural)).map(
    ([plural, singular]) => folded.slice(0, -plural.length) + singular,
  );
}

/**
 * A matcher for a wildcard term's name. Takes the leftmost place for every piece between two `*`, which is right for
 * patterns without other wildcards, and never backtracks as a regular expression would.
 */
export function glob(pattern: string): (folded: string) => boolean {
  const written = [''];
  for (const [part] of pattern.matchAll(/\\.|[^\\]/gs)) {
    if (part === '*') written.push('');
    else written.push(`${written.pop()}${part.slice(-1)}`);
  }
  const pieces = written.map(fold);
  const first = pieces[0] ?? '';
  const last = pieces.at(-1) ?? '';
  const inner = pieces.slice(1, -1);
  if (pieces.length === 1) return (folded) => folded === first;
  return (folded) => {
    if (!folded.startsWith(first) || !folded.endsWith(last)) return false;
    let from = first.length;
    for (const piece of inner) {
      const at = folded.indexOf(piece, from);
      if (at < 0) return false;
      from = at + piece.length;
    }
    return from <= folded.length - last.length;
  };
}
