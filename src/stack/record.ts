import { RekbackError } from '../runtime/errors.ts';
import type { ObjectStore } from '../runtime/ports.ts';
import { STACK_RECORD } from '../runtime/run/layout.ts';
import type { AwsSpec } from './aws-spec.ts';
import { initialSettings, type Settings } from './settings.ts';

/** Raised when an older rekback would misread the record. */
export const RECORD_FORMAT = 1;

interface CommonRecord {
  format: number;
  name: string;
  /** ISO time. */
  createdAt: string;
  prefix?: string;
  settings: Settings;
}

/** A stack on this machine. */
export interface LocalRecord extends CommonRecord {
  adapters: {
    images: { adapter: 'folder'; root: string } | { adapter: 's3'; bucket: string };
    labeler: { adapter: 'keywords' | 'rekognition' };
    index: { adapter: 'sqlite' };
    objects: { adapter: 'folder' };
    executor: { adapter: 'workers' };
  };
  /** Where AWS is called, and as whom; absent where nothing of it is. */
  calls?: AwsCalls;
}

export interface AwsCalls {
  region: string;
  /** A named profile; absent: as the environment says. */
  profile?: string;
}

/** A stack on AWS, with what was chosen for it. */
export interface AwsRecord extends CommonRecord {
  adapters: {
    images: { adapter: 's3' };
    labeler: { adapter: 'rekognition' };
    index: { adapter: 'opensearch' };
    objects: { adapter: 's3' };
    executor: { adapter: 'batch' };
  };
  aws: Omit<AwsSpec, 'name' | 'prefix'>;
}

/** Everything that a stack is, apart from its images and labels: one adapter per port, and the settings. */
export type StackRecord = LocalRecord | AwsRecord;

/** Of every stack that is made of AWS resources. */
export const AWS_ADAPTERS: AwsRecord['adapters'] = {
  images: { adapter: 's3' },
  labeler: { adapter: 'rekognition' },
  index: { adapter: 'opensearch' },
  objects: { adapter: 's3' },
  executor: { adapter: 'batch' },
};

/** Whether a stack is made of AWS resources. */
export const isOnAws = (record: StackRecord): record is AwsRecord =>
  record.adapters.executor.adapter === 'batch';

/** Where a stack's images are, as a person names it. */
export function imagesOf(record: StackRecord): string {
  if (isOnAws(record)) return `s3://${record.aws.bucket}`;
  const { images } = record.adapters;
  return images.adapter === 'folder' ? images.root : `s3://${images.bucket}`;
}

/** The options that an AWS stack's resources follow from. */
export const specOf = ({ name, prefix = '', aws }: AwsRecord): AwsSpec => ({ ...aws, name, prefix });

/**
 * Settings that came after the record was written have their first values.
 *
 * @returns the record of the stack of that name, or undefined where there is none
 * @throws RekbackError `stack-damaged`
 */
export async function readRecord(objects: ObjectStore, name: string): Promise<StackRecord | undefined> {
  const stored = await objects.get(STACK_RECORD);
  if (stored === undefined) return undefined;
  const record = parseRecord(stored.body);
  if (record?.name === name) return record;
  throw new RekbackError('stack-damaged', `the record '${STACK_RECORD}' of stack '${name}' is damaged`, {
    suggestions: [
      `write it again, with its settings as they were at first: rekback setup --folder DIR --stack ${name}`,
      'its index and labels stay',
    ],
  });
}

/** Undefined for what is no record. */
function parseRecord(body: Buffer): StackRecord | undefined {
  try {
    const record = JSON.parse(body.toString('utf8')) as StackRecord;
    const isWhole = isOnAws(record) ? typeof record.aws.bucket === 'string' : isWholeLocal(record);
    return isWhole && typeof record.format === 'number' && typeof record.settings === 'object'
      ? { ...record, settings: { ...initialSettings(), ...record.settings } }
      : undefined;
  } catch {
    return undefined;
  }
}

function isWholeLocal({ adapters: { images, labeler }, calls }: LocalRecord): boolean {
  const place = images.adapter === 'folder' ? images.root : images.bucket;
  const callsAws = images.adapter === 's3' || labeler.adapter === 'rekognition';
  return typeof place === 'string' && (!callsAws || typeof calls?.region === 'string');
}

/** @throws RekbackError `stack-newer` rather than overwrite what a newer version wrote */
export async function writeRecord(objects: ObjectStore, record: StackRecord): Promise<void> {
  const current = await readRecord(objects, record.name).catch((error: unknown) => {
    if (error instanceof RekbackError && error.code === 'stack-damaged') return undefined;
    throw error;
  });
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
