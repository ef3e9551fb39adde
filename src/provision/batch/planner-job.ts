import type { Context } from '../context.ts';
import type { Resource } from '../resource.ts';
import { defineJob } from './job-definition.ts';

/** Reads the rows of a run and writes its chunks. Memory is the same at any number of rows. */
export const plannerJob = (context: Context, after: readonly Resource[]): Resource =>
  defineJob(context, {
    job: context.names.jobs.planner,
    entry: 'planner',
    taskRole: context.names.roles.planner,
    after,
    vcpus: '1',
    memoryMiB: '2048',
    timeoutSeconds: 6 * 60 * 60,
  });
