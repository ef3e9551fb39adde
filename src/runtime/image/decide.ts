import type { Answer, Document, ImageHead, Labeling, Outcome, Relabel } from '../contract.ts';
import type { IndexWrite, Known, Version } from '../ports.ts';
import type { Change } from './change.ts';
import { answeredDocument, copiedDocument, fingerprint, type Observation, tombstone } from './document.ts';

export interface Policy {
  bucket: string;
  labeling: Labeling;
  relabel: Relabel;
  /** The run that asks; `live` for changes outside a run. */
  run: string;
  /** Larger images are refused without a call; bytes. */
  maxBytes: number;
  /** Equal etags prove equal content: see `ImageStore`. */
  etagIsContent: boolean;
}

/** Everything learned about one change so far. `undefined` is "not asked yet", `null` is "asked: there is none". */
export interface Case {
  change: Change;
  known?: Known | null;
  head?: ImageHead | null;
  /** When `head` was asked; epoch milliseconds. */
  observedAt?: number;
  twin?: Document | null;
  /** With the etag it was given for: an image that moved on needs another. */
  answer?: { etag: string; answer: Answer };
}

/** The next effect a case needs, or how it ended. `write` ends with `outcome` once the index took it. */
export type Step =
  | { step: 'look-up' }
  | { step: 'head' }
  | { step: 'find-twin'; etag: string }
  | { step: 'label'; head: ImageHead }
  | ({ step: 'write'; outcome: Outcome } & IndexWrite)
  | { step: 'done'; outcome: Outcome };

/**
 * A file changed this shortly before it was looked at may have changed again within the same clock tick without its
 * time or size telling (git calls such entries "racily clean"; two seconds is FAT's tick, the coarsest in use).
 */
const RACY_MILLISECONDS = 2_000;

const done = (outcome: Outcome): Step => ({ step: 'done', outcome });
const skipped = (reason: Extract<Outcome, { outcome: 'skipped' }>['reason']): Step =>
  done({ outcome: 'skipped', reason });

/**
 * Decides, from what is known of an image, what must happen next. Pure: every order in which changes, crashes and
 * answers can arrive may be tried against it.
 *
 * Never pays twice: an answer that the index, the archive or an equal image has is used before a call is asked for.
 */
export function decide(known: Case, policy: Policy): Step {
  const { change } = known;
  if (known.known === undefined) return { step: 'look-up' };
  const current = known.known?.document;

  if (current !== undefined && isOwnWork(current, change, policy)) return done(ownOutcome(current));
  if (current !== undefined && change.order !== '' && current.seq >= change.order)
    return skipped('duplicate');
  if (current !== undefined && isUnchangedRow(current, change) && !mustRelabel(current, policy)) {
    return skipped(current.state === 'failed' ? 'failed-before' : 'unchanged');
  }

  if (known.head === undefined) return { step: 'head' };
  const seen: Observation = {
    bucket: policy.bucket,
    labeling: policy.labeling,
    run: policy.run,
    observedAt: known.observedAt ?? 0,
    seq: [current?.seq ?? '', change.order].sort().at(-1) ?? '',
  };
  const expected = known.known?.version;
  if (known.head === null) return decideGone(change, current, seen, expected);

  const { head } = known;
  if (current !== undefined && isSameImage(current, head) && !mustRelabel(current, policy)) {
    const reason = current.state === 'failed' ? 'failed-before' : 'unchanged';
    const { lastModified } = head;
    if (lastModified === current.lastModified && seen.seq === current.seq && !isRacy(current))
      return skipped(reason);
    // Only its time or order moved (or it was too fresh to trust): the labels stay; next time no look is needed.
    const document = { ...current, lastModified, observedAt: seen.observedAt, seq: seen.seq };
    return { step: 'write', document, expected, outcome: { outcome: 'skipped', reason } };
  }

  if (head.skip !== undefined) return skipped(head.skip);
  const answer =
    answerWithoutCall(head, policy) ?? (known.answer?.etag === head.etag ? known.answer.answer : undefined);
  if (answer !== undefined) {
    const document = answeredDocument(change, head, answer, seen);
    return { step: 'write', document, expected, outcome: outcomeOf(document) };
  }
  if (policy.etagIsContent && policy.relabel === 'none') {
    if (known.twin === undefined) return { step: 'find-twin', etag: head.etag };
    if (known.twin !== null && known.twin.labeling === fingerprint(policy.labeling)) {
      const document = copiedDocument(change, head, known.twin, seen);
      return { step: 'write', document, expected, outcome: { outcome: 'indexed' } };
    }
  }
  return { step: 'label', head };
}

/** A restarted chunk meets what it wrote before it was killed: that is this row's work, done, and not "unchanged". */
const isOwnWork = (current: Known['document'], change: Change, policy: Policy) =>
  change.row >= 0 && current.row === change.row && current.run === policy.run;

const ownOutcome = (current: Known['document']): Outcome =>
  current.state === 'deleted' ? { outcome: 'skipped', reason: 'gone' } : outcomeOf(current);

const outcomeOf = (document: Pick<Document, 'state' | 'reason' | 'detail'>): Outcome =>
  document.state === 'failed'
    ? { outcome: 'failed', reason: document.reason ?? 'refused', detail: document.detail ?? '' }
    : { outcome: 'indexed' };

function isUnchangedRow(current: Known['document'], change: Change): boolean {
  if (change.kind !== 'seen' || current.state === 'deleted' || current.size !== change.size) return false;
  if (change.etag !== undefined) return change.etag === current.etag;
  return change.lastModified === current.lastModified && !isRacy(current);
}

const isRacy = (current: Known['document']) => current.observedAt < current.lastModified + RACY_MILLISECONDS;

const isSameImage = (current: Known['document'], head: ImageHead) =>
  current.state !== 'deleted' && current.etag === head.etag && current.size === head.size;

function mustRelabel(current: Known['document'], policy: Policy): boolean {
  switch (policy.relabel) {
    case 'none':
      return false;
    case 'all':
      return true;
    case 'failed':
      return current.state === 'failed';
    case 'outdated':
      return current.labeling !== fingerprint(policy.labeling);
  }
}

function decideGone(
  change: Change,
  current: Known['document'] | undefined,
  seen: Observation,
  expected: Version | undefined,
): Step {
  const gone: Outcome =
    change.kind === 'seen' ? { outcome: 'skipped', reason: 'gone' } : { outcome: 'removed' };
  const nothingToMark = current === undefined ? change.order === '' : isMarked(current, seen);
  if (nothingToMark) return done({ outcome: 'skipped', reason: 'gone' });
  return { step: 'write', document: tombstone(change, seen), expected, outcome: gone };
}

const isMarked = (current: Known['document'], seen: Observation) =>
  current.state === 'deleted' && current.seq === seen.seq;

/** What can be known without the labeler costs no call. */
function answerWithoutCall(head: ImageHead, policy: Policy): Answer | undefined {
  if (head.size === 0) return { refusal: 'empty', detail: 'the file has 0 bytes' };
  if (head.size > policy.maxBytes) {
    return {
      refusal: 'too-large',
      detail: `${head.size} bytes; the labeler takes at most ${policy.maxBytes}`,
    };
  }
  return undefined;
}
