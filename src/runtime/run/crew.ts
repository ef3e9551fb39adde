import type { RunRecord } from '../contract.ts';
import { messageOf, RekbackError, SystemicError } from '../errors.ts';
import type { CallCap } from '../image/settle.ts';
import type { ObjectStore } from '../ports.ts';
import { chunkLease, chunkResult, runCancel } from './layout.ts';
import { type Holder, takeLease } from './lease.ts';
import type { ChunkResult } from './ledger.ts';
import { readLimit, reserveCalls, returnCalls } from './limit.ts';
import { readJson, readPlan } from './record.ts';
import { chunkCalls, type WorkContext, workChunk } from './work.ts';

/** Between two looks whether the run is to stop; milliseconds. Each look is a request that is paid for. */
const CANCEL_POLL = 10_000;

/** Between two looks whether others have given labeler calls back, and how long they are waited for; milliseconds. */
const CALLS_POLL = 5_000;
const CALLS_PATIENCE = 15 * 60_000;

/** Between two looks at chunks that others have; milliseconds. */
const OTHERS_POLL = 15_000;

export interface CrewMember {
  objects: ObjectStore;
  /** Whose chunks these are for now; the same after a restart, so that a worker takes over from its killed self. */
  holder: Holder;
  /** Which of how many workers: each begins elsewhere, so that they seldom meet. */
  index: number;
  count: number;
  /** What settling needs, and a cap of so many calls. */
  context: Omit<WorkContext, 'objects' | 'cap' | 'draining'>;
  cap: (calls: number) => CallCap;
  draining: AbortSignal;
  sleep: (milliseconds: number, signal: AbortSignal) => Promise<void>;
}

/**
 * Works on a run's chunks beside other workers of it, of which none knows the others: a chunk belongs to whoever has its
 * lease. Ends when every chunk is complete; those of others that died are taken over.
 *
 * @returns `drained` when something stopped it before: it, or another like it, has to go on
 * @throws SystemicError what would fail every further image; the other workers are told to stop
 */
export async function workBeside(
  run: RunRecord,
  member: CrewMember,
): Promise<'ended' | 'drained' | 'capped'> {
  const { objects, index, count } = member;
  const planned = await readPlan(objects, run.id);
  if (planned === undefined) {
    throw new RekbackError('plan-missing', `run '${run.id}' has no plan`, {
      suggestions: [`end it with: rekback backfill cancel ${run.id}`, 'then start another'],
    });
  }
  const chunks = planned.chunks.length;
  const stopped = stopSignal(objects, run.id);
  const draining = AbortSignal.any([member.draining, stopped.signal]);
  const first = Math.floor((index * chunks) / count);
  let left = Array.from({ length: chunks }, (_, step) => (first + step) % chunks);
  try {
    for (;;) {
      const others: number[] = [];
      for (const chunk of left) {
        await stopped.look();
        if (draining.aborted) return stopped.signal.aborted ? 'ended' : 'drained';
        if (await isComplete(objects, run.id, chunk)) continue;
        const end = await workLeased(run, chunk, planned.chunks[chunk] ?? 0, { ...member, draining });
        if (end === 'capped') return 'capped';
        if (end === 'taken') others.push(chunk);
      }
      if (draining.aborted) return stopped.signal.aborted ? 'ended' : 'drained';
      if (others.length === 0) return 'ended';
      // Whoever has them may be dead, which shows only once their lease runs out.
      left = others;
      await member.sleep(OTHERS_POLL, draining);
    }
  } catch (error) {
    if (error instanceof SystemicError) await stopRun(objects, run.id, error);
    throw error;
  } finally {
    stopped.end();
  }
}

/** Tells all workers of a run to stop for this cause; the first cause stays. */
export async function stopRun(objects: ObjectStore, run: string, error: unknown): Promise<void> {
  const known = error instanceof RekbackError ? error : undefined;
  const cause: NonNullable<RunRecord['cause']> = {
    code: known?.code ?? 'internal',
    message: messageOf(error),
    suggestions: known?.suggestions ?? [],
  };
  await objects.put(runCancel(run), Buffer.from(JSON.stringify({ cause })), { ifAbsent: true });
}

const isComplete = async (objects: ObjectStore, run: string, chunk: number): Promise<boolean> =>
  (await readJson<ChunkResult>(objects, chunkResult(run, chunk)))?.complete === true;

async function workLeased(
  run: RunRecord,
  chunk: number,
  rows: number,
  member: CrewMember,
): Promise<'done' | 'capped' | 'taken'> {
  const { objects, holder, sleep } = member;
  const isAlive = (other: Holder) => (other.id === holder.id ? false : undefined);
  const lease = await takeLease(objects, chunkLease(run.id, chunk), holder, isAlive);
  if (!('release' in lease)) return 'taken';
  const draining = AbortSignal.any([member.draining, lease.lost]);
  try {
    // Another may have completed it between the look at its result and the lease.
    if (await isComplete(objects, run.id, chunk)) return 'done';
    const isLimited = (await readLimit(objects, run.id)) !== undefined;
    for (let waited = 0; !draining.aborted; ) {
      const before = isLimited ? await chunkCalls(objects, run.id, chunk) : 0;
      const { calls, othersHold } = isLimited
        ? await reserveCalls(objects, run.id, chunk, { wanted: rows, before })
        : { calls: Number.POSITIVE_INFINITY, othersHold: false };
      if (calls === 0) {
        if (!othersHold || waited >= CALLS_PATIENCE) return 'capped';
        await sleep(CALLS_POLL, draining);
        waited += CALLS_POLL;
        continue;
      }
      const context: WorkContext = { ...member.context, objects, draining, cap: member.cap(calls) };
      const result = await workChunk(run, chunk, context);
      if (isLimited) await returnCalls(objects, run.id, chunk, result.labelCalls);
      if (result.complete) return 'done';
    }
    return 'done';
  } finally {
    await lease.release();
  }
}

/** Aborted when the run is to stop. */
function stopSignal(objects: ObjectStore, run: string) {
  const controller = new AbortController();
  const look = async () => {
    if ((await objects.get(runCancel(run)).catch(() => undefined)) !== undefined) controller.abort();
  };
  const timer = setInterval(() => void look(), CANCEL_POLL);
  return { signal: controller.signal, look, end: () => clearInterval(timer) };
}
