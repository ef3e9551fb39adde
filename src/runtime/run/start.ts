import { isDeepStrictEqual } from 'node:util';
import type { Labeling, RunRecord, Selection } from '../contract.ts';
import { messageOf, RekbackError } from '../errors.ts';
import type { Executor, ObjectStore, RunControl } from '../ports.ts';
import { RUN_LEASE, runCancel } from './layout.ts';
import { type Holder, type IsAlive, runActive, takeLease } from './lease.ts';
import {
  findRun,
  isUnfinished,
  newRunId,
  type RunSummary,
  readPlan,
  runIds,
  summarise,
  writeRun,
} from './record.ts';

/** How often a run looks whether it was cancelled from elsewhere; milliseconds. */
const CANCEL_POLL = 1_000;

export interface StartOptions extends RunControl {
  objects: ObjectStore;
  executor: Executor;
  labeling: Labeling;
  /** Undefined: nothing was selected, so an unfinished run is gone on with, or else all images are taken. */
  selection: Selection | undefined;
  holder: Holder;
  isAlive: IsAlive;
}

export const EVERYTHING: Selection = { from: { kind: 'listing' }, relabel: 'none' };

/**
 * Starts a run, or goes on with the one that was interrupted, stopped or failed, and follows it to its end.
 *
 * @throws RekbackError `run-active` when another process is at it, `run-unfinished` when an unfinished run had another
 *   selection; whatever stopped the run, after recording it
 */
export async function startRun(options: StartOptions): Promise<RunSummary> {
  const { objects, isAlive } = options;
  const lease = await takeLease(objects, RUN_LEASE, options.holder, isAlive);
  if (!('release' in lease)) throw runActive(lease);
  try {
    const unfinished = await findUnfinished(objects);
    if (unfinished !== undefined && !goesOnWith(unfinished, options.selection))
      throw runUnfinished(unfinished);
    const run = unfinished ?? newRun(options, (await runIds(objects)).at(-1));
    options.report({ event: 'run-started', run: run.id, resumed: unfinished !== undefined });
    await perform(run, options, lease.lost);
    options.report({ event: 'run-ended', run: run.id, state: run.state });
    return await summarise(objects, run, isAlive);
  } finally {
    await lease.release();
  }
}

/** The newest run, if `backfill now` would go on with it. The run lease must be held, or known to be free. */
export async function findUnfinished(objects: ObjectStore): Promise<RunRecord | undefined> {
  if ((await runIds(objects)).length === 0) return undefined;
  const newest = await findRun(objects, undefined);
  if (!isUnfinished(newest.state)) return undefined;
  // What failed while its rows were read (a damaged inventory) left nothing to go on with.
  if (newest.state === 'failed' && (await readPlan(objects, newest.id)) === undefined) return undefined;
  return newest;
}

const goesOnWith = (run: RunRecord, selection: Selection | undefined) =>
  selection === undefined || isDeepStrictEqual(run.selection, selection);

const runUnfinished = ({ id, state }: RunRecord) =>
  new RekbackError('run-unfinished', `run '${id}' (${state}) is not finished and has another selection`, {
    suggestions: ['go on with it: rekback backfill now', `or end it: rekback backfill cancel ${id}`],
  });

const newRun = ({ selection, labeling }: StartOptions, newest: string | undefined): RunRecord => {
  const now = new Date();
  return {
    format: 1,
    id: newRunId(now, newest),
    state: 'planning',
    selection: selection ?? EVERYTHING,
    labeling,
    startedAt: now.toISOString(),
  };
};

async function perform(run: RunRecord, options: StartOptions, lost: AbortSignal): Promise<void> {
  const { objects, executor } = options;
  const cancelled = new AbortController();
  const poll = setInterval(() => {
    objects.get(runCancel(run.id)).then(
      (found) => found && cancelled.abort(),
      () => {},
    );
  }, CANCEL_POLL);
  const draining = AbortSignal.any([options.draining, cancelled.signal, lost]);
  delete run.endedAt;
  delete run.cause;
  run.state = 'planning';
  try {
    await writeRun(objects, run);
    const end = await executor.submit(run, { ...options, draining });
    run.state = 'succeeded';
    if (end === 'capped') {
      stop(run, 'stopped', 'limit-reached', `the limit of ${options.maxCalls} labeler calls was reached`);
    } else if (end === 'drained' && lost.aborted) {
      throw new RekbackError('lease-lost', 'another process took this run over while this one was suspended');
    } else if (end === 'drained' && cancelled.signal.aborted) {
      stop(run, 'cancelled', 'cancelled', 'the run was cancelled from another process');
    } else if (end === 'drained') {
      stop(run, 'interrupted', 'interrupted', 'the run was interrupted');
    }
  } catch (error) {
    const known = error instanceof RekbackError ? error : undefined;
    stop(run, 'failed', known?.code ?? 'internal', messageOf(error), known?.suggestions);
    throw error;
  } finally {
    clearInterval(poll);
    if (!lost.aborted) await record(run, objects);
  }
}

function stop(
  run: RunRecord,
  state: RunRecord['state'],
  code: string,
  message: string,
  suggestions?: readonly string[],
) {
  run.state = state;
  run.cause = { code, message, suggestions: suggestions ?? ['go on with it: rekback backfill now'] };
}

/** The end is recorded if it can be; where the disk is full, its absence reads as an interrupted run. */
async function record(run: RunRecord, objects: ObjectStore): Promise<void> {
  run.endedAt = new Date().toISOString();
  await writeRun(objects, run).catch((error: unknown) => {
    if (run.state === 'succeeded') throw error;
  });
}
