import type { Context } from '../context.ts';
import type { Resource } from '../resource.ts';
import { defineEnvironment } from './environment.ts';

/** Where the chunks of a backfill are worked on. On Spot an interrupted chunk is run again; nothing is paid twice. */
export const workerEnvironment = (context: Context, after: readonly Resource[]): Resource =>
  defineEnvironment(context, {
    environment: context.names.environments.workers,
    type: context.spec.compute === 'fargate-spot' ? 'FARGATE_SPOT' : 'FARGATE',
    maxVcpus: context.spec.maxVcpus,
    after,
  });
