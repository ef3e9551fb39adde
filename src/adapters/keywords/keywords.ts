import type { DetectedLabel } from '../../runtime/contract.ts';
import { fold } from '../../runtime/query/fold.ts';
import { iptcKeywords } from './iptc.ts';
import { xmpKeywords } from './xmp.ts';

/** Longer than this it is a caption in the wrong field; cut, it would be a label that nobody looks for. UTF-16 units. */
const MAX_KEYWORD_LENGTH = 200;
/** Terms in one hierarchy; no catalogue is as deep. */
const MAX_HIERARCHY_DEPTH = 16;
/** A person wrote or chose them. */
const CERTAIN = 100;

/**
 * The labels that photo programs wrote into an image: its XMP packet and IPTC block, as libvips hands them out.
 * Names are trimmed, NFC, and each once without regard to case, in the first spelling. The last term of a hierarchy is the
 * label, the others its parents, nearest first; a plain keyword that stands in a hierarchy has parents too.
 */
export async function keywordLabels(metadata: {
  xmp?: Buffer | undefined;
  iptc?: Buffer | undefined;
}): Promise<DetectedLabel[]> {
  const { subjects, hierarchies } = metadata.xmp
    ? await xmpKeywords(metadata.xmp)
    : { subjects: [], hierarchies: [] };
  const keywords = [...subjects, ...(metadata.iptc ? iptcKeywords(metadata.iptc) : [])];
  const paths = [
    ...hierarchies.map((hierarchy) => normalisedPath(hierarchy.split('|'))),
    ...keywords.map((keyword) => normalisedPath([keyword])),
  ];
  return labelsOf(paths);
}

function normalisedPath(terms: readonly string[]): string[] {
  if (terms.length > MAX_HIERARCHY_DEPTH) return [];
  return terms.map(normalised).filter((term) => term !== '' && term.length <= MAX_KEYWORD_LENGTH);
}

/** IPTC values may be padded with NUL. */
const normalised = (keyword: string) => keyword.replace(/\0+$/, '').trim().normalize('NFC');

function labelsOf(paths: readonly (readonly string[])[]): DetectedLabel[] {
  const spelling = new Map<string, string>();
  const parents = new Map<string, Set<string>>();
  const detected = new Set<string>();
  for (const path of paths) {
    const folded = path.map((term) => {
      const key = fold(term);
      if (!spelling.has(key)) spelling.set(key, term);
      return key;
    });
    folded.forEach((term, depth) => {
      const known = parents.get(term) ?? new Set();
      for (const parent of folded.slice(0, depth).reverse()) if (parent !== term) known.add(parent);
      parents.set(term, known);
    });
    const last = folded.at(-1);
    if (last !== undefined) detected.add(last);
  }
  const spelled = (term: string) => spelling.get(term) ?? term;
  return Array.from(detected, (term) => {
    const above = Array.from(parents.get(term) ?? [], spelled);
    return { name: spelled(term), confidence: CERTAIN, ...(above.length > 0 && { parents: above }) };
  });
}
