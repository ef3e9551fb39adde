import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { RekbackError } from '../runtime/errors.ts';
import { EVERYTHING } from '../runtime/run/start.ts';
import { stackFolder } from './home.ts';
import { partsOf } from './parts.ts';
import { imagesOf, type LocalRecord } from './record.ts';
import type { RunsHere, Stack } from './stack.ts';

/** A stack on this machine. */
export interface LocalStack extends Stack {
  record: LocalRecord;
  /** Where a person finds what was made for it. */
  folder: string;
  runs: RunsHere;
}

const INDEX = 'index.db';

export function openLocalStack(record: LocalRecord): LocalStack {
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
  const executor = async () => {
    const { createLocalExecutor } = await import('../adapters/workers/executor.ts');
    return createLocalExecutor({
      objects: await objects(),
      images: await images(),
      labeler: await labeler(),
      openIndex: indexWriter,
      rows: ({ selection }) => rows(selection),
      prefix: record.prefix,
      concurrency: record.settings.concurrency || undefined,
      rate: record.settings.rate || undefined,
    });
  };
  const rows: Stack['rows'] = async (selection) =>
    (await import('./rows.ts')).openSelectedRows(selection, await images(), await objects());
  return {
    record,
    folder,
    everything: EVERYTHING,
    rows,
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
    runs: { executor },
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
