import type { Context } from '../context.ts';
import type { Resource } from '../resource.ts';
import { defineEnvironment } from './environment.ts';

/** Planner, retries and small runs at once: a quarter of a vCPU each. On demand, so that no planner is interrupted. */
const MAX_VCPUS = 4;

/** Small and apart from the workers', so that nothing waits behind an array. */
export const controlEnvironment = (context: Context, after: readonly Resource[]): Resource =>
  defineEnvironment(context, {
    environment: context.names.environments.control,
    type: 'FARGATE',
    maxVcpus: MAX_VCPUS,
    after,
  });
