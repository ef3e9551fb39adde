/**
 * Where a stack's objects are, relative to its object store. One place, because the CLI, the Lambda, the Batch container
 * and the S3 lifecycle and IAM rules must agree.
 */
const pad = (chunk: number) => String(chunk).padStart(7, '0');

export const STACK_RECORD = 'stack.json';
export const RUN_LEASE = 'leases/run.json';
export const LIVE_LEASE = 'leases/live.json';
export const PROVISION_LEASE = 'leases/provision.json';

/** There once the delivered inventory has started its backfill: its trigger is not wanted any more. */
export const INVENTORY_CONSUMED = 'inventory-consumed.json';

/** Run records only, so that listing them stays cheap; what belongs to a run is below `runData`. */
export const RUNS = 'runs/';
export const runRecord = (run: string) => `${RUNS}${run}.json`;

const runData = (run: string) => `run-data/${run}/`;
export const runPlan = (run: string) => `${runData(run)}plan.json`;
export const runCancel = (run: string) => `${runData(run)}cancel.json`;
/** Keys that planning set aside, up to a cap. */
export const runSkipped = (run: string) => `${runData(run)}skipped.json`;
export const chunkRows = (run: string, chunk: number) => `${runData(run)}chunks/${pad(chunk)}`;
export const chunkResult = (run: string, chunk: number) => `${resultsPrefix(run)}${pad(chunk)}.json`;
export const resultsPrefix = (run: string) => `${runData(run)}results/`;

/** The label archive: one object per flushed batch, below the chunk that paid for it or below `live`. */
export const ARCHIVE = 'labels/';
export const chunkArchive = (run: string, chunk: number) => `${ARCHIVE}${run}/${pad(chunk)}/`;
export const archivePart = (prefix: string, part: number) => `${prefix}${pad(part)}.ndjson.gz`;
export const LIVE_ARCHIVE = `${ARCHIVE}live/`;
