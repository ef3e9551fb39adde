import { type Answer, type FailReason, type ImageHead, LOOK_UP_BATCH, type Outcome } from '../contract.ts';
import { messageOf, RekbackError, RetryableError, SystemicError, UnreadableError } from '../errors.ts';
import type { ImageStore, IndexWriter, Labeler } from '../ports.ts';
import type { ArchiveEntry } from './archive.ts';
import type { Change } from './change.ts';
import { type Case, decide, type Policy, type Step } from './decide.ts';
import type { Governor } from './governor.ts';

/** How many calls may still be made; a hard cap. */
export interface CallCap {
  /** Reserves one call; false when none is left. */
  take(): boolean;
  /** Gives back a reservation that no call was made for. */
  giveBack(): void;
}

export interface SettleContext {
  images: ImageStore;
  labeler: Labeler;
  index: IndexWriter;
  /** Keeps the entries for good; resolves once they are safe. Always before the index is written. */
  archive: (entries: readonly ArchiveEntry[]) => Promise<void>;
  governor: Governor;
  cap: CallCap;
  policy: Policy;
  /** Images in flight at once. */
  concurrency: number;
  /** Answers that an earlier attempt paid for and archived, by key. */
  recovered?: ReadonlyMap<string, NonNullable<Case['answer']>>;
  /** Once aborted, images in flight are finished and the others end as pending. */
  draining: AbortSignal;
  /** Epoch milliseconds. */
  now: () => number;
  /** Waits between attempts, in milliseconds; ends early when draining. */
  sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
  /** How long the oldest write waits for others; `FLUSH_MILLISECONDS` by itself. */
  flushMilliseconds?: number;
  onOutcome?: (change: Change, outcome: Outcome) => void;
}

/** A write is flushed when this many wait or the oldest is this old: what a kill can cost is bounded by both. */
const FLUSH_WRITES = 250;
const FLUSH_MILLISECONDS = 1_000;

/** `reference/index-design.md`: decide again at most five times after another writer came first. */
const CONFLICT_ATTEMPTS = 5;

/** Attempts at one call; throttled ones are paced by the governor and may take longer. */
const CALL_ATTEMPTS = 5;
const THROTTLED_ATTEMPTS = 50;

interface Pending {
  known: Case;
  position: number;
  step: Extract<Step, { step: 'write' }>;
}

/**
 * Brings the index up to what the changes say, in bulk: asks `decide` what each image needs, does it, asks again.
 * An image's failure never stops the others.
 *
 * @returns the outcomes, in the order of the changes; `pending` for what was not reached before draining or the cap
 * @throws SystemicError when every further image would fail the same way; what was answered by then is still flushed
 *   and told to `onOutcome`
 */
export async function settle(changes: readonly Change[], context: SettleContext): Promise<Outcome[]> {
  const outcomes: Outcome[] = changes.map(() => ({ outcome: 'pending' }));
  const finish = (position: number, change: Change, outcome: Outcome) => {
    outcomes[position] = outcome;
    context.onOutcome?.(change, outcome);
  };
  for (let from = 0; from < changes.length && !context.draining.aborted; from += LOOK_UP_BATCH) {
    // Two changes of one key must follow each other: the second has to see what the first wrote.
    let rest = changes
      .slice(from, from + LOOK_UP_BATCH)
      .map((change, at) => ({ change, position: from + at }));
    while (rest.length > 0) {
      const keys = new Set<string>();
      const now = rest.filter(({ change }) => !keys.has(change.key) && keys.add(change.key));
      const later = rest.length === now.length ? [] : rest.filter((item) => !now.includes(item));
      await settleBatch(now, context, finish);
      rest = later;
    }
  }
  return outcomes;
}

type Finish = (position: number, change: Change, outcome: Outcome) => void;

async function settleBatch(
  batch: readonly { change: Change; position: number }[],
  context: SettleContext,
  finish: Finish,
): Promise<void> {
  let open = batch.map(({ change, position }) => ({ known: newCase(change, context), position }));
  for (let attempt = 0; open.length > 0; attempt++) {
    const known = await persist(
      () => context.index.lookUp(open.map((item) => item.known.change.key)),
      context,
    );
    const active: { known: Case; position: number }[] = [];
    open.forEach((item, at) => {
      item.known.known = known[at] ?? null;
      const step = decide(item.known, context.policy);
      if (step.step === 'done') finish(item.position, item.known.change, step.outcome);
      else active.push(item);
    });
    const conflicts = await workThrough(active, context, finish);
    if (attempt >= CONFLICT_ATTEMPTS) {
      for (const { known: lost, position } of conflicts) {
        const detail = `the document was changed by others ${CONFLICT_ATTEMPTS} times in a row`;
        finish(position, lost.change, { outcome: 'failed', reason: 'unavailable', detail });
      }
      return;
    }
    open = conflicts;
  }
}

function newCase(change: Change, { recovered }: SettleContext): Case {
  const answer = recovered?.get(change.key);
  return answer === undefined ? { change } : { change, answer };
}

/** Answers of this batch. */
interface Asked {
  /** Not archived yet, by the case that called for them. */
  fresh: Map<Case, Answer>;
  /** Also those recovered and those still awaited: copies of one image that are labelled side by side are paid for once. */
  byEtag: Map<string, Promise<Answer>>;
  /** Cases of which a list told the head. */
  listed: Set<Case>;
}

/** Takes each case through its effects with a bounded number in flight; returns those that another writer overtook. */
async function workThrough(
  active: readonly { known: Case; position: number }[],
  context: SettleContext,
  finish: Finish,
): Promise<{ known: Case; position: number }[]> {
  const conflicts: { known: Case; position: number }[] = [];
  const recovered = [...(context.recovered?.values() ?? [])];
  const asked: Asked = {
    fresh: new Map(),
    byEtag: new Map(recovered.map(({ etag, answer }) => [etag, Promise.resolve(answer)])),
    listed: await lookAtMany(active, context),
  };
  const patience = context.flushMilliseconds ?? FLUSH_MILLISECONDS;
  let waiting: Pending[] = [];
  let oldest = 0;
  let flushing: Promise<void> = Promise.resolve();
  let fault: unknown;

  const flush = () => {
    const writes = waiting;
    waiting = [];
    flushing = flushing.then(() => flushWrites(writes, asked, context, finish, conflicts));
    return flushing;
  };
  const worker = async (queue: Iterator<{ known: Case; position: number }>) => {
    for (;;) {
      if (context.draining.aborted || fault !== undefined) return;
      const { value: item, done: end } = queue.next();
      if (end) return;
      const step = await resolveCase(item.known, context, asked);
      if (step.step === 'done') {
        if (step.outcome.outcome === 'pending') return;
        finish(item.position, item.known.change, step.outcome);
      } else {
        if (waiting.length === 0) oldest = context.now();
        waiting.push({ ...item, step });
        if (waiting.length >= FLUSH_WRITES || context.now() - oldest >= patience) await flush();
      }
    }
  };
  const queue = active[Symbol.iterator]();
  const guarded = () =>
    worker(queue).catch((error: unknown) => {
      fault ??= error;
    });
  await Promise.all(Array.from({ length: Math.min(context.concurrency, active.length) }, guarded));
  // Also after a fault: what was paid for is kept.
  if (waiting.length > 0) flush();
  await flushing.catch((error: unknown) => {
    fault ??= error;
  });
  if (fault !== undefined) throw fault;
  return conflicts;
}

/** Does a case's effects until it is to be written or is done. */
async function resolveCase(
  known: Case,
  context: SettleContext,
  asked: Asked,
): Promise<Extract<Step, { step: 'write' | 'done' }>> {
  const { change } = known;
  for (;;) {
    const step = decide(known, context.policy);
    switch (step.step) {
      case 'write':
        // The image's bytes need not wait in memory for the flush.
        delete known.head;
        return step;
      case 'done':
        return step;
      case 'look-up':
        throw new Error('a case is looked up in bulk before its other effects');
      case 'head': {
        const outcome = await look(known, context);
        if (outcome !== undefined) return { step: 'done', outcome };
        break;
      }
      case 'find-twin':
        known.twin = (await persist(() => context.index.findByEtag(step.etag), context)) ?? null;
        break;
      case 'label': {
        const { head } = step;
        const same = context.policy.etagIsContent ? asked.byEtag.get(head.etag) : undefined;
        if (same !== undefined) {
          const answer = await same.catch(() => undefined);
          if (answer !== undefined) known.answer = { etag: head.etag, answer };
          // Of those that waited for a call in vain, the first makes another; the rest wait for that one.
          else if (asked.byEtag.get(head.etag) === same) asked.byEtag.delete(head.etag);
          break;
        }
        if (!context.cap.take()) return { step: 'done', outcome: { outcome: 'pending' } };
        try {
          const answering = label(change.key, head, context);
          asked.byEtag.set(head.etag, answering);
          const answer = await answering;
          known.answer = { etag: head.etag, answer };
          asked.fresh.set(known, answer);
        } catch (error) {
          context.cap.giveBack();
          // A list says less than a look: not, why the image can't be read.
          const isOnlyListed = asked.listed.delete(known) && error instanceof UnreadableError;
          const outcome = isOnlyListed ? await look(known, context) : passingFailure(error, context);
          if (outcome !== undefined) return { step: 'done', outcome };
        }
      }
    }
  }
}

/**
 * Looks at the images of rows all at once, where the store can list them for less than it takes to ask for each.
 *
 * @returns the cases that have their head by that
 */
async function lookAtMany(
  active: readonly { known: Case }[],
  { images, policy, draining, now }: SettleContext,
): Promise<Set<Case>> {
  const listed = new Set<Case>();
  if (images.headMany === undefined || draining.aborted) return listed;
  const wanted = active
    .map(({ known }) => known)
    .filter((known) => known.change.kind === 'seen' && decide(known, policy).step === 'head');
  if (wanted.length < 2) return listed;
  const observedAt = now();
  // What fails here is asked for one by one, where each failure is its image's own.
  const heads = await images.headMany(wanted.map(({ change }) => change.key)).catch(() => new Map());
  for (const known of wanted) {
    const head = heads.get(known.change.key);
    if (head === undefined) continue;
    Object.assign(known, { head, observedAt });
    listed.add(known);
  }
  return listed;
}

/** Looks at the image. @returns how the case ends where that fails */
async function look(known: Case, context: SettleContext): Promise<Outcome | undefined> {
  const { key } = known.change;
  known.observedAt = context.now();
  try {
    known.head = (await attempt(() => context.images.head(key), context)) ?? null;
    return undefined;
  } catch (error) {
    return passingFailure(error, context);
  }
}

function label(key: string, head: ImageHead, context: SettleContext): Promise<Answer> {
  const { images, labeler, governor } = context;
  const bytes = async () => head.bytes ?? images.read(key);
  const detect = async () => {
    try {
      return await labeler.detect({ bucket: images.bucket, key, head, bytes });
    } catch (error) {
      // One image that trips the labeler up in a way nobody foresaw must not block all others for ever.
      if (error instanceof RekbackError || error instanceof UnreadableError) throw error;
      throw error instanceof RetryableError ? error : new RetryableError(messageOf(error), { cause: error });
    }
  };
  return attempt(detect, context, governor);
}

/**
 * Tries again what may pass. A throttled call waits for the governor, so that it gets more patience than a fault.
 * @throws what was thrown last
 */
async function attempt<T>(call: () => Promise<T>, context: SettleContext, governor?: Governor): Promise<T> {
  let faults = 0;
  for (let throttles = 0; ; ) {
    await governor?.acquire(context.draining);
    try {
      const result = await call();
      governor?.succeeded();
      return result;
    } catch (error) {
      if (!(error instanceof RetryableError)) throw error;
      if (error.throttled) governor?.throttled();
      if (error.throttled ? ++throttles >= THROTTLED_ATTEMPTS : ++faults >= CALL_ATTEMPTS) throw error;
      // Full jitter, so that workers that failed together do not return together.
      if (!error.throttled) await context.sleep(Math.random() * 100 * 2 ** faults, context.draining);
      if (context.draining.aborted) throw error;
    }
  }
}

/**
 * The same for the stack's own index and archive, while draining too: what was paid for is to be kept. Each of the calls
 * may be made again, a write because it compares before it sets.
 * @throws SystemicError `stack-unavailable` where it doesn't pass: it would for no other image either
 */
async function persist<T>(call: () => Promise<T>, context: SettleContext): Promise<T> {
  try {
    return await attempt(call, { ...context, draining: NEVER });
  } catch (error) {
    if (!(error instanceof RetryableError)) throw error;
    throw new SystemicError('stack-unavailable', error.message, {
      cause: error,
      suggestions: ['run the same command again'],
    });
  }
}

const NEVER = new AbortController().signal;

/** @throws what is no single image's failure */
function passingFailure(error: unknown, { draining }: SettleContext): Outcome {
  if (draining.aborted && !(error instanceof SystemicError)) return { outcome: 'pending' };
  if (error instanceof UnreadableError) return failed('unreadable', error.message);
  if (error instanceof RetryableError) return failed('unavailable', error.message);
  throw error;
}

const failed = (reason: FailReason, detail: string): Outcome => ({ outcome: 'failed', reason, detail });

async function flushWrites(
  writes: readonly Pending[],
  asked: Asked,
  context: SettleContext,
  finish: Finish,
  conflicts: { known: Case; position: number }[],
): Promise<void> {
  if (writes.length === 0) return;
  const entries = writes.map(({ known, step }) => {
    const answer = asked.fresh.get(known);
    asked.fresh.delete(known);
    return answer === undefined ? { document: step.document } : { document: step.document, answer };
  });
  await persist(() => context.archive(entries), context);
  const items = writes.map(({ step: { document, expected } }) => ({ document, expected }));
  const results = await persist(() => context.index.write(items), context);
  writes.forEach(({ known, position, step }, at) => {
    const result = results[at];
    if (result?.result === 'written') finish(position, known.change, step.outcome);
    else if (result?.result === 'refused')
      finish(position, known.change, failed('index-refused', result.detail));
    else conflicts.push({ known: forget(known), position });
  });
}

/** What must be asked again after another writer came first; the paid answer stays. */
function forget({ change, answer }: Case): Case {
  return answer === undefined ? { change } : { change, answer };
}
