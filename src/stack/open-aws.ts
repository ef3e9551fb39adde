import type { Clients } from '../aws/clients.ts';
import type { Selection } from '../runtime/contract.ts';
import { RekbackError } from '../runtime/errors.ts';
import { INDEX_MADE } from '../runtime/run/layout.ts';
import { namesOf } from './aws-names.ts';
import type { AwsParts } from './aws-parts.ts';
import { type AwsRecord, specOf } from './record.ts';
import type { Selected } from './select.ts';
import type { RunsElsewhere, Stack } from './stack.ts';

/** Lines of a failed job that are shown without asking for its log. */
const LAST_LINES = 5;

const EVERYTHING: Selection = { from: { kind: 'inventory' }, relabel: 'none' };

/**
 * A stack on AWS, as a person's command works with it: with that person's rights, but for the index, which only knows the
 * stack's own roles.
 */
export function openAwsStack({ aws, session }: Extract<Selected, { aws: unknown }>): Stack {
  const { record } = aws;
  if (record === undefined) throw withoutRecord(aws.name);
  const { clients } = session;
  const names = namesOf(specOf(record));
  const reading = partsAs(record, clients, names.roles.search.arn);
  // Whoever makes or replaces an index administers it.
  const writing = partsAs(record, clients, names.roles.admin.arn);
  const runs: RunsElsewhere = {
    jobs: async () => (await reading()).jobs,
    async failedJobs(run) {
      const { failedJobs } = await import('../adapters/batch/jobs.ts');
      const { jobIds } = await import('../runtime/run/remote.ts');
      const { lastLines } = await import('../adapters/logs/events.ts');
      const failed = await failedJobs(clients, await jobIds((await reading()).objects, run));
      return Promise.all(
        failed.map(async ({ logStream, exitCode = null, ...job }) => ({
          ...job,
          exitCode,
          lastLines:
            logStream === undefined
              ? []
              : await lastLines(clients, names.jobLogs.name, logStream, LAST_LINES),
        })),
      );
    },
    async workers(chunks, run) {
      const { workersFor } = await import('../runtime/run/workers.ts');
      const rate = run.rate ?? (record.settings.rate || (await backfillRate(clients)));
      return workersFor({ chunks, rate, maxVcpus: record.aws.maxVcpus });
    },
  };
  return {
    record,
    everything: EVERYTHING,
    runs,
    objects: async () => (await reading()).objects,
    images: async () => (await reading()).images,
    labeler: async () => (await reading()).labeler,
    async indexReader() {
      const { objects, indexOptions } = await reading();
      const { openIndexReader } = await import('../adapters/opensearch/reader.ts');
      try {
        return await openIndexReader(await indexOptions());
      } catch (error) {
        const isMissing = error instanceof RekbackError && error.code === 'index-missing';
        if (isMissing && (await objects.get(INDEX_MADE)) === undefined) throw nothingLabelled(record.name);
        throw error;
      }
    },
    indexWriter: async () => (await writing()).indexWriter(),
    async newIndex() {
      const options = await (await writing()).indexOptions();
      return (await import('../adapters/opensearch/manage.ts')).newIndex(options);
    },
    async rows(selection) {
      const { awsRows } = await import('./aws-rows.ts');
      return awsRows(selection, { ...(await reading()), record, clients });
    },
    async leases() {
      const { isAlive, thisHolder } = await import('../adapters/workers/process.ts');
      const { withJobs } = await import('../runtime/run/remote.ts');
      const { objects, jobs } = await reading();
      return { holder: thisHolder, isAlive: withJobs(objects, jobs, isAlive) };
    },
    watch: async () => {
      throw new RekbackError('not-followed', `the changes of '${record.aws.bucket}' are followed on AWS`, {
        suggestions: ['see how: rekback live status'],
      });
    },
  };
}

/** The adapters that ask the index as this role; made once, when first asked for. */
function partsAs(record: AwsRecord, clients: Clients, role: string): () => Promise<AwsParts> {
  let parts: Promise<AwsParts> | undefined;
  const make = async () => {
    const { awsParts } = await import('./aws-parts.ts');
    const { assumedRole } = await import('../aws/assumed-role.ts');
    return awsParts({
      record,
      clients,
      indexCredentials: assumedRole(clients, role),
      callsPerSecond: () => backfillRate(clients),
    });
  };
  return () => {
    parts ??= make();
    return parts;
  };
}

async function backfillRate(clients: Clients): Promise<number> {
  const { backfillCalls } = await import('../aws/quotas.ts');
  return (await backfillCalls(clients)).perSecond;
}

/** The first worker or change makes the index. */
const nothingLabelled = (name: string) =>
  new RekbackError('nothing-labelled', `nothing of stack '${name}' is labelled yet`, {
    suggestions: ['label what is there: rekback backfill now'],
  });

const withoutRecord = (name: string) =>
  new RekbackError('stack-damaged', `stack '${name}' has no record: its setup was interrupted`, {
    suggestions: ['finish it: rekback setup --bucket BUCKET', 'or remove what is there: rekback teardown'],
  });
