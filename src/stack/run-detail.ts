import type { RunSummary } from '../runtime/run/record.ts';
import { readPlan, readResults } from '../runtime/run/record.ts';
import { lookAtRun } from './follow-run.ts';
import type { FailedJob, Stack } from './stack.ts';

/** A run with what a person asks next: how far, how fast, for how much, and what went wrong. */
export interface RunDetail extends RunSummary {
  chunks: { total: number; complete: number };
  /** Images a second since it began; null once it has ended or before anything is done. */
  imagesPerSecond: number | null;
  secondsLeft: number | null;
  /** US dollars for its labeler calls so far, at most. */
  cost: number;
  /** Of a run whose jobs are elsewhere; the first few. */
  failedJobs: FailedJob[];
}

/** @throws RekbackError `unknown-run`, `no-run` */
export async function describeRunInDetail(stack: Stack, id: string | undefined): Promise<RunDetail> {
  const run = await lookAtRun(stack, id);
  const objects = await stack.objects();
  const { callPrice } = await stack.labeler();
  const chunks = (await readPlan(objects, run.id))?.chunks.length ?? 0;
  const complete = (await readResults(objects, run.id)).filter((result) => result.complete).length;
  return {
    ...run,
    chunks: { total: chunks, complete },
    ...pace(run, Date.now()),
    cost: run.labelCalls * callPrice,
    failedJobs: 'jobs' in stack.runs ? await stack.runs.failedJobs(run.id) : [],
  };
}

/** @param now - epoch milliseconds */
function pace({ state, startedAt, total, pending }: RunSummary, now: number) {
  const seconds = (now - Date.parse(startedAt)) / 1_000;
  const imagesPerSecond = (total - pending) / seconds;
  if (state !== 'running' || !(imagesPerSecond > 0)) return { imagesPerSecond: null, secondsLeft: null };
  return { imagesPerSecond, secondsLeft: pending / imagesPerSecond };
}
