import { backfillCalls } from '../aws/quotas.ts';
import { ENVIRONMENT } from '../runtime/contract.ts';
import { stopRun } from '../runtime/run/crew.ts';
import { finishRun } from '../runtime/run/finish.ts';
import { runCancel } from '../runtime/run/layout.ts';
import { planInto } from '../runtime/run/planning.ts';
import { isWorking, readPlan, readRun, writeRun } from '../runtime/run/record.ts';
import { submitWorkers } from '../runtime/run/submit.ts';
import { workersFor } from '../runtime/run/workers.ts';
import { awsRows } from '../stack/aws-rows.ts';
import { runJob } from './job.ts';
import { openOwnStack, variable } from './stack.ts';

/** Plans the run that the environment names and submits its workers. @returns the process's exit code */
export const plan = (environment: NodeJS.ProcessEnv = process.env): Promise<number> =>
  runJob(async (draining) => {
    const stack = await openOwnStack(environment, async () => 0);
    const { objects, labeler, jobs, record, clients } = stack;
    const run = await readRun(objects, variable(environment, ENVIRONMENT.run));
    if (!isWorking(run.state) || (await objects.get(runCancel(run.id))) !== undefined) return 'ended';
    try {
      const planned =
        (await readPlan(objects, run.id)) ??
        (await planInto(run, {
          objects,
          rows: await awsRows(run.selection, stack),
          formats: labeler.formats,
          prefix: record.prefix,
          compress: true,
          report: ({ event, ...rest }) => {
            if (event === 'planning') console.log(JSON.stringify({ event, ...rest }));
          },
          signal: draining,
        }));
      run.state = 'running';
      await writeRun(objects, run);
      if (planned.chunks.length === 0) {
        await finishRun(objects, { ...jobs, look: async () => [] }, run.id);
        return 'ended';
      }
      const { perSecond, note } = await backfillCalls(clients);
      if (note !== undefined) console.log(JSON.stringify({ note }));
      const workers = workersFor({
        chunks: planned.chunks.length,
        rate: run.rate ?? (record.settings.rate || perSecond),
        maxVcpus: record.aws.maxVcpus,
      });
      await submitWorkers(objects, jobs, run.id, workers);
      return 'ended';
    } catch (error) {
      if (!draining.aborted) await stopRun(objects, run.id, error);
      throw error;
    }
  });
