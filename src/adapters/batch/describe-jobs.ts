import { type BatchClient, DescribeJobsCommand, type JobDetail } from '@aws-sdk/client-batch';
import { explained } from '../../aws/explain.ts';

/** Ids in one request: https://docs.aws.amazon.com/batch/latest/APIReference/API_DescribeJobs.html */
const DESCRIBED_AT_ONCE = 100;

/** Jobs by their ids, without those that Batch has forgotten. @throws RekbackError `aws-failed` */
export async function describeJobs(batch: BatchClient, ids: readonly string[]): Promise<JobDetail[]> {
  const found: JobDetail[] = [];
  for (let at = 0; at < ids.length; at += DESCRIBED_AT_ONCE) {
    const jobs = ids.slice(at, at + DESCRIBED_AT_ONCE);
    const page = await explained("can't look at jobs", batch.send(new DescribeJobsCommand({ jobs })));
    found.push(...(page.jobs ?? []));
  }
  return found;
}
