/** Names and shapes that commands, entries, adapters and stored objects share. */

/** A label as the index stores it: whole confidence 0–100 (floored). `inherited` marks an ancestor of a detected label. */
export interface Label {
  name: string;
  confidence: number;
  inherited?: boolean;
}

/** What labels depend on; a document labelled under another one is outdated. */
export interface Labeling {
  /** `keywords`, `rekognition`. */
  labeler: string;
  /** Our own constant, raised when the same image would get other labels; never the service's model version. */
  revision: number;
  /** Labels below this confidence are not stored. */
  labelFloor: number;
  maxLabels: number;
  /** Exact names; empty: all. */
  include: readonly string[];
  exclude: readonly string[];
}

/** One label of an answer, as the labeler gave it (confidence not floored, ancestors by name). */
export interface DetectedLabel {
  name: string;
  confidence: number;
  parents?: readonly string[];
  categories?: readonly string[];
  instances?: readonly {
    confidence: number;
    box: readonly [left: number, top: number, width: number, height: number];
  }[];
}

/** Permanent reasons that a labeler refuses an image for: the image itself would have to change. */
export type RefusalReason = 'corrupt' | 'empty' | 'format' | 'too-large' | 'too-small' | 'refused';

export type Answer =
  | { labels: readonly DetectedLabel[]; model?: string }
  | { refusal: RefusalReason; detail: string; model?: string };

/** An image's state at one moment. */
export interface ImageHead {
  etag: string;
  /** Bytes. */
  size: number;
  /** Epoch milliseconds, whole. */
  lastModified: number;
  storageClass?: string;
  /** Which of the key's versions this is, where the store keeps several. */
  versionId?: string;
  /** Set where the content can't be read as things are, which says nothing lasting about the image. */
  skip?: 'archived' | 'sse-c';
  /** The content, where the store had to read it to know the etag. */
  bytes?: Buffer;
}

export interface ImageRef {
  bucket: string;
  key: string;
  head: ImageHead;
  bytes(): Promise<Buffer>;
}

/** `failed` is a recorded permanent refusal; `deleted` a tombstone, hidden from every query. */
export type DocumentState = 'indexed' | 'failed' | 'deleted';

/** One image in the index. */
export interface Document {
  bucket: string;
  key: string;
  /** Opaque equality token, without quotes. Empty in a tombstone that never saw the image. */
  etag: string;
  size: number;
  /** Epoch milliseconds. */
  lastModified: number;
  state: DocumentState;
  /** Why, when failed: a reason and the labeler's own words. */
  reason?: RefusalReason;
  detail?: string;
  /** Fingerprint of the labeling the labels come from. */
  labeling: string;
  /** Order of the last live change, right-padded; empty when only backfills have seen the image. */
  seq: string;
  /** When the state above was read from the store; epoch milliseconds. */
  observedAt: number;
  /** The run and row that wrote it, so that a restarted chunk counts its own work once. Row −1: not from a run. */
  run: string;
  row: number;
  labels: readonly Label[];
}

/** Skipped without a call, by why. */
export type SkipReason =
  | 'unchanged'
  | 'failed-before'
  | 'format'
  | 'not-an-image'
  | 'archived'
  | 'sse-c'
  | 'gone'
  | 'duplicate'
  | 'symlink'
  | 'name-not-utf8'
  | 'unreadable-folder';

/** Failed in this run, by why: a permanent refusal, or something that may pass (`unreadable`, `unavailable`, `index-refused`). */
export type FailReason = RefusalReason | 'unreadable' | 'unavailable' | 'index-refused';

export type Outcome =
  | { outcome: 'indexed' }
  | { outcome: 'skipped'; reason: SkipReason }
  | { outcome: 'failed'; reason: FailReason; detail: string }
  | { outcome: 'removed' }
  | { outcome: 'pending' };

/** Which images to label again although they have an answer. */
export type Relabel = 'none' | 'all' | 'outdated' | 'failed';

export type RunState =
  | 'planning'
  | 'running'
  | 'succeeded'
  | 'failed'
  | 'stopped'
  | 'cancelled'
  | 'interrupted';

/** Which images a run is about; a run goes on only with the selection that it began with. */
export interface Selection {
  /** The newest inventory (or a listing where none was delivered), `listing`, a file, or another run's failures. */
  from:
    | { kind: 'inventory' }
    | { kind: 'listing' }
    | { kind: 'file'; path: string }
    | { kind: 'failures'; run: string };
  prefix?: string;
  /** That many images at random. */
  sample?: number;
  relabel: Relabel;
}

/** A run as it is stored. */
export interface RunRecord {
  format: 1;
  id: string;
  state: RunState;
  selection: Selection;
  labeling: Labeling;
  /** Labeler calls a second of all its workers, where a person said so. */
  rate?: number;
  /** ISO times. */
  startedAt: string;
  endedAt?: string;
  /** Why it failed, stopped or was cancelled. */
  cause?: { code: string; message: string; suggestions: readonly string[] };
}

/** Rows per chunk: what a worker takes, retries and reports. */
export const CHUNK_ROWS = 5_000;

/** Ids looked up at once. `reference` measurements: source-filtered look-ups stop gaining beyond 1,000. */
export const LOOK_UP_BATCH = 1_000;

/**
 * Environment variables by which provisioning tells the live function and the jobs where their stack is, and a submission
 * which run a job is of and how many labeler calls a second it may make.
 */
export const ENVIRONMENT = {
  stack: 'REKBACK_STACK',
  bucket: 'REKBACK_STACK_BUCKET',
  run: 'REKBACK_RUN',
  rate: 'REKBACK_RATE',
} as const;

/** Exit code of a job that was told to stop before it was done, and wants to be started again: `EX_TEMPFAIL` of sysexits(3). */
export const EXIT_AGAIN = 75;
