import { backfillCalls } from '../aws/quotas.ts';
import { ENVIRONMENT } from '../runtime/contract.ts';
import { planAndSubmit } from '../runtime/run/planner.ts';
import { readRun } from '../runtime/run/record.ts';
import { workersFor } from '../runtime/run/workers.ts';
import { awsRows } from '../stack/aws-rows.ts';
import { jobAsHolder, runJob } from './job.ts';
import { openOwnStack, variable } from './stack.ts';

/** Plans the run that the environment names and submits its workers. @returns the process's exit code */
export const plan = (environment: NodeJS.ProcessEnv = process.env): Promise<number> =>
  runJob(async (draining) => {
    const stack = await openOwnStack(environment, async () => 0);
    const { objects, labeler, jobs, record, clients } = stack;
    const run = await readRun(objects, variable(environment, ENVIRONMENT.run));
    await planAndSubmit(run, {
      objects,
      jobs,
      holder: jobAsHolder('planner', environment),
      rows: () => awsRows(run.selection, stack),
      formats: labeler.formats,
      prefix: record.prefix,
      report: (event) => {
        if (event.event === 'planning') console.log(JSON.stringify(event));
      },
      signal: draining,
      async workers(chunks) {
        const { perSecond, note } = await backfillCalls(clients);
        if (note !== undefined) console.log(JSON.stringify({ note }));
        const rate = run.rate ?? (record.settings.rate || perSecond);
        return workersFor({ chunks, rate, maxVcpus: record.aws.maxVcpus });
      },
    });
    return 'ended';
  });
