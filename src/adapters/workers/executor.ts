import type { RunRecord } from '../../runtime/contract.ts';
import type {
  Executor,
  ImageStore,
  IndexWriter,
  Labeler,
  ObjectStore,
  RunControl,
} from '../../runtime/ports.ts';
import type { RowSource } from '../../runtime/rows/source.ts';
import { foldLedger, type PlannedRows } from '../../runtime/run/ledger.ts';
import { planInto } from '../../runtime/run/planning.ts';
import { readPlan, readResults, writeRun } from '../../runtime/run/record.ts';
import { workChunk } from '../../runtime/run/work.ts';
import { runMeter } from './meter.ts';
import { callCap, settling } from './settling.ts';

export interface LocalParts {
  objects: ObjectStore;
  images: ImageStore;
  labeler: Labeler;
  openIndex(): Promise<IndexWriter>;
  /** The rows that a run's selection means. */
  rows(run: RunRecord): Promise<RowSource>;
  /** Only keys that begin with this, whatever a run selects. */
  prefix: string | undefined;
  /** Images in flight at once; undefined: as many as suit this machine. */
  concurrency: number | undefined;
  /** Calls per second that the stack's owner allows; undefined: what the labeler allows. */
  rate: number | undefined;
}

/** Plans runs and works on their chunks in this process, one chunk after the other. */
export function createLocalExecutor(parts: LocalParts): Executor {
  const { objects, labeler } = parts;
  return {
    async submit(run, control) {
      const { draining, report } = control;
      const planned = (await readPlan(objects, run.id)) ?? (await plan(run, parts, control));
      if (planned === undefined) return 'drained';
      run.state = 'running';
      await writeRun(objects, run);

      const results = new Map((await readResults(objects, run.id)).map((result) => [result.chunk, result]));
      const cap = callCap(control.maxCalls);
      const index = await parts.openIndex();
      const meter = runMeter(
        run.id,
        foldLedger(
          planned,
          [...results.values()].filter(({ complete }) => complete),
        ),
        report,
      );
      try {
        const context = await settling({
          ...parts,
          index,
          labeler,
          labeling: run.labeling,
          relabel: run.selection.relabel,
          run: run.id,
          rate: control.rate ?? parts.rate,
          cap,
          draining,
        });
        for (let chunk = 0; chunk < planned.chunks.length; chunk++) {
          if (results.get(chunk)?.complete) continue;
          const result = await workChunk(run, chunk, {
            ...context,
            objects,
            onRow: meter.row,
            onCall: meter.call,
          });
          if (result.complete) continue;
          return cap.reached ? 'capped' : 'drained';
        }
        return 'ended';
      } finally {
        meter.end();
        await index.close();
      }
    },
  };
}

/** Undefined when draining came first: then nothing is planned yet. */
async function plan(
  run: RunRecord,
  parts: LocalParts,
  { draining, report }: RunControl,
): Promise<PlannedRows | undefined> {
  const { objects, labeler, prefix } = parts;
  const { formats } = labeler;
  try {
    const rows = await parts.rows(run);
    return await planInto(run, { objects, rows, formats, prefix, compress: false, report, signal: draining });
  } catch (error) {
    if (draining.aborted) return undefined;
    throw error;
  }
}
