import type { Label } from '../contract.ts';
import { UnreadableError } from '../errors.ts';
import type { ImageStore, IndexReader, ObjectStore } from '../ports.ts';
import { failuresByKey } from '../run/images.ts';
import { extensionOf, extensionReason } from '../run/select.ts';

/** What is known of one key, and what to do about it. */
export interface Explanation {
  key: string;
  state: 'indexed' | 'skipped' | 'failed' | 'unseen' | 'gone' | 'outside-prefix';
  reason: string | null;
  /** Why, in a sentence. */
  detail: string;
  /** What a person would do next, as a command where there is one; null when nothing is to be done. */
  advice: string | null;
  run: string | null;
  labels: readonly Label[];
  /** The labels belong to an earlier content of this key. */
  outdated: boolean;
}

const BACKFILL = 'rekback backfill now';
const CATCH_UP = 'rekback live --once';

const SKIPPED = {
  archived: 'it is archived: it has to be restored before it can be read',
  'sse-c': 'it is encrypted with a key that only its owner has',
};

/** Explains the state of any key, known or not. */
export async function explain(
  key: string,
  stack: {
    images: ImageStore;
    index: IndexReader;
    objects: ObjectStore;
    formats: ReadonlySet<string>;
    prefix: string | undefined;
  },
): Promise<Explanation> {
  const { images, index, objects, formats, prefix } = stack;
  const document = await index.get(key);
  const base = {
    key,
    reason: null,
    advice: null,
    run: document?.run ?? null,
    labels: document?.labels ?? [],
    outdated: false,
  };
  if (prefix !== undefined && !key.startsWith(prefix)) {
    const detail = `this stack is about keys that begin with '${prefix}'`;
    return { ...base, state: 'outside-prefix', detail };
  }
  const head = await present(images, key);
  if (head === undefined) {
    if (document?.state === 'indexed') {
      return {
        ...base,
        state: 'gone',
        detail: 'the image is gone; the index still has it',
        advice: CATCH_UP,
      };
    }
    const detail =
      document === undefined
        ? 'there is no such image, and never was in this index'
        : 'the image was deleted';
    return { ...base, state: 'gone', detail };
  }
  if (document !== undefined && document.state !== 'deleted' && head !== 'unreadable') {
    const outdated = document.etag !== head.etag;
    const advice = outdated ? CATCH_UP : document.state === 'failed' ? adviceFor(document.reason) : null;
    const changed = outdated ? '; it has changed since' : '';
    return document.state === 'failed'
      ? {
          ...base,
          state: 'failed',
          reason: document.reason ?? null,
          detail: `${document.detail ?? ''}${changed}`,
          advice,
          outdated,
        }
      : { ...base, state: 'indexed', detail: `labelled by ${document.labeling}${changed}`, advice, outdated };
  }
  const skip = extensionReason(extensionOf(key), formats);
  if (skip !== undefined) {
    const detail = `the labeler reads ${[...formats].sort().join(' ')}`;
    return { ...base, state: 'skipped', reason: skip, detail };
  }
  if (head !== 'unreadable' && head.skip !== undefined) {
    return { ...base, state: 'skipped', reason: head.skip, detail: SKIPPED[head.skip] };
  }
  const failure = (await failuresByKey(objects)).get(key);
  if (failure !== undefined) {
    return {
      ...base,
      state: 'failed',
      reason: failure.reason,
      detail: failure.detail,
      run: failure.run,
      advice: `rekback backfill retry ${failure.run}`,
    };
  }
  if (head === 'unreadable') {
    return {
      ...base,
      state: 'failed',
      reason: 'unreadable',
      detail: 'it is there but can not be read',
      advice: 'check its permissions',
    };
  }
  return { ...base, state: 'unseen', detail: 'no backfill has come by yet', advice: BACKFILL };
}

async function present(images: ImageStore, key: string) {
  try {
    return await images.head(key);
  } catch (error) {
    if (error instanceof UnreadableError) return 'unreadable';
    throw error;
  }
}

function adviceFor(reason: string | undefined): string {
  const again = 'then: rekback backfill now';
  switch (reason) {
    case 'empty':
    case 'corrupt':
      return `replace the file with an intact copy, ${again}`;
    case 'format':
      return `save it in a format the labeler reads, ${again}`;
    case 'too-large':
    case 'too-small':
      return `save it in another size, ${again}`;
    default:
      return 'rekback backfill now --relabel failed';
  }
}
