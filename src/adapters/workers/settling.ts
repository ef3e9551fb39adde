import { availableParallelism } from 'node:os';
import type { Labeling, Relabel } from '../../runtime/contract.ts';
import { createGovernor } from '../../runtime/image/governor.ts';
import type { CallCap, SettleContext } from '../../runtime/image/settle.ts';
import type { ImageStore, IndexWriter, Labeler } from '../../runtime/ports.ts';

/** Decoding runs in libuv's four threads, so that fewer images in flight would leave some idle while files are read. */
const LEAST_CONCURRENCY = 8;

/** A call that is paid for by a service takes about a second (DetectLabels 0.3 to 2), whatever this machine has. */
const CALL_SECONDS = 1;
const MOST_CONCURRENCY = 256;

export interface SettlingOptions {
  images: ImageStore;
  labeler: Labeler;
  index: IndexWriter;
  labeling: Labeling;
  relabel: Relabel;
  /** The run's id, or `live`. */
  run: string;
  /** Labeler calls per second; undefined for the labeler's own budget. */
  rate: number | undefined;
  concurrency: number | undefined;
  cap: CallCap;
  draining: AbortSignal;
}

/** What settling needs on one machine. */
export async function settling(options: SettlingOptions): Promise<Omit<SettleContext, 'archive'>> {
  const { images, labeler, index, labeling, relabel, run, rate, concurrency, cap, draining } = options;
  const budget = await labeler.budget();
  const share = Math.min(rate ?? Number.POSITIVE_INFINITY, budget);
  return {
    images,
    labeler,
    index,
    cap,
    draining,
    governor: createGovernor({ share, clock }),
    policy: {
      bucket: images.bucket,
      labeling,
      relabel,
      run,
      maxBytes: labeler.maxBytes,
      etagIsContent: images.etagIsContent,
    },
    concurrency: concurrency ?? usualConcurrency(share),
    now: Date.now,
    sleep: clock.sleep,
  };
}

/** @param share - calls a second */
function usualConcurrency(share: number): number {
  const here = Math.max(LEAST_CONCURRENCY, availableParallelism() * 2);
  if (share === Number.POSITIVE_INFINITY) return here;
  return Math.min(MOST_CONCURRENCY, Math.max(here, Math.ceil(share * CALL_SECONDS)));
}

const clock = {
  now: () => performance.now(),
  /** Ends early, without an error, when the signal is aborted. */
  sleep: (milliseconds: number, signal?: AbortSignal) =>
    new Promise<void>((resolve) => {
      if (signal?.aborted) return resolve();
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, milliseconds);
      signal?.addEventListener('abort', end);
    }),
};

/** A cap of that many calls; no cap for Infinity. */
export function callCap(calls: number): CallCap & { reached: boolean } {
  let left = calls;
  return {
    reached: false,
    take() {
      if (left <= 0) {
        this.reached = true;
        return false;
      }
      left--;
      return true;
    },
    giveBack() {
      left++;
    },
  };
}
