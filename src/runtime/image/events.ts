import { decodeKey } from '../rows/key.ts';
import type { Change } from './change.ts';

/** The buckets that messages of the live queue may be about. */
export interface MessagePlace {
  /** Of the images. */
  bucket: string;
  /** Of the stack: its inventories arrive there. */
  stackBucket: string;
}

/** A job of Batch that ended. */
export interface EndedJob {
  kind: 'job';
  /** Of a child: `parent:index`. */
  jobId: string;
  jobName: string;
  status: 'SUCCEEDED' | 'FAILED';
  isChild: boolean;
}

/** A message of the live queue. */
export type Message =
  | { kind: 'test' }
  /** `ignored`: what of the message is not about an image of ours, or can't be read, each in a sentence. */
  | { kind: 'changes'; changes: Change[]; ignored: string[] }
  /** Key of the manifest.json of an inventory that is complete in the stack's bucket. */
  | { kind: 'inventory'; manifest: string }
  | EndedJob
  /** Well-formed, but not for this stack; or nothing that anybody sends. */
  | { kind: 'foreign' | 'malformed'; why: string };

/** Longest of S3's sequencers that can be compared: `reference/index-design.md` pads to that many hexadecimal digits. */
const ORDER_DIGITS = 64;

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-inventory-location.html: written last. */
const INVENTORY_END = '/manifest.checksum';

/**
 * Reads a message: S3's event notifications, EventBridge's events of S3 and Batch. Pure, and never throws. Version
 * numbers are not looked at: AWS raises them for fields that are added.
 */
export function parseMessage(body: string, place: MessagePlace): Message {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return { kind: 'malformed', why: 'it is not JSON' };
  }
  if (!isObject(json)) return { kind: 'malformed', why: 'it is no object' };
  if (json.Event === 's3:TestEvent') return { kind: 'test' };
  if (Array.isArray(json.Records)) return fromS3(json.Records.map(inNotification), place);
  if (!isObject(json.detail)) return { kind: 'malformed', why: 'it has neither Records nor detail' };
  if (json.source === 'aws.s3') return fromS3([inEvent(json['detail-type'], json.detail)], place);
  if (json.source === 'aws.batch') return fromBatch(json.detail);
  return { kind: 'foreign', why: `it is an event of ${text(json.source) ?? 'nobody'}` };
}

type Json = Record<string, unknown>;

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);
const part = (value: unknown, name: string): Json => {
  const found = isObject(value) ? value[name] : undefined;
  return isObject(found) ? found : {};
};

/** What both senders say of one event. */
interface Told {
  kind: Change['kind'] | undefined;
  /** The sender's name for it. */
  event: string;
  bucket: string | undefined;
  /** Undefined where there is none, or where its escapes are broken. */
  key: string | undefined;
  sequencer: string | undefined;
}

function fromS3(told: readonly Told[], place: MessagePlace): Message {
  const changes: Change[] = [];
  const ignored: string[] = [];
  for (const { bucket, kind, key, event, sequencer } of told) {
    if (bucket === place.stackBucket && kind === 'created' && key?.endsWith(INVENTORY_END)) {
      // The trigger's filter lets nothing else through, and S3 sends one record per message.
      return { kind: 'inventory', manifest: key.replace(/checksum$/, 'json') };
    }
    if (bucket !== place.bucket) ignored.push(`${event} is about the bucket '${bucket}'`);
    else if (key === undefined || key === '') ignored.push(`${event} names no key that can be read`);
    else if (kind === undefined) ignored.push(`${event} of '${key}' says nothing of an image`);
    else {
      const order = orderOf(sequencer);
      if (order === undefined) ignored.push(`${event} of '${key}' has no order, but '${sequencer}'`);
      // Without an order the image is looked at, which is as right and only dearer.
      changes.push({ kind, key, order: order ?? '', row: -1 });
    }
  }
  if (changes.length > 0) return { kind: 'changes', changes, ignored };
  const isForeign = told.some(({ bucket, kind }) => bucket !== undefined && kind !== undefined);
  return { kind: isForeign ? 'foreign' : 'malformed', why: ignored.join('; ') || 'it has no records' };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html */
function inNotification(record: unknown): Told {
  const event = (isObject(record) ? text(record.eventName) : undefined)?.replace(/^s3:/, '') ?? 'a record';
  const s3 = part(record, 's3');
  const object = part(s3, 'object');
  const encoded = Buffer.from(text(object.key) ?? '');
  return {
    kind: s3Kind(event),
    event,
    bucket: text(part(s3, 'bucket').name),
    key: decodeKey(encoded, 0, encoded.length),
    sequencer: text(object.sequencer),
  };
}

function s3Kind(event: string): Told['kind'] {
  // A restored object can be read again.
  if (event.startsWith('ObjectCreated:') || event === 'ObjectRestore:Completed') return 'created';
  // Lifecycle deletes are an event of their own. What is left in a versioned bucket is found by looking.
  if (event.startsWith('ObjectRemoved:') || event.startsWith('LifecycleExpiration:')) return 'removed';
  return undefined;
}

/**
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html. EventBridge gives the key as it is: to decode it
 * would make another of `a+b` and `100%25`.
 */
function inEvent(type: unknown, detail: Json): Told {
  const object = part(detail, 'object');
  const event = text(type) ?? 'an event';
  const isCreated = event === 'Object Created' || event === 'Object Restore Completed';
  return {
    kind: isCreated ? 'created' : event === 'Object Deleted' ? 'removed' : undefined,
    event,
    bucket: text(part(detail, 'bucket').name),
    key: text(object.key),
    sequencer: text(object.sequencer),
  };
}

/**
 * Hexadecimal, of any length, comparable among the events of one key once padded on the right; '' where an event has
 * none (restores, lifecycle). Undefined for what can't be compared.
 */
function orderOf(sequencer = ''): string | undefined {
  if (sequencer === '') return '';
  const isComparable = /^[\da-f]+$/i.test(sequencer) && sequencer.length <= ORDER_DIGITS;
  return isComparable ? sequencer.toUpperCase().padEnd(ORDER_DIGITS, '0') : undefined;
}

/** https://docs.aws.amazon.com/batch/latest/userguide/batch_cwe_events.html */
function fromBatch(detail: Json): Message {
  const { jobId, jobName, status } = detail;
  if (typeof jobId !== 'string' || typeof jobName !== 'string') {
    return { kind: 'malformed', why: 'it is an event of Batch without a job' };
  }
  if (status !== 'SUCCEEDED' && status !== 'FAILED') {
    return { kind: 'foreign', why: `job '${jobName}' has not ended, but is ${status}` };
  }
  return { kind: 'job', jobId, jobName, status, isChild: jobId.includes(':') };
}
