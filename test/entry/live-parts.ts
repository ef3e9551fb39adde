import { openMemoryImages } from '../../src/adapters/memory/images.ts';
import { openMemoryIndex } from '../../src/adapters/memory/index.ts';
import { createMemoryLabeler } from '../../src/adapters/memory/labeler.ts';
import { openMemoryObjects } from '../../src/adapters/memory/objects.ts';
import type { LiveMessage, LiveParts, LogLine } from '../../src/entry/live/batch.ts';
import { keepAnswers } from '../../src/entry/live/paid-answers.ts';
import { createGovernor } from '../../src/runtime/image/governor.ts';

const BUCKET = 'photos';
const STACK_BUCKET = 'rekback-photos';

/** What the live function works with, in memory. Each message that was put off is in `postponed`, with its seconds. */
export function liveParts(overrides: Partial<LiveParts> = {}) {
  const store = openMemoryImages(BUCKET);
  // As S3 has it: an ETag proves nothing about the content.
  const images = { ...store, etagIsContent: false };
  const index = openMemoryIndex({ bucket: BUCKET });
  const objects = openMemoryObjects();
  let beforeCall = (_key: string): void | Promise<void> => {};
  const labeler = createMemoryLabeler({}, (key) => beforeCall(key));
  const keeping = keepAnswers(labeler);
  const logged: LogLine[] = [];
  const postponed = new Map<string, number>();
  const invocation = { now: Date.parse('2026-11-23T10:30:00Z') };
  const settling = {
    images,
    labeler: keeping,
    index,
    governor: createGovernor({
      share: Number.POSITIVE_INFINITY,
      clock: { now: Date.now, sleep: async () => {} },
    }),
    policy: {
      bucket: BUCKET,
      labeling: labeler.labeling,
      relabel: 'none' as const,
      run: 'live',
      maxBytes: labeler.maxBytes,
      etagIsContent: false,
    },
    concurrency: 64,
    now: Date.now,
    sleep: async () => {},
  };
  const parts: LiveParts = {
    place: { bucket: BUCKET, stackBucket: STACK_BUCKET },
    prefix: undefined,
    formats: labeler.formats,
    objects,
    maxPerDay: 0,
    settling: async () => settling,
    capped: async () => {},
    inventoryArrived: async () => 'done',
    jobEnded: async () => 'done',
    async postpone(messages) {
      for (const { message, seconds } of messages) postponed.set(message.messageId, seconds);
    },
    log: (line) => void logged.push(line),
    now: () => invocation.now,
    ...overrides,
  };
  return {
    parts,
    images: store,
    index,
    objects,
    labeler,
    settling,
    logged,
    postponed,
    invocation,
    onCall(hook: typeof beforeCall) {
      beforeCall = hook;
    },
  };
}

let sequence = 0;

/** A message about images: each key with S3's name of what happened. */
export function messageOf(id: string, events: Record<string, string>, receipts = 1): LiveMessage {
  const Records = Object.entries(events).map(([key, eventName]) => ({
    eventName,
    s3: {
      bucket: { name: BUCKET },
      object: { key, sequencer: (++sequence).toString(16).padStart(8, '0') },
    },
  }));
  return rawMessage(id, JSON.stringify({ Records }), receipts);
}

export const rawMessage = (id: string, body: string, receipts = 1): LiveMessage => ({
  messageId: id,
  body,
  receiptHandle: `receipt-${id}`,
  attributes: { ApproximateReceiveCount: String(receipts) },
});

export const created = (key: string) => messageOf(key, { [key]: 'ObjectCreated:Put' });
export const removed = (key: string) => messageOf(key, { [key]: 'ObjectRemoved:Delete' });

/** Never aborted. */
export const ENDLESS = new AbortController().signal;
