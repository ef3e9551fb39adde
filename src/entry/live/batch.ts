import { callCap } from '../../adapters/workers/settling.ts';
import type { Outcome } from '../../runtime/contract.ts';
import { messageOf, RekbackError } from '../../runtime/errors.ts';
import type { Change } from '../../runtime/image/change.ts';
import { type EndedJob, type MessagePlace, parseMessage } from '../../runtime/image/events.ts';
import { createFollower, type FollowContext } from '../../runtime/image/follow.ts';
import { postponement, type Reason } from '../../runtime/live/postpone.ts';
import { reserveLiveCalls, returnLiveCalls } from '../../runtime/live/usage.ts';
import type { ObjectStore } from '../../runtime/ports.ts';
import { extensionOf, extensionReason } from '../../runtime/run/select.ts';
import type { KeepingLabeler } from './paid-answers.ts';

/** A message of the live queue, as Lambda hands it over, as far as it is needed. */
export interface LiveMessage {
  messageId: string;
  body: string;
  receiptHandle: string;
  attributes?: { ApproximateReceiveCount?: string };
}

/** What Lambda takes as the answer to a batch: these messages come again, the others are done. */
export interface BatchAnswer {
  batchItemFailures: { itemIdentifier: string }[];
}

/** What becomes of a message. */
export type Verdict = 'done' | Reason;

/** What a batch is worked on with. */
export interface LiveParts {
  place: MessagePlace;
  /** Only keys that begin with this. */
  prefix: string | undefined;
  formats: ReadonlySet<string>;
  objects: ObjectStore;
  /** Labeler calls of a UTC day; 0 for no limit. */
  maxPerDay: number;
  /** Opens the index and what else changes need; kept for the next batch. */
  settling(): Promise<Settling>;
  /** Told when a day's calls are used up, for every group of messages that meets it. */
  capped(): Promise<void>;
  inventoryArrived(manifest: string): Promise<Verdict>;
  /** @param receipts - how often this was told, this time included */
  jobEnded(job: EndedJob, receipts: number): Promise<Verdict>;
  /** Hides messages for so many seconds from now. */
  postpone(messages: readonly { message: LiveMessage; seconds: number }[]): Promise<void>;
  log(line: LogLine): void;
  /** Epoch milliseconds. */
  now(): number;
}

export type Settling = Omit<
  FollowContext,
  'labeler' | 'cap' | 'draining' | 'objects' | 'formats' | 'onOutcome'
> & {
  labeler: KeepingLabeler;
};

export type LogLine = { level: 'info' | 'warn' | 'error'; message: string } & Record<string, unknown>;

/**
 * Works on one batch of the live queue.
 *
 * @param draining - aborted when the invocation is about to end: what is in flight is finished, the rest comes again
 */
export async function handleBatch(
  messages: readonly LiveMessage[],
  parts: LiveParts,
  draining: AbortSignal,
): Promise<BatchAnswer> {
  const verdicts = new Map<LiveMessage, Verdict>();
  const changes: MessageChanges[] = [];
  for (const message of messages) {
    const said = parseMessage(message.body, parts.place);
    const log = (level: LogLine['level'], what: string) =>
      parts.log({ level, message: what, messageId: message.messageId });
    switch (said.kind) {
      case 'test':
        break;
      case 'foreign':
      case 'malformed':
        log('warn', `a message is ${said.kind}, and taken as done: ${said.why}`);
        break;
      case 'changes':
        for (const why of said.ignored) log('warn', `a record is left out: ${why}`);
        changes.push({ message, changes: said.changes.filter((change) => isWanted(change, parts)) });
        break;
      case 'inventory':
        verdicts.set(message, await verdictOf(() => parts.inventoryArrived(said.manifest), parts));
        break;
      case 'job':
        verdicts.set(message, await verdictOf(() => parts.jobEnded(said, receiptsOf(message)), parts));
    }
  }
  for (const [message, verdict] of await applyChanges(changes, parts, draining))
    verdicts.set(message, verdict);
  return answer(verdicts, parts);
}

const receiptsOf = ({ attributes }: LiveMessage) => Number(attributes?.ApproximateReceiveCount ?? 1);

interface MessageChanges {
  message: LiveMessage;
  changes: readonly Change[];
}

const isWanted = ({ key }: Change, { prefix = '', formats }: LiveParts): boolean =>
  key.startsWith(prefix) && extensionReason(extensionOf(key), formats) === undefined;

async function verdictOf(work: () => Promise<Verdict>, { log }: LiveParts): Promise<Verdict> {
  try {
    return await work();
  } catch (error) {
    log(errorLine(error));
    return 'failed';
  }
}

/** What went wrong, and what to do about it, as one line of the log. */
export function errorLine(error: unknown): LogLine {
  const known = error instanceof RekbackError ? error : undefined;
  return {
    level: 'error',
    message: messageOf(error),
    code: known?.code ?? 'internal',
    ...(known && { suggestions: known.suggestions }),
    ...(!known && error instanceof Error && { stack: error.stack }),
  };
}

/** Settles them together; where that fails as nobody foresaw, each message by itself, for it may be one image's fault. */
async function applyChanges(
  work: readonly MessageChanges[],
  parts: LiveParts,
  draining: AbortSignal,
): Promise<Map<LiveMessage, Verdict>> {
  const verdicts = new Map<LiveMessage, Verdict>();
  const all = work.filter(({ changes }) => changes.length > 0);
  const settle = async (group: readonly MessageChanges[]) => {
    const { verdictOn, error } = await settleGroup(group, parts, draining);
    for (const { message, changes } of group) {
      const open = changes.map(verdictOn).filter((verdict) => verdict !== 'done');
      verdicts.set(message, open[0] ?? 'done');
    }
    return error;
  };
  if (all.length === 0) return verdicts;
  const error = await settle(all);
  if (error === undefined || error instanceof RekbackError || all.length === 1) return verdicts;
  for (const each of all) {
    if (verdicts.get(each.message) !== 'done') await settle([each]);
  }
  return verdicts;
}

interface Settled {
  verdictOn(change: Change): Verdict;
  /** What ended it early. */
  error?: unknown;
}

async function settleGroup(
  group: readonly MessageChanges[],
  parts: LiveParts,
  draining: AbortSignal,
): Promise<Settled> {
  const { objects, formats, maxPerDay, log } = parts;
  const changes = group.flatMap((each) => each.changes);
  const outcomes = new Map<Change, Outcome>();
  let isThrottled = false;
  let isCapped = false;
  let error: unknown;
  try {
    const settling = await parts.settling();
    const { labeler, governor } = settling;
    const startedAt = parts.now();
    const before = labeler.calls;
    const reserved =
      maxPerDay === 0
        ? Number.POSITIVE_INFINITY
        : await reserveLiveCalls(objects, startedAt, changes.length, maxPerDay);
    const cap = callCap(reserved);
    const follower = createFollower({
      ...settling,
      objects,
      formats,
      cap,
      draining,
      governor: {
        rate: governor.rate,
        acquire: governor.acquire,
        succeeded: governor.succeeded,
        throttled() {
          isThrottled = true;
          governor.throttled();
        },
      },
      onOutcome(change, outcome) {
        outcomes.set(change, outcome);
        if (isPassing(outcome)) log(failureLine(change, outcome));
        else labeler.written(change.key);
      },
    });
    try {
      await follower.apply(changes);
    } finally {
      isCapped = cap.reached;
      const made = labeler.calls - before;
      if (maxPerDay > 0) await returnLiveCalls(objects, startedAt, reserved - made);
      else if (made > 0) await reserveLiveCalls(objects, startedAt, made, Number.POSITIVE_INFINITY);
    }
  } catch (thrown) {
    error = thrown;
    log(errorLine(thrown));
  }
  if (isCapped) {
    log({
      level: 'warn',
      message: `the ${maxPerDay} labeler calls of this day are used up`,
      code: 'live-capped',
    });
    await parts.capped();
  }
  return {
    error,
    verdictOn(change) {
      const outcome = outcomes.get(change);
      if (outcome !== undefined && !isPassing(outcome)) return 'done';
      if (error !== undefined) return 'failed';
      if (outcome === undefined && isCapped && !draining.aborted) return 'capped';
      return outcome === undefined || isThrottled ? 'throttled' : 'failed';
    },
  };
}

/** What may end otherwise another time. A labeler's refusal is in the index, and is the answer until the image changes. */
const isPassing = (outcome: Outcome): outcome is Extract<Outcome, { outcome: 'failed' }> =>
  outcome.outcome === 'failed' &&
  (outcome.reason === 'unavailable' || outcome.reason === 'unreadable' || outcome.reason === 'index-refused');

const failureLine = ({ key }: Change, outcome: Extract<Outcome, { outcome: 'failed' }>): LogLine => ({
  level: 'warn',
  message: `an image could not be labelled now, and is tried again: ${outcome.detail}`,
  code: outcome.reason,
  key,
});

async function answer(verdicts: ReadonlyMap<LiveMessage, Verdict>, parts: LiveParts): Promise<BatchAnswer> {
  const { log, now, postpone } = parts;
  const again: { message: LiveMessage; seconds: number }[] = [];
  for (const [message, verdict] of verdicts) {
    if (verdict === 'done') continue;
    again.push({ message, seconds: postponement(verdict, receiptsOf(message), now(), Math.random()) });
  }
  if (again.length > 0) {
    // Without it they come after the queue's own half hour.
    await postpone(again).catch((error: unknown) => log(errorLine(error)));
  }
  return { batchItemFailures: again.map(({ message }) => ({ itemIdentifier: message.messageId })) };
}
