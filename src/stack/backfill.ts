import { setTimeout } from 'node:timers/promises';
import type { Selection } from '../runtime/contract.ts';
import { RekbackError } from '../runtime/errors.ts';
import type { RunControl } from '../runtime/ports.ts';
import { RUN_LEASE } from '../runtime/run/layout.ts';
import { leaseHolder } from '../runtime/run/lease.ts';
import { findRun, type RunSummary, summarise } from '../runtime/run/record.ts';
import { startRun } from '../runtime/run/start.ts';
import type { Stack } from './open.ts';
import { assertWritable } from './record.ts';
import { openSelectedRows } from './rows.ts';

/** Between two looks at a run that another process works on; milliseconds. */
const POLL = 500;

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
  const { selection, draining, report, rate, what } = options;
  assertWritable(stack.record);
  checkPrefix(stack, selection);
  if (selection?.from.kind === 'file') {
    await openSelectedRows(selection, await stack.images(), await stack.objects());
  }
  await (await stack.indexReader()).close();
  const { holder, isAlive } = await stack.leases();
  const { labeling, callPrice } = await stack.labeler();
  return startRun({
    objects: await stack.objects(),
    executor: await stack.executor(),
    labeling,
    selection,
    holder: holder(what),
    isAlive,
    draining,
    report,
    maxCalls: maxCalls(options, callPrice),
    ...(rate === undefined ? {} : { rate }),
  });
}

/** Like `backfill`, but where a run is active already, follows that one to its end. */
export async function attachOrBackfill(stack: Stack, options: BackfillOptions): Promise<RunSummary> {
  try {
    return await backfill(stack, options);
  } catch (error) {
    if (!(error instanceof RekbackError) || error.code !== 'run-active') throw error;
  }
  const { draining, report } = options;
  const objects = await stack.objects();
  const { isAlive } = await stack.leases();
  for (;;) {
    const active = (await leaseHolder(objects, RUN_LEASE, isAlive)) !== undefined;
    const { id, state, startedAt, endedAt, cause, ...ledger } = await summarise(
      objects,
      await findRun(objects, undefined),
      isAlive,
    );
    report({ event: 'progress', run: id, imagesPerSecond: 0, ...ledger });
    if (!active || draining.aborted) {
      return { id, state, startedAt, endedAt, ...ledger, ...(cause === undefined ? {} : { cause }) };
    }
    await setTimeout(POLL, undefined, { signal: draining }).catch(() => {});
  }
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
