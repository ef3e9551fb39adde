import type { RunRecord, Selection } from '../runtime/contract.ts';
import { RekbackError } from '../runtime/errors.ts';
import type { RunControl } from '../runtime/ports.ts';
import { planInto } from '../runtime/run/planning.ts';
import { findRun, type RunSummary } from '../runtime/run/record.ts';
import { startRun } from '../runtime/run/start.ts';
import { submitRun } from '../runtime/run/submit.ts';
import { followRun, lookAtRun } from './follow-run.ts';
import { assertWritable } from './record.ts';
import type { RunsElsewhere, RunsHere, Stack } from './stack.ts';

export interface BackfillOptions {
  /** Undefined: nothing was selected. */
  selection: Selection | undefined;
  draining: AbortSignal;
  report: RunControl['report'];
  /** Labeler calls and US dollars that may be spent now; undefined: no limit. Both are hard. */
  limit?: number | undefined;
  maxCost?: number | undefined;
  /** Labeler calls per second. */
  rate?: number | undefined;
  /** Whether to follow a run that jobs work on to its end; one that this process works on always is. */
  wait?: boolean;
  /** The command, as a person would name it. */
  what: string;
}

/**
 * Starts or goes on with a backfill and follows it to its end.
 *
 * @throws what `startRun` throws, and RekbackError `stack-newer`, `outside-prefix`, `index-missing`, or what is wrong
 *   with the file that the rows are to come from; there is no new run then
 */
export async function backfill(stack: Stack, options: BackfillOptions): Promise<RunSummary> {
  assertWritable(stack.record);
  const { runs } = stack;
  checkPrefix(stack, options.selection);
  if (options.selection?.from.kind === 'file') await stack.rows(options.selection);
  return 'jobs' in runs ? backfillElsewhere(stack, runs, options) : backfillHere(stack, runs, options);
}

async function begin(stack: Stack, { selection, what }: BackfillOptions) {
  const { holder, isAlive } = await stack.leases();
  const { labeling } = await stack.labeler();
  const objects = await stack.objects();
  return { objects, labeling, selection, everything: stack.everything, holder: holder(what), isAlive };
}

async function backfillHere(stack: Stack, runs: RunsHere, options: BackfillOptions): Promise<RunSummary> {
  const { draining, report, rate } = options;
  await (await stack.indexReader()).close();
  const { callPrice } = await stack.labeler();
  return startRun({
    ...(await begin(stack, options)),
    executor: await runs.executor(),
    draining,
    report,
    maxCalls: maxCalls(options, callPrice),
    ...(rate === undefined ? {} : { rate }),
  });
}

/** Once its jobs are submitted the run needs this process no more. */
async function backfillElsewhere(
  stack: Stack,
  runs: RunsElsewhere,
  options: BackfillOptions,
): Promise<RunSummary> {
  const { draining, report, rate, selection } = options;
  const { callPrice, formats } = await stack.labeler();
  const limit = maxCalls(options, callPrice);
  const objects = await stack.objects();
  const planHere = async (run: RunRecord) =>
    planInto(run, {
      objects,
      rows: await stack.rows(run.selection),
      formats,
      prefix: stack.record.prefix,
      compress: true,
      report,
      signal: draining,
    });
  const { run, resumed } = await submitRun({
    ...(await begin(stack, options)),
    jobs: await runs.jobs(),
    workers: runs.workers,
    maxCalls: limit === Number.POSITIVE_INFINITY ? undefined : limit,
    rate,
    // A file of this machine, or one that only this person may read, is nothing that a job could open.
    ...(selection?.from.kind === 'file' && { planHere }),
  });
  report({ event: 'run-started', run: run.id, resumed });
  if (options.wait) return followRun(stack, run.id, { report, signal: draining });
  report({ event: 'run-submitted', run: run.id });
  return lookAtRun(stack, run.id);
}

/** Like `backfill`, but where a run is active already, follows that one to its end. */
export async function attachOrBackfill(stack: Stack, options: BackfillOptions): Promise<RunSummary> {
  try {
    return await backfill(stack, options);
  } catch (error) {
    if (!(error instanceof RekbackError) || error.code !== 'run-active') throw error;
  }
  const { draining: signal, report } = options;
  const { id } = await findRun(await stack.objects(), undefined);
  return followRun(stack, id, { report, signal });
}

function maxCalls({ limit = Number.POSITIVE_INFINITY, maxCost }: BackfillOptions, callPrice: number): number {
  const affordable =
    maxCost === undefined || callPrice === 0 ? Number.POSITIVE_INFINITY : Math.floor(maxCost / callPrice);
  return Math.min(limit, affordable);
}

function checkPrefix({ record: { prefix } }: Stack, selection: Selection | undefined): void {
  if (prefix === undefined || selection?.prefix === undefined || selection.prefix.startsWith(prefix)) return;
  throw new RekbackError(
    'outside-prefix',
    `'${selection.prefix}' is outside of this stack's prefix '${prefix}'`,
    {
      exitCode: 2,
      suggestions: [
        `choose a prefix that begins with '${prefix}'`,
        `or change the stack's: rekback setup --prefix`,
      ],
    },
  );
}
