import type { Context } from '../context.ts';
import type { Resource } from '../resource.ts';
import { defineJob } from './job-definition.ts';

/** Labels the images of chunks: Fargate's smallest task is enough, as it mostly waits for Rekognition. */
export const workerJob = (context: Context, after: readonly Resource[]): Resource =>
  defineJob(context, {
    job: context.names.jobs.worker,
    entry: 'worker',
    taskRole: context.names.roles.worker,
    after,
    vcpus: '0.25',
    memoryMiB: '512',
    timeoutSeconds: 24 * 60 * 60,
  });
