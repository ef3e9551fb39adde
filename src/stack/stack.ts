import type { FolderWatch } from '../adapters/folder/watch.ts';
import type { RunRecord, Selection } from '../runtime/contract.ts';
import type {
  Executor,
  ImageStore,
  IndexReader,
  IndexWriter,
  Jobs,
  Labeler,
  ObjectStore,
} from '../runtime/ports.ts';
import type { RowSource } from '../runtime/rows/source.ts';
import type { Holder, IsAlive } from '../runtime/run/lease.ts';
import type { StackRecord } from './record.ts';

/** A stack's adapters. Each is loaded when it is asked for: a search must not wait for what only a backfill needs. */
export interface Stack {
  record: StackRecord;
  /** What a run is of where nothing is selected. */
  everything: Selection;
  objects(): Promise<ObjectStore>;
  images(): Promise<ImageStore>;
  labeler(): Promise<Labeler>;
  /** @throws RekbackError `index-missing`; `nothing-labelled` where the index is made with its first images */
  indexReader(): Promise<IndexReader>;
  /** @throws RekbackError `index-missing`: a new one would have every image labelled, and paid for, again */
  indexWriter(): Promise<IndexWriter>;
  /** An empty index beside the present one; `replace` puts it in its place. */
  newIndex(): Promise<{ index: IndexWriter; replace(): Promise<void> }>;
  /** The rows that a selection means, as this machine reads them. */
  rows(selection: Selection): Promise<RowSource>;
  leases(): Promise<{ holder: (what: string) => Holder; isAlive: IsAlive }>;
  /** Who works on runs: this process, or jobs that outlive it. */
  runs: RunsHere | RunsElsewhere;
  /** Everything that happens to the images from now on. @throws RekbackError `not-followed` */
  watch(onProblem: (error: unknown) => void): Promise<FolderWatch>;
}

export interface RunsHere {
  executor(): Promise<Executor>;
}

/** A job, or one of its workers, that failed in the end. */
export interface FailedJob {
  id: string;
  reason: string;
  exitCode: number | null;
  /** What it wrote last. */
  lastLines: string[];
}

export interface RunsElsewhere {
  jobs(): Promise<Jobs>;
  failedJobs(run: string): Promise<FailedJob[]>;
  /** How many work on so many chunks, and the labeler calls a second of each. */
  workers(chunks: number, run: RunRecord): Promise<{ count: number; rate: number }>;
}
