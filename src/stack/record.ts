import { RekbackError } from '../runtime/errors.ts';
import type { ObjectStore } from '../runtime/ports.ts';
import { STACK_RECORD } from '../runtime/run/layout.ts';
import type { Settings } from './settings.ts';

/** Raised when an older rekback would misread the record. */
export const RECORD_FORMAT = 1;

/** Everything that a stack is, apart from its images and labels: one adapter per port, and the settings. */
export interface StackRecord {
  format: number;
  name: string;
  /** ISO time. */
  createdAt: string;
  adapters: {
    images: { adapter: 'folder'; root: string };
    labeler: { adapter: 'keywords' };
    index: { adapter: 'sqlite' };
    objects: { adapter: 'folder' };
    executor: { adapter: 'workers' };
  };
  prefix?: string;
  settings: Settings;
}

/**
 * @returns the record, or undefined where there is no stack
 * @throws RekbackError `stack-damaged`
 */
export async function readRecord(objects: ObjectStore): Promise<StackRecord | undefined> {
  const stored = await objects.get(STACK_RECORD);
  if (stored === undefined) return undefined;
  try {
    return JSON.parse(stored.body.toString('utf8')) as StackRecord;
  } catch (error) {
    throw new RekbackError('stack-damaged', `the stack's record '${STACK_RECORD}' can't be read`, {
      cause: error,
      suggestions: ['set the stack up again under another name: rekback setup --folder DIR --stack NAME'],
    });
  }
}

/** @throws RekbackError `stack-newer` rather than overwrite what a newer version wrote */
export async function writeRecord(objects: ObjectStore, record: StackRecord): Promise<void> {
  const current = await readRecord(objects);
  if (current !== undefined) assertWritable(current);
  await objects.put(STACK_RECORD, Buffer.from(`${JSON.stringify(record, undefined, 2)}\n`));
}

/**
 * Called before anything is written to a stack.
 * @throws RekbackError `stack-newer`
 */
export function assertWritable({ name, format }: StackRecord): void {
  if (format <= RECORD_FORMAT) return;
  throw new RekbackError(
    'stack-newer',
    `stack '${name}' was set up by a newer rekback (format ${format}; this one writes ${RECORD_FORMAT})`,
    {
      suggestions: [
        'update rekback: npm install --global rekback@latest',
        'reading still works: rekback search …',
      ],
    },
  );
}
