import { isDeepStrictEqual } from 'node:util';
import type { Labeling, RunRecord, Selection } from '../contract.ts';
import { messageOf, RekbackError } from '../errors.ts';
import type { Executor, ObjectStore, RunControl } from '../ports.ts';
import { RUN_LEASE, runCancel } from './layout.ts';
import { type Holder, type IsAlive, type Lease, runActive, takeLease } from './lease.ts';
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

/** What a run is begun with, whoever works on it. */
export interface BeginOptions {
  objects: ObjectStore;
  labeling: Labeling;
  /** Undefined: nothing was selected, so an unfinished run is gone on with, or else `everything` is taken. */
  selection: Selection | undefined;
  everything?: Selection;
  holder: Holder;
  isAlive: IsAlive;
}

/** What a run is of where nothing is selected, on a stack without inventories. */
export const EVERYTHING: Selection = { from: { kind: 'listing' }, relabel: 'none' };

export interface StartOptions extends BeginOptions, RunControl {
  executor: Executor;
}

/**
 * Starts a run, or goes on with the one that was interrupted, stopped or failed, and follows it to its end.
 *
 * @throws RekbackError `run-active` when another process is at it, `run-unfinished` when an unfinished run had another
 *   selection; whatever stopped the run, after recording it
 */
export async function startRun(options: StartOptions): Promise<RunSummary> {
  const { run, resumed, lease } = await beginRun(options);
  try {
    options.report({ event: 'run-started', run: run.id, resumed });
    await perform(run, options, lease.lost);
    options.report({ event: 'run-ended', run: run.id, state: run.state });
    return await summarise(options.objects, run, options.isAlive);
  } finally {
    await lease.release();
  }
}

/**
 * The run that is to be worked on now, new or unfinished, and the lease of the stack's runs. A new one is not stored yet.
 *
 * @throws RekbackError `run-active`, `run-unfinished`; the lease is not held then
 */
export async function beginRun(
  options: BeginOptions,
): Promise<{ run: RunRecord; resumed: boolean; lease: Lease }> {
  const { objects, holder, isAlive, selection } = options;
  const lease = await takeLease(objects, RUN_LEASE, holder, isAlive);
  if (!('release' in lease)) throw runActive(lease);
  try {
    const unfinished = await findUnfinished(objects);
    if (unfinished !== undefined && !goesOnWith(unfinished, selection)) throw runUnfinished(unfinished);
    const run = unfinished ?? newRun(options, (await runIds(objects)).at(-1));
    return { run, resumed: unfinished !== undefined, lease };
  } catch (error) {
    await lease.release();
    throw error;
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

const newRun = (
  { selection, everything = EVERYTHING, labeling }: BeginOptions,
  newest: string | undefined,
): RunRecord => {
  const now = new Date();
  return {
    format: 1,
    id: newRunId(now, newest),
    state: 'planning',
    selection: selection ?? everything,
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
