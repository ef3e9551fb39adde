import ExifReader from 'exifreader';
import type { AnsweredLabel } from './state.ts';

/**
 * The keywords that a photo program wrote into the image, as labels: XMP's `dc:subject` and `lr:hierarchicalSubject`
 * (`Animal|Dog` is a Dog whose parent is Animal), IPTC's Keywords. None where there is no metadata.
 */
export function keywordsOf(bytes: Buffer): AnsweredLabel[] {
  let tags: ExifReader.ExpandedTags;
  try {
    tags = ExifReader.load(bytes, { expanded: true });
  } catch {
    return [];
  }
  const iptc: unknown = tags.iptc?.Keywords;
  const paths = [
    ...textsOf(tags.xmp?.hierarchicalSubject).map((path) => path.split('|')),
    ...[...textsOf(tags.xmp?.subject), ...textsOf(iptc)].map((name) => [name]),
  ];
  const labels = new Map<string, AnsweredLabel>();
  for (const path of paths) {
    const name = path.at(-1) ?? '';
    if (name === '' || labels.has(name)) continue;
    const parents = path.slice(0, -1).reverse();
    labels.set(name, {
      Name: name,
      Confidence: 99.5,
      Parents: parents.map((Name) => ({ Name })),
      Aliases: [],
      Categories: [{ Name: 'Keywords' }],
      Instances: [],
    });
  }
  return [...labels.values()];
}

/** A tag's value is a text, or a list of tags; IPTC repeats the tag itself. */
function textsOf(tag: unknown): string[] {
  if (tag === undefined || tag === null) return [];
  if (Array.isArray(tag)) return tag.flatMap(textsOf);
  const { value, description } = tag as { value?: unknown; description?: unknown };
  if (Array.isArray(value) && value.every((each) => typeof each === 'object')) return value.flatMap(textsOf);
  if (typeof value === 'string') return [value];
  return typeof description === 'string' ? [description] : [];
}
