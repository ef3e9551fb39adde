import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { FolderWatch } from '../adapters/folder/watch.ts';
import { RekbackError } from '../runtime/errors.ts';
import type {
  Executor,
  ImageStore,
  IndexReader,
  IndexWriter,
  Labeler,
  ObjectStore,
} from '../runtime/ports.ts';
import type { Holder, IsAlive } from '../runtime/run/lease.ts';
import { stackFolder } from './home.ts';
import { partsOf } from './parts.ts';
import { imagesOf, type LocalRecord } from './record.ts';

/** A stack's adapters. Each is loaded when it is asked for: a search must not wait for what only a backfill needs. */
export interface Stack {
  record: LocalRecord;
  /** Where a person finds what was made for it. */
  folder: string;
  objects(): Promise<ObjectStore>;
  images(): Promise<ImageStore>;
  labeler(): Promise<Labeler>;
  indexReader(): Promise<IndexReader>;
  /** @throws RekbackError `index-missing`: a new one would have every image labelled, and paid for, again */
  indexWriter(): Promise<IndexWriter>;
  /** An empty index beside the present one; `replace` puts it in its place. */
  newIndex(): Promise<{ index: IndexWriter; replace(): Promise<void> }>;
  executor(): Promise<Executor>;
  /** Everything that happens to the images from now on. */
  watch(onProblem: (error: unknown) => void): Promise<FolderWatch>;
  leases(): Promise<{ holder: (what: string) => Holder; isAlive: IsAlive }>;
}

const INDEX = 'index.db';

/** The only place that knows which adapters a stack has. */
export function openStack(record: LocalRecord): Stack {
  const folder = stackFolder(record.name);
  const indexFile = join(folder, INDEX);
  const parts = partsOf(record);
  const { bucket } = parts;
  const objects = async () => (await import('../adapters/folder/objects.ts')).openFolderObjects(folder);
  const { images, labeler } = parts;
  const openWriter = async (file: string) =>
    (await import('../adapters/sqlite/writer.ts')).openIndexWriter(file, { bucket });
  const indexWriter = async () => {
    await access(indexFile).catch((cause: unknown) => {
      throw indexMissing(indexFile, cause);
    });
    return openWriter(indexFile);
  };
  return {
    record,
    folder,
    objects,
    images,
    labeler,
    indexReader: async () =>
      (await import('../adapters/sqlite/reader.ts')).openIndexReader(indexFile, { bucket }),
    indexWriter,
    async newIndex() {
      const { replaceIndex } = await import('../adapters/sqlite/replace.ts');
      return replaceIndex(indexFile, openWriter);
    },
    async executor() {
      const { createLocalExecutor } = await import('../adapters/workers/executor.ts');
      return createLocalExecutor({
        objects: await objects(),
        images: await images(),
        labeler: await labeler(),
        openIndex: indexWriter,
        rows: async ({ selection }) =>
          (await import('./rows.ts')).openSelectedRows(selection, await images(), await objects()),
        prefix: record.prefix,
        concurrency: record.settings.concurrency || undefined,
        rate: record.settings.rate || undefined,
      });
    },
    async watch(onProblem) {
      const { watchFolder } = await import('../adapters/folder/watch.ts');
      if (record.adapters.images.adapter === 'folder') return watchFolder(bucket, onProblem);
      throw new RekbackError(
        'not-followed',
        `changes of '${imagesOf(record)}' don't arrive on this machine`,
        {
          suggestions: ['catch up with them now and then: rekback live --once'],
        },
      );
    },
    async leases() {
      const { isAlive, thisHolder } = await import('../adapters/workers/process.ts');
      return { holder: thisHolder, isAlive };
    },
  };
}

const indexMissing = (file: string, cause: unknown) =>
  new RekbackError('index-missing', `there is no index at '${file}'`, {
    cause,
    suggestions: ['make it again from the archived labels: rekback index rebuild'],
  });
