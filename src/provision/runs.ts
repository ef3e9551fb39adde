import { openBatchJobs } from '../adapters/batch/jobs.ts';
import { openS3Objects } from '../adapters/s3/objects.ts';
import { ifThere } from '../aws/errors.ts';
import { isWorking, listRuns, type RunSummary } from '../runtime/run/record.ts';
import { withJobs } from '../runtime/run/remote.ts';
import { batchNames } from '../stack/aws-names.ts';
import type { Context } from './context.ts';

/** The stack's runs, newest first; none where its bucket is gone. */
export async function runsOf({ clients, names, spec }: Context): Promise<RunSummary[]> {
  const objects = openS3Objects(clients, { bucket: names.bucket.name, account: spec.account });
  const jobs = openBatchJobs(clients, batchNames(spec));
  // Whether a process of another machine lives is told by its lease alone.
  return (
    (await ifThere(
      listRuns(
        objects,
        withJobs(objects, jobs, () => undefined),
      ),
    )) ?? []
  );
}

/** Labeler calls of all runs: what was paid for. */
export const callsOf = (runs: readonly RunSummary[]): number =>
  runs.reduce((sum, { labelCalls }) => sum + labelCalls, 0);

/** The run that is being worked on. */
export const activeRun = (runs: readonly RunSummary[]): RunSummary | undefined =>
  runs.find(({ state }) => isWorking(state));
