import type { Document } from '../contract.ts';
import { readPart } from '../image/archive.ts';
import { storedLabels } from '../image/document.ts';
import type { IndexWrite, IndexWriter, Known, ObjectStore } from '../ports.ts';
import { ARCHIVE } from './layout.ts';

export interface Rebuilt {
  /** Objects of the archive that were read. */
  parts: number;
  documents: number;
}

/**
 * Fills an empty index from the label archive alone: no labeler call, no look at the images.
 *
 * The archive's objects are in no order of time, so the newest state of each image wins, by the order of its last
 * live change and then by when it was observed. Entries without labels (an image whose time moved) can't stand alone
 * and follow in a second pass.
 *
 * @throws RekbackError `archive-unreadable`
 */
export async function rebuildIndex(objects: ObjectStore, index: IndexWriter): Promise<Rebuilt> {
  const rebuilt: Rebuilt = { parts: 0, documents: 0 };
  for (const pass of ['labelled', 'moved'] as const) {
    for await (const { key } of objects.list(ARCHIVE)) {
      const { labeling, entries } = await readPart(objects, key);
      const documents: IndexWrite['document'][] = [];
      for (const { document, answer } of entries) {
        const labels =
          answer === undefined
            ? document.labels
            : 'refusal' in answer
              ? []
              : storedLabels(answer.labels, labeling);
        if ((labels !== undefined) === (pass === 'labelled')) {
          documents.push(labels === undefined ? document : { ...document, labels });
        }
      }
      rebuilt.documents += await replay(documents, index);
      if (pass === 'labelled') rebuilt.parts++;
    }
  }
  return rebuilt;
}

/** @returns how many images were not in the index before */
async function replay(documents: readonly IndexWrite['document'][], index: IndexWriter): Promise<number> {
  let created = 0;
  const newest = new Map<string, IndexWrite['document']>();
  for (const document of documents) {
    const other = newest.get(document.key);
    if (other === undefined || !isNewer(other, document)) newest.set(document.key, document);
  }
  const wanted = [...newest.values()];
  const known = await index.lookUp(wanted.map(({ key }) => key));
  const writes: IndexWrite[] = [];
  wanted.forEach((document, at) => {
    const current = known[at];
    if (current !== undefined && isNewer(current.document, document)) return;
    if (document.labels === undefined && !belongsTo(document, current)) return;
    if (current === undefined) created++;
    writes.push({ document, expected: current?.version });
  });
  await index.write(writes);
  return created;
}

type State = Pick<Document, 'seq' | 'observedAt'>;

const isNewer = (a: State, b: State) => (a.seq === b.seq ? a.observedAt > b.observedAt : a.seq > b.seq);

/** A moved image's entry says nothing about another content. */
const belongsTo = (document: IndexWrite['document'], current: Known | undefined) =>
  current !== undefined &&
  current.document.etag === document.etag &&
  current.document.state === document.state;
