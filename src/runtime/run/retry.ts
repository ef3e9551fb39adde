import type { ListedImage, ObjectStore } from '../ports.ts';
import { readResults } from './record.ts';

/** The images that failed in a run, as rows for another. */
export async function* failedImages(objects: ObjectStore, run: string): AsyncGenerator<ListedImage[]> {
  for (const { failures } of await readResults(objects, run)) {
    if (failures.length > 0) yield failures.map(({ key }) => ({ key }));
  }
}
