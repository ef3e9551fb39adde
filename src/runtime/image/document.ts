import { createHash } from 'node:crypto';
import type { Answer, DetectedLabel, Document, ImageHead, Label, Labeling } from '../contract.ts';
import { fold } from '../query/fold.ts';
import type { Change } from './change.ts';

/** What a document records of the labeling: two labelings with one fingerprint give one image the same labels. */
export function fingerprint(labeling: Labeling): string {
  const { labeler, revision, labelFloor, maxLabels, include, exclude } = labeling;
  const settings = JSON.stringify([labelFloor, maxLabels, [...include].sort(), [...exclude].sort()]);
  const hash = createHash('sha256').update(settings).digest('base64url').slice(0, 8);
  return `${labeler}-${revision}-${hash}`;
}

/**
 * The labels that the index keeps of an answer: those allowed by the labeling and at or above its floor, confidence
 * floored to whole numbers, each once (case-insensitively, the highest confidence wins), and all ancestors, marked as
 * inherited, with the confidence of their surest descendant. Best first, ties by name.
 */
export function storedLabels(detected: readonly DetectedLabel[], labeling: Labeling): Label[] {
  const include = new Set(labeling.include.map(fold));
  const exclude = new Set(labeling.exclude.map(fold));
  const allowed = detected
    .filter(({ name, confidence }) => {
      const folded = fold(name);
      return (
        confidence >= labeling.labelFloor &&
        !exclude.has(folded) &&
        (include.size === 0 || include.has(folded))
      );
    })
    .sort((a, b) => b.confidence - a.confidence)
    .slice(0, labeling.maxLabels);
  const labels = new Map<string, Label>();
  for (const { name, confidence } of allowed) {
    const folded = fold(name);
    if (!labels.has(folded)) labels.set(folded, { name, confidence: wholeConfidence(confidence) });
  }
  for (const { parents = [], confidence } of allowed) {
    for (const name of parents) {
      const folded = fold(name);
      if (exclude.has(folded)) continue;
      const known = labels.get(folded);
      const inherited = { name, confidence: wholeConfidence(confidence), inherited: true };
      if (known === undefined || (known.inherited && known.confidence < inherited.confidence)) {
        labels.set(folded, inherited);
      }
    }
  }
  return [...labels.values()].sort(
    (a, b) => b.confidence - a.confidence || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );
}

const wholeConfidence = (confidence: number) => Math.min(100, Math.max(0, Math.floor(confidence)));

/** Where and when a document's state was read, and for which run. */
export interface Observation {
  bucket: string;
  labeling: Labeling;
  run: string;
  /** Epoch milliseconds. */
  observedAt: number;
  seq: string;
}

/** The document of a labelled (or permanently refused) image. */
export function answeredDocument(
  change: Change,
  head: ImageHead,
  answer: Answer,
  seen: Observation,
): Document {
  const base = baseDocument(change, head, seen);
  return 'refusal' in answer
    ? { ...base, state: 'failed', reason: answer.refusal, detail: answer.detail, labels: [] }
    : { ...base, state: 'indexed', labels: storedLabels(answer.labels, seen.labeling) };
}

/** The document of an image whose content is already labelled under another key. */
export function copiedDocument(change: Change, head: ImageHead, twin: Document, seen: Observation): Document {
  return {
    ...baseDocument(change, head, seen),
    state: 'indexed',
    labeling: twin.labeling,
    labels: twin.labels,
  };
}

/** A durable mark that the image is gone, so that a late event about its past can't bring it back. */
export function tombstone(change: Change, seen: Observation): Document {
  return {
    ...baseDocument(change, { etag: '', size: 0, lastModified: 0 }, seen),
    state: 'deleted',
    labels: [],
  };
}

function baseDocument(change: Change, head: ImageHead, seen: Observation) {
  return {
    bucket: seen.bucket,
    key: change.key,
    etag: head.etag,
    size: head.size,
    lastModified: head.lastModified,
    labeling: fingerprint(seen.labeling),
    seq: seen.seq,
    observedAt: seen.observedAt,
    run: seen.run,
    row: change.row,
  };
}
