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

/** Where the index is: `{ "endpoint": "https://…" }`. */
export const INDEX_ADDRESS = 'index.json';
/** There once the index was made: one that is missing since then was lost, and with it what was paid for. */
export const INDEX_MADE = 'index-made.json';

/** Run records only, so that listing them stays cheap; what belongs to a run is below `runData`. */
export const RUNS = 'runs/';
export const runRecord = (run: string) => `${RUNS}${run}.json`;

const runData = (run: string) => `run-data/${run}/`;
export const runPlan = (run: string) => `${runData(run)}plan.json`;
/** There once the run is to stop: by a person's wish, or with the cause that would fail every further image. */
export const runCancel = (run: string) => `${runData(run)}cancel.json`;
/** How many labeler calls are left to give out; absent where nothing limits them. */
export const runLimit = (run: string) => `${runData(run)}limit.json`;
/** One small object for each job, named by its kind and id. */
export const runJobs = (run: string) => `${runData(run)}jobs/`;
export const runJob = (run: string, kind: 'planner' | 'workers', job: string) =>
  `${runJobs(run)}${kind}/${job}.json`;
export const chunkLeases = (run: string) => `${runData(run)}leases/`;
export const plannerLease = (run: string) => `${runData(run)}leases/planner.json`;
export const chunkLease = (run: string, chunk: number) => `${chunkLeases(run)}${pad(chunk)}.json`;
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

/** Labeler calls of live changes, one object a UTC day (`2026-11-23`). */
export const LIVE_USAGE = 'live/usage/';
export const liveUsage = (day: string) => `${LIVE_USAGE}${day}.json`;
/** What people were notified of last. */
export const TOLD = 'live/told.json';
/** Where S3 delivers inventories; what is below it is named by S3. */
export const INVENTORY_PREFIX = 'inventory';
/** @param id - of the inventory's configuration on the bucket of the images */
export const inventoryFolder = (imagesBucket: string, id: string) =>
  `${INVENTORY_PREFIX}/${imagesBucket}/${id}/`;
/** Held while a delivered inventory starts its backfill. */
export const INVENTORY_LEASE = 'leases/inventory.json';
/** Which inventory is to start a backfill, and the newest run before it. */
export const INVENTORY_CLAIM = 'inventory-claim.json';
