import type { RunRecord } from '../contract.ts';
import type { ObjectStore } from '../ports.ts';
import type { Report } from '../progress.ts';
import type { RowSource } from '../rows/source.ts';
import { chunkRows, runPlan, runSkipped } from './layout.ts';
import type { PlannedRows } from './ledger.ts';
import { planRun } from './plan.ts';

export interface PlanningOptions {
  objects: ObjectStore;
  rows: RowSource;
  /** Extensions that the labeler reads. */
  formats: ReadonlySet<string>;
  /** Only keys that begin with this, where the run selects no prefix of its own. */
  prefix: string | undefined;
  /** For stores that are paid or reached by the byte. */
  compress: boolean;
  /** Rows of a chunk; as many as the contract says by itself. */
  chunkRows?: number;
  report: Report;
  signal: AbortSignal;
}

/**
 * Plans a run and stores its chunks, what was set aside, and the plan: last, so that a plan that is there is whole.
 *
 * @throws what `planRun` throws
 */
export async function planInto(run: RunRecord, options: PlanningOptions): Promise<PlannedRows> {
  const { objects, rows, formats, compress, chunkRows: size, report, signal } = options;
  const { sample, prefix = options.prefix } = run.selection;
  const { skippedKeys, ...planned } = await planRun({
    rows,
    formats,
    compress,
    put: async (chunk, body) => {
      await objects.put(chunkRows(run.id, chunk), body);
    },
    onRows: (read) => report({ event: 'planning', run: run.id, rows: read }),
    signal,
    ...(prefix === undefined ? {} : { prefix }),
    ...(sample === undefined ? {} : { sample }),
    ...(size === undefined ? {} : { chunkRows: size }),
  });
  await objects.put(runSkipped(run.id), Buffer.from(JSON.stringify({ keys: skippedKeys })));
  await objects.put(runPlan(run.id), Buffer.from(JSON.stringify(planned)));
  return planned;
}
