import { promisify } from 'node:util';
import { gunzip as gunzipCallback, gzip as gzipCallback } from 'node:zlib';
import type { Answer, Document, Labeling } from '../contract.ts';
import { RekbackError } from '../errors.ts';
import type { ObjectStore } from '../ports.ts';

const gzip = promisify(gzipCallback);
const gunzip = promisify(gunzipCallback);

/**
 * One write to the index, as the label archive keeps it. `answer` is the labeler's raw answer, there exactly when a
 * call was made for this entry; without it the document carries its labels itself (copied from an equal image), or
 * none (`document.labels` is left out) where only the image's time or order moved.
 */
export interface ArchiveEntry {
  document: Omit<Document, 'labels'> & Partial<Pick<Document, 'labels'>>;
  answer?: Answer;
}

/** One object of the archive: what was written together, and the labeling that its answers were asked under. */
export interface ArchivePart {
  labeling: Labeling;
  entries: ArchiveEntry[];
}

/** Compressed, one JSON value per line, the labeling first. Parts can be joined: gzip members follow each other. */
export async function encodePart(labeling: Labeling, entries: readonly ArchiveEntry[]): Promise<Buffer> {
  const lines = entries.map(({ document, answer }) => {
    if (answer === undefined) return JSON.stringify({ document });
    // Its labels follow from the answer.
    const { labels, ...rest } = document;
    return JSON.stringify({ document: rest, answer });
  });
  return gzip(`${[JSON.stringify({ labeling }), ...lines].join('\n')}\n`, { level: 4 });
}

/** @throws RekbackError `archive-unreadable`, naming the object */
export async function readPart(objects: ObjectStore, key: string): Promise<ArchivePart> {
  try {
    const stored = await objects.get(key);
    if (stored === undefined) throw new Error('it is missing');
    const [first = '', ...rest] = (await gunzip(stored.body)).toString('utf8').trimEnd().split('\n');
    const { labeling } = JSON.parse(first) as Pick<ArchivePart, 'labeling'>;
    return { labeling, entries: rest.map((line) => JSON.parse(line) as ArchiveEntry) };
  } catch (error) {
    if (error instanceof RekbackError) throw error;
    throw new RekbackError('archive-unreadable', `the label archive's object '${key}' can't be read`, {
      cause: error,
      suggestions: ['move it away; the images in it are then labelled again by the next backfill'],
    });
  }
}
