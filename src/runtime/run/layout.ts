/**
 * Where a stack's objects are, relative to its object store. One place, because the CLI, the Lambda, the Batch container
 * and the S3 lifecycle and IAM rules must agree.
 */
const pad = (chunk: number) => String(chunk).padStart(7, '0');

export const RECORD = 'stack.json';
export const RUNS = 'runs/';
export const RUN_LOCK = 'locks/run.json';
/** The label archive: one object per flushed batch, below the run that paid for it or below `live`. */
export const ARCHIVE = 'labels/';

export const runPrefix = (run: string) => `${RUNS}${run}/`;
export const runRecord = (run: string) => `${runPrefix(run)}run.json`;
export const runPlan = (run: string) => `${runPrefix(run)}plan.json`;
export const runCancel = (run: string) => `${runPrefix(run)}cancel.json`;
export const runSkipped = (run: string) => `${runPrefix(run)}skipped.ndjson`;
export const chunkRows = (run: string, chunk: number) => `${runPrefix(run)}chunks/${pad(chunk)}`;
export const chunkResult = (run: string, chunk: number) => `${runPrefix(run)}results/${pad(chunk)}.json`;
export const resultsPrefix = (run: string) => `${runPrefix(run)}results/`;
export const chunkArchive = (run: string, chunk: number) => `${ARCHIVE}${run}/${pad(chunk)}/`;
