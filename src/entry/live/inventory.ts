import type { Labeling, RunRecord } from '../../runtime/contract.ts';
import { RekbackError } from '../../runtime/errors.ts';
import type { Jobs, ObjectStore } from '../../runtime/ports.ts';
import { INVENTORY_CLAIM, INVENTORY_CONSUMED, INVENTORY_LEASE, RUN_LEASE } from '../../runtime/run/layout.ts';
import { type Holder, leaseHolder, takeLease } from '../../runtime/run/lease.ts';
import { isWorking, readJson, readPlan, readRun, runIds } from '../../runtime/run/record.ts';
import { jobIds, withJobs } from '../../runtime/run/remote.ts';
import { findUnfinished } from '../../runtime/run/start.ts';
import { submitRun } from '../../runtime/run/submit.ts';
import type { LogLine, Verdict } from './batch.ts';

export interface InventoryParts {
  objects: ObjectStore;
  jobs: Jobs;
  labeling: Labeling;
  /** `manual`: a person starts backfills. */
  backfill: 'auto' | 'manual';
  holder: Holder;
  /** Takes the notification away that told of the inventory. Success where it is gone. */
  removeTrigger(): Promise<void>;
  log(line: LogLine): void;
}

/** What is remembered before the run is begun, so that whoever comes after a crash knows which run it was. */
interface Claim {
  manifest: string;
  /** '' where there was no run before. */
  newestBefore: string;
}

/**
 * Starts the one backfill that an inventory's arrival asks for: the claim is a lease until the run is submitted, then the
 * inventory is marked as consumed, then its trigger is removed. Killed anywhere, the message comes again and this goes on.
 *
 * @returns `waiting` while another is at it, and while a run is active: that may be of a list that is older
 */
export async function consumeInventory(manifest: string, parts: InventoryParts): Promise<Verdict> {
  const { objects, backfill, removeTrigger } = parts;
  if (backfill === 'manual') return 'done';
  if ((await objects.get(INVENTORY_CONSUMED)) === undefined) {
    const lease = await takeLease(objects, INVENTORY_LEASE, parts.holder, () => undefined);
    if (!('release' in lease)) return 'waiting';
    try {
      if ((await objects.get(INVENTORY_CONSUMED)) === undefined) {
        const run = await startOnce(manifest, parts);
        if (run === undefined) return 'waiting';
        const consumed = { manifest, run: run.id, at: new Date().toISOString() };
        await objects.put(INVENTORY_CONSUMED, Buffer.from(JSON.stringify(consumed)));
      }
    } finally {
      await lease.release();
    }
  }
  await removeTrigger();
  return 'done';
}

/** The run of this inventory; undefined while it can't be begun. */
async function startOnce(manifest: string, parts: InventoryParts): Promise<RunRecord | undefined> {
  const { objects, jobs, labeling, holder, log } = parts;
  const isAlive = withJobs(objects, jobs, () => undefined);
  const ids = await runIds(objects);
  const before: Claim = { manifest, newestBefore: ids.at(-1) ?? '' };
  await objects.put(INVENTORY_CLAIM, Buffer.from(JSON.stringify(before)), { ifAbsent: true });
  const { newestBefore } = (await readJson<Claim>(objects, INVENTORY_CLAIM)) ?? before;

  const begun = await begunAfter(objects, ids, newestBefore);
  if (begun !== undefined) {
    const isSubmitted = !isWorking(begun.state) || (await jobIds(objects, begun.id)).length > 0;
    if (isSubmitted) return begun;
  }
  if ((await leaseHolder(objects, RUN_LEASE, isAlive)) !== undefined) {
    log({ level: 'info', message: 'an inventory has arrived; its backfill begins once no run is active' });
    return undefined;
  }
  const unfinished = await findUnfinished(objects);
  if (unfinished !== undefined && (await readPlan(objects, unfinished.id)) !== undefined) {
    const message = `an inventory has arrived, but run '${unfinished.id}' (${unfinished.state}) is not finished`;
    log({ level: 'warn', message, suggestions: FINISH_IT });
    return undefined;
  }
  try {
    const { run } = await submitRun({
      objects,
      jobs,
      labeling,
      selection: { from: { kind: 'inventory' }, relabel: 'none' },
      holder,
      isAlive,
      maxCalls: undefined,
      rate: undefined,
      workers: () => Promise.reject(new Error('the workers are submitted by the planner')),
    });
    log({ level: 'info', message: `run '${run.id}' is begun, of the inventory that has arrived`, manifest });
    return run;
  } catch (error) {
    const isInTheWay = error instanceof RekbackError && /^run-(active|unfinished)$/.test(error.code);
    if (!isInTheWay) throw error;
    log({ level: 'warn', message: error.message, code: error.code, suggestions: FINISH_IT });
    return undefined;
  }
}

const FINISH_IT = ['go on with it: rekback backfill now', 'or end it: rekback backfill cancel'];

/** A run of an inventory that was begun after the claim, by an earlier attempt or by a person. */
async function begunAfter(
  objects: ObjectStore,
  ids: readonly string[],
  newestBefore: string,
): Promise<RunRecord | undefined> {
  for (const id of ids.filter((each) => each > newestBefore)) {
    const run = await readRun(objects, id);
    if (run.selection.from.kind === 'inventory') return run;
  }
  return undefined;
}
