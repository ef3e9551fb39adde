import { ATTEMPTS, type IndexClient } from './client.ts';
import { answerFailure, explain, Failure } from './errors.ts';

/** One write of a bulk request. */
export interface BulkItem {
  id: string;
  /** The action's line and the document's, each with its end. */
  lines: string;
}

/** `maybe`: another state was met after an answer had been lost, which may be what this very item wrote. */
export type BulkResult = { result: 'written' | 'conflict' | 'maybe' } | { result: 'refused'; detail: string };

/** Smaller requests cost more each, larger ones the server's memory; AWS takes at most 10 MiB on small instances. */
const MOST_BYTES = 5_000_000;

/** Requests under way. Two keep the server busy while the next is made ready. */
const MOST_IN_FLIGHT = 2;

interface Item extends BulkItem {
  position: number;
  /** It was sent and no answer came. */
  isUncertain: boolean;
}

interface Answer {
  items?: Record<string, { _id: string; status: number; error?: unknown }>[];
}

/**
 * A loop of our own over `_bulk`: the client's helper hangs when the server is slower than its flush interval and gives up on
 * a whole request that is throttled (opensearch-js 1061).
 *
 * @param index - an alias, or an index that is not named by one yet
 */
export function createBulk(client: IndexClient, index: string, options: { isAlias: boolean }) {
  const gate = createGate();

  /** Every item must compare before it sets: what is not known to be carried out is sent again. */
  async function write(bulk: readonly BulkItem[]): Promise<BulkResult[]> {
    const results = new Array<BulkResult>(bulk.length);
    const batches = split(bulk.map((item, position) => ({ ...item, position, isUncertain: false })));
    const next = batches[Symbol.iterator]();
    const lane = async () => {
      for (const batch of next) await writeBatch(batch, results);
    };
    await Promise.all(Array.from({ length: Math.min(MOST_IN_FLIGHT, batches.length) }, lane));
    return results;
  }

  async function writeBatch(batch: readonly Item[], results: BulkResult[]): Promise<void> {
    let rest = batch;
    for (let attempt = 1; rest.length > 0; attempt++) {
      const failure = await attemptBatch(rest, results);
      if (failure === undefined) return;
      if (failure.status === 413) return halve(rest, failure, results);
      if (failure.kind === 'refused' || attempt >= ATTEMPTS.writing) throw explain(failure, client.host);
      rest = rest.filter(({ position }) => results[position] === undefined);
      await client.backOff(attempt);
    }
  }

  /** @returns why some have no result yet */
  async function attemptBatch(batch: readonly Item[], results: BulkResult[]): Promise<Failure | undefined> {
    const leave = await gate.enter();
    let failure: Failure | undefined;
    try {
      for (const [item, answer] of await send(batch)) {
        const outcome = resultOf(answer, item);
        if (!(outcome instanceof Failure)) results[item.position] = outcome;
        else if (outcome.kind === 'refused') throw explain(outcome, client.host);
        else {
          failure = outcome;
          item.isUncertain ||= outcome.kind === 'lost';
        }
      }
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failure = error;
      if (error.kind !== 'throttled' && error.kind !== 'refused')
        for (const item of batch) item.isUncertain = true;
    } finally {
      leave(failure === undefined);
    }
    return failure;
  }

  async function send(batch: readonly Item[]) {
    const answer = (await client.send({
      method: 'POST',
      path: `/${index}/_bulk`,
      query: {
        // Writing to an alias that is gone would make an index of its name.
        require_alias: options.isAlias,
        filter_path: 'items.*._id,items.*.status,items.*.error.type,items.*.error.reason',
      },
      lines: batch.map(({ lines }) => lines).join(''),
    })) as Answer;
    return batch.map((item, at) => {
      const [answered] = Object.values(answer.items?.[at] ?? {});
      if (answered?._id !== item.id) throw new Failure('lost', 'the answer is not about what was sent');
      return [item, answered] as const;
    });
  }

  /** Too large for what is on the way to the server. */
  async function halve(batch: readonly Item[], failure: Failure, results: BulkResult[]): Promise<void> {
    const [only] = batch;
    if (batch.length === 1 && only !== undefined) {
      results[only.position] = { result: 'refused', detail: failure.message };
      return;
    }
    const half = batch.length >> 1;
    await writeBatch(batch.slice(0, half), results);
    await writeBatch(batch.slice(half), results);
  }

  return { write };
}

function resultOf({ status, error }: { status: number; error?: unknown }, item: Item): BulkResult | Failure {
  if (status < 300) return { result: 'written' };
  if (status === 409) return { result: item.isUncertain ? 'maybe' : 'conflict' };
  const failure = answerFailure(status, error);
  const isFinal = failure.kind === 'refused' && isAboutDocument(failure);
  return isFinal ? { result: 'refused', detail: failure.message } : failure;
}

/** Access, a missing index and a block would meet every other document too. */
const isAboutDocument = ({ status, type }: Failure) =>
  status !== 401 && status !== 403 && status !== 404 && type !== 'cluster_block_exception';

function split(items: readonly Item[]): Item[][] {
  const batches: Item[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const item of items) {
    const size = Buffer.byteLength(item.lines);
    if (bytes + size > MOST_BYTES) {
      batches.push([]);
      bytes = 0;
    }
    batches.at(-1)?.push(item);
    bytes += size;
  }
  return batches;
}

/** Requests in flight: halved when one is turned away, and again one more after so many that were not. */
function createGate() {
  const GOOD_BEFORE_MORE = 10;
  let allowed = MOST_IN_FLIGHT;
  let inFlight = 0;
  let good = 0;
  const waiting: (() => void)[] = [];
  const wake = () => {
    while (inFlight < allowed && waiting.length > 0) {
      inFlight++;
      waiting.shift()?.();
    }
  };
  const leave = (isGood: boolean) => {
    inFlight--;
    good = isGood ? good + 1 : 0;
    if (!isGood) allowed = Math.max(1, allowed >> 1);
    else if (good >= GOOD_BEFORE_MORE) allowed = Math.min(MOST_IN_FLIGHT, allowed + 1);
    wake();
  };
  return {
    async enter() {
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        wake();
      });
      return leave;
    },
  };
}
