import { fold } from './fold.ts';
import type { Vocabulary } from './tree.ts';

export interface Suggestion {
  /** The most common of the spellings that differ only in case. */
  name: string;
  /** Images, over all those spellings. */
  images: number;
}

const MOST = 3;

/**
 * Labels that may have been meant by a name that no image has; at most three, best first: one typing error away, then
 * labels that begin with the name, then labels with a word that does, then two errors away; in each of these groups
 * by number of images.
 */
export function suggest(name: string, vocabulary: Vocabulary): Suggestion[] {
  return pickLabels(vocabulary, closenessTo(fold(name).trim()))
    .slice(0, MOST)
    .map(({ name, images }) => ({ name, images }));
}

/**
 * The labels that `rank` gives a number for, lowest first, then by number of images. Spellings that differ only in case
 * are one label; `rank` gets it folded.
 */
export function pickLabels(
  vocabulary: Vocabulary,
  rank: (folded: string) => number | undefined,
): (Suggestion & { rank: number })[] {
  const picked = new Map<string, Suggestion & { rank: number; most: number }>();
  for (const [name, images] of vocabulary) {
    const folded = fold(name);
    const known = picked.get(folded);
    if (!known) {
      const ranked = rank(folded);
      if (ranked !== undefined) picked.set(folded, { name, images, rank: ranked, most: images });
      continue;
    }
    known.images += images;
    if (images > known.most || (images === known.most && name < known.name)) {
      known.name = name;
      known.most = images;
    }
  }
  return [...picked.values()].sort(
    (a, b) => a.rank - b.rank || b.images - a.images || (a.name < b.name ? -1 : 1),
  );
}

/** Lower is closer; `undefined`: not close. */
function closenessTo(wanted: string): (folded: string) => number | undefined {
  // Two errors in a short word reach half the dictionary, and one in two letters does.
  const errors = wanted.length < 3 ? 0 : wanted.length < 6 ? 1 : 2;
  const distance = distanceTo(wanted, errors);
  return (folded) => {
    const edits = distance(folded);
    if (edits <= 1) return edits;
    if (wanted.length >= 2 && folded.startsWith(wanted)) return 2;
    if (wanted.length >= 3 && folded.includes(` ${wanted}`)) return 3;
    return edits <= errors ? 4 : undefined;
  };
}

/**
 * Restricted Damerau-Levenshtein distance (optimal string alignment: insert, delete, replace, swap neighbours, none of
 * them twice at one place) to `wanted`, in UTF-16 units. Infinity beyond `limit`, and early: three rows are reused
 * and only the diagonal band that can stay within the limit is computed.
 */
export function distanceTo(wanted: string, limit: number): (other: string) => number {
  const columns = wanted.length;
  let before = new Uint16Array(columns + 1);
  let previous = new Uint16Array(columns + 1);
  let current = new Uint16Array(columns + 1);
  const letters = Uint16Array.from({ length: columns }, (_, i) => wanted.charCodeAt(i));
  return (other) => {
    if (Math.abs(other.length - columns) > limit) return Number.POSITIVE_INFINITY;
    for (let column = 0; column <= columns; column++) previous[column] = column;
    for (let row = 1; row <= other.length; row++) {
      const letter = other.charCodeAt(row - 1);
      const from = Math.max(1, row - limit);
      const to = Math.min(columns, row + limit);
      let best = from === 1 ? row : limit + 1;
      current[from - 1] = best;
      for (let column = from; column <= to; column++) {
        const same = letters[column - 1] === letter;
        let edits = Math.min(
          at(previous, column - 1) + (same ? 0 : 1),
          at(current, column - 1) + 1,
          at(previous, column) + 1,
        );
        const swapped =
          row > 1 &&
          column > 1 &&
          letters[column - 2] === letter &&
          letters[column - 1] === other.charCodeAt(row - 2);
        if (swapped) edits = Math.min(edits, at(before, column - 2) + 1);
        current[column] = edits;
        if (edits < best) best = edits;
      }
      if (to < columns) current[to + 1] = limit + 1;
      if (best > limit) return Number.POSITIVE_INFINITY;
      [before, previous, current] = [previous, current, before];
    }
    const edits = at(previous, columns);
    return edits <= limit ? edits : Number.POSITIVE_INFINITY;
  };
}

const at = (row: Uint16Array, column: number) => row[column] ?? 0;
