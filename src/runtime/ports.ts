import type {
  Answer,
  Document,
  DocumentState,
  ImageHead,
  ImageRef,
  Labeling,
  RunRecord,
} from './contract.ts';
import type { Report } from './progress.ts';
import type { ResolvedQuery, Vocabulary } from './query/tree.ts';

/** One image, or one thing met on the way that is no image, as a listing sees it. */
export interface ListedImage {
  key: string;
  /** Bytes. */
  size?: number;
  /** Epoch milliseconds, whole. */
  lastModified?: number;
  etag?: string;
  storageClass?: string;
  /** Set where the listing itself knows that this can't be labelled: `name-not-utf8`, `symlink`, `unreadable`. */
  skip?: string;
}

/** Where the images are. Never written to. */
export interface ImageStore {
  /** What `bucket` means in documents: a bucket's name, or a folder's absolute path. */
  readonly bucket: string;
  /** Batches in ascending byte order of the UTF-8 key. Throws `SystemicError` when the store itself can't be read. */
  list(options: { prefix?: string; signal?: AbortSignal }): AsyncIterable<ListedImage[]>;
  /** The image's present state; `undefined` when there is none. May carry the bytes where the etag needed them. */
  head(key: string, signal?: AbortSignal): Promise<ImageHead | undefined>;
  /**
   * The present states of many images, as a list tells them: of those that it finds for less than it takes to ask for
   * each. Left out where a look at each costs nothing.
   */
  headMany?(keys: readonly string[]): Promise<ReadonlyMap<string, ImageHead>>;
  read(key: string, signal?: AbortSignal): Promise<Buffer>;
  /** Where a person or program finds the image: a path, or an address (`file:`, `s3:`). */
  link(key: string, form: 'path' | 'uri'): string;
  /** True where equal etags prove equal content, so that labels may be carried over from another key. */
  readonly etagIsContent: boolean;
}

/** What puts labels on an image. */
export interface Labeler {
  readonly labeling: Labeling;
  /** File extensions that are worth a call: lower case, with the dot. */
  readonly formats: ReadonlySet<string>;
  /** Bytes; larger images are refused as `too-large` without a call. */
  readonly maxBytes: number;
  /** Names that say little of an image because nearly every one carries some of them, such as colours. */
  readonly plainLabels?: ReadonlySet<string>;
  /** US dollars per call, at the dearest tier; 0 where it costs nothing. */
  readonly callPrice: number;
  /** Calls per second this labeler may take; Infinity where nothing limits it. */
  budget(): Promise<number>;
  /** Labels, or a permanent refusal. Throws `RetryableError` or `SystemicError`. */
  detect(image: ImageRef, signal?: AbortSignal): Promise<Answer>;
}

/** An index's own mark of one state of one document; only compared and handed back. */
export type Version = string;

export interface Known {
  version: Version;
  /** Labels may be left out: deciding needs only the fingerprint. */
  document: Omit<Document, 'labels'>;
}

export interface IndexWrite {
  /** Without `labels`: those that the index has for this key stay (then `expected` is never `undefined`). */
  document: Omit<Document, 'labels'> & Partial<Pick<Document, 'labels'>>;
  /** `undefined`: there must be no document yet. */
  expected: Version | undefined;
}

export type WriteResult =
  | { result: 'written' }
  | { result: 'conflict' }
  | { result: 'refused'; detail: string };

export interface IndexWriter {
  /** In the order of the keys; `undefined` where nothing is known. Tombstones are returned too. */
  lookUp(keys: readonly string[]): Promise<(Known | undefined)[]>;
  /** A labelled document with this content under any key, for stores whose etag is the content. */
  findByEtag(etag: string): Promise<Document | undefined>;
  /** Compare and set, per item; all or nothing only within one item. */
  write(writes: readonly IndexWrite[]): Promise<WriteResult[]>;
  close(): Promise<void>;
}

export interface SearchRequest {
  query: ResolvedQuery;
  /** 0–100, whole: every term without a threshold of its own, also under NOT. */
  minConfidence: number;
  prefix?: string;
  /** 0 for the count alone. */
  limit: number;
  /** `next` of the page before. */
  after?: string;
}

export interface SearchResult {
  total: number;
  totalExact: boolean;
  next?: string;
  images: Pick<Document, 'bucket' | 'key' | 'size' | 'lastModified' | 'labels'>[];
}

export interface IndexStats {
  /** Documents in each state; tombstones are `deleted`. */
  images: Record<DocumentState, number>;
  bytes: number;
}

export interface IndexReader {
  search(request: SearchRequest): Promise<SearchResult>;
  /** Every label in the index with the number of images that carry it (at any confidence, inherited or not). */
  vocabulary(): Promise<Vocabulary>;
  get(key: string): Promise<Document | undefined>;
  /** In ascending byte order of the key. */
  scan(options: {
    states?: readonly DocumentState[];
    prefix?: string;
    after?: string;
  }): AsyncIterable<Document[]>;
  stats(): Promise<IndexStats>;
  close(): Promise<void>;
}

export interface StoredObject {
  body: Buffer;
  version: Version;
}

/** Small objects of a stack: runs, chunks, claims, the label archive. Keys are `/`-separated and relative. */
export interface ObjectStore {
  get(key: string): Promise<StoredObject | undefined>;
  /** `conflict` when `ifAbsent` finds one or `ifVersion` finds another state; otherwise the new version. */
  put(
    key: string,
    body: Uint8Array,
    condition?: { ifAbsent: true } | { ifVersion: Version },
  ): Promise<{ version: Version } | 'conflict'>;
  /** Ascending byte order. */
  list(prefix: string): AsyncIterable<{ key: string; size: number }>;
  /** Removing what is not there is success. */
  remove(key: string): Promise<void>;
}

/** Limits and signals of one invocation of a run. */
export interface RunControl {
  /** Aborted when the run is to stop: images in flight are finished, the rest stays pending. */
  draining: AbortSignal;
  /** Labeler calls that may be made now; Infinity without a cap. Hard. */
  maxCalls: number;
  /** Calls per second; undefined for the labeler's own budget. */
  rate?: number;
  report: Report;
}

/** Who plans a run and works on its chunks: loops on this machine, or Batch. */
export interface Executor {
  /**
   * Plans the run if that is not done and works on every chunk that is not complete. Safe to repeat after any
   * interruption.
   * @returns `ended` when nothing is pending, `drained` or `capped` when something stopped it
   * @throws SystemicError when every further image would fail
   */
  submit(run: RunRecord, control: RunControl): Promise<'ended' | 'drained' | 'capped'>;
}

/** One job of a run: its planning, or its workers, which are one job however many there are. */
export interface JobState {
  id: string;
  state: 'waiting' | 'running' | 'succeeded' | 'failed';
  /** Why it failed, in the words of whoever ran it. */
  reason?: string;
}

/** Where runs are planned and worked on by processes of their own, on other machines. */
export interface Jobs {
  /** @returns the job's id */
  submitPlanner(run: string): Promise<string>;
  /** `rate`: labeler calls a second of each worker. @returns the id of the job that all of them are */
  submitWorkers(run: string, workers: { count: number; rate: number }): Promise<string>;
  /** Without those that are forgotten, as Batch forgets jobs some days after their end. */
  look(ids: readonly string[]): Promise<JobState[]>;
  /** Those that have not begun never will; the others are told to stop. What has ended stays as it is. */
  end(ids: readonly string[], why: string): Promise<void>;
}
