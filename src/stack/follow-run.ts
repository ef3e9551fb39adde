import { setTimeout } from 'node:timers/promises';
import type { Report } from '../runtime/progress.ts';
import { finishRun } from '../runtime/run/finish.ts';
import type { ChunkResult } from '../runtime/run/ledger.ts';
import { findRun, isWorking, listRuns, type RunSummary, summarise } from '../runtime/run/record.ts';
import type { Stack } from './stack.ts';

/** Between two looks at a run that another process works on, and at one that jobs do; milliseconds. */
const POLL = { here: 500, elsewhere: 5_000 };

/** Seconds over which the rate is taken. */
const WINDOW = 60;

/**
 * A run as it is now: one whose jobs have ended without anybody noticing gets its final state.
 *
 * @param id - the newest where it is left out
 * @param complete - results of chunks known from an earlier look
 * @throws RekbackError `unknown-run`, `no-run`
 */
export async function lookAtRun(
  stack: Stack,
  id: string | undefined,
  complete?: Map<string, ChunkResult>,
): Promise<RunSummary> {
  const objects = await stack.objects();
  const run = await findRun(objects, id);
  const finished = isWorking(run.state) ? await finish(stack, run.id) : undefined;
  const { isAlive } = await stack.leases();
  return summarise(objects, finished ?? run, isAlive, complete);
}

/** All runs, newest first. */
export async function lookAtRuns(stack: Stack): Promise<RunSummary[]> {
  const objects = await stack.objects();
  const { isAlive } = await stack.leases();
  const runs = await listRuns(objects, isAlive);
  const [newest] = runs;
  if (newest?.state !== 'interrupted' || (await finish(stack, newest.id)) === undefined) return runs;
  return [await lookAtRun(stack, newest.id), ...runs.slice(1)];
}

async function finish(stack: Stack, id: string) {
  if (!('jobs' in stack.runs)) return undefined;
  // Somebody who may only read sees it as interrupted, until somebody else looks.
  return finishRun(await stack.objects(), await stack.runs.jobs(), id).catch(() => undefined);
}

/** Follows a run that others work on, until it ends or the signal comes. */
export async function followRun(
  stack: Stack,
  id: string,
  { report, signal }: { report: Report; signal: AbortSignal },
): Promise<RunSummary> {
  const every = 'jobs' in stack.runs ? POLL.elsewhere : POLL.here;
  const complete = new Map<string, ChunkResult>();
  const samples: { at: number; settled: number }[] = [];
  for (;;) {
    const run = await lookAtRun(stack, id, complete);
    const { state, startedAt, endedAt, cause, ...ledger } = run;
    samples.push({ at: performance.now() / 1_000, settled: ledger.total - ledger.pending });
    while (samples.length > 2 && (samples.at(-1)?.at ?? 0) - (samples[0]?.at ?? 0) > WINDOW) samples.shift();
    const imagesPerSecond = rateOf(samples);
    const secondsLeft = imagesPerSecond > 0 ? { secondsLeft: ledger.pending / imagesPerSecond } : {};
    if (state !== 'planning')
      report({ event: 'progress', run: id, imagesPerSecond, ...secondsLeft, ...ledger });
    if (!isWorking(state)) report({ event: 'run-ended', run: run.id, state });
    if (!isWorking(state) || signal.aborted) return run;
    await setTimeout(every, undefined, { signal }).catch(() => {});
  }
}

function rateOf(samples: readonly { at: number; settled: number }[]): number {
  const [first] = samples;
  const last = samples.at(-1);
  if (first === undefined || last === undefined || last.at === first.at) return 0;
  return (last.settled - first.settled) / (last.at - first.at);
}
