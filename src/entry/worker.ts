import { callCap, settling } from '../adapters/workers/settling.ts';
import { ENVIRONMENT } from '../runtime/contract.ts';
import { workBeside } from '../runtime/run/crew.ts';
import { foldLedger } from '../runtime/run/ledger.ts';
import { isWorking, readPlan, readRun } from '../runtime/run/record.ts';
import { jobAsHolder, runJob } from './job.ts';
import { openOwnStack, variable } from './stack.ts';

/**
 * Milliseconds that a write waits for others, of which all go into one object of the archive: each is a request that is
 * paid for, and only a process that is killed without being told has its last answers labelled again.
 */
const FLUSH = 5_000;

/** Works on chunks of the run that the environment names. @returns the process's exit code */
export const work = (environment: NodeJS.ProcessEnv = process.env): Promise<number> =>
  runJob(async (draining) => {
    const rate = Number(variable(environment, ENVIRONMENT.rate));
    const { objects, images, labeler, record, indexWriter } = await openOwnStack(
      environment,
      async () => rate,
    );
    const run = await readRun(objects, variable(environment, ENVIRONMENT.run));
    if (!isWorking(run.state)) return 'ended';
    const { total } = foldLedger(await readPlan(objects, run.id), []);
    const index = await indexWriter(total);
    try {
      const {
        draining: _,
        cap: __,
        ...context
      } = await settling({
        images,
        labeler,
        index,
        labeling: run.labeling,
        relabel: run.selection.relabel,
        run: run.id,
        rate,
        concurrency: record.settings.concurrency || undefined,
        cap: callCap(0),
        draining,
      });
      return await workBeside(run, {
        objects,
        holder: jobAsHolder('worker', environment),
        index: Number(environment.AWS_BATCH_JOB_ARRAY_INDEX ?? 0),
        count: Number(environment.AWS_BATCH_JOB_ARRAY_SIZE ?? 1),
        context: { ...context, flushMilliseconds: FLUSH },
        cap: callCap,
        draining,
        sleep: context.sleep,
      });
    } finally {
      await index.close();
    }
  });
