import type { Cancel } from '../kernel/clock.ts';
import { AwsError } from '../kernel/errors.ts';
import type { Call } from '../kernel/operation.ts';
import type { Principal } from '../kernel/principals.ts';
import type { World } from '../kernel/world.ts';
import type { RunningContainer } from './container.ts';
import type { RetryStrategy } from './retry.ts';
import type { ComputeResources, ContainerProperties, EcsProperties } from './shapes.ts';

export type ResourceStatus = 'CREATING' | 'UPDATING' | 'DELETING' | 'VALID' | 'INVALID';
export const JOB_STATUSES = [
  'SUBMITTED',
  'PENDING',
  'RUNNABLE',
  'STARTING',
  'RUNNING',
  'SUCCEEDED',
  'FAILED',
] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

export interface Environment {
  name: string;
  arn: string;
  uuid: string;
  type: 'MANAGED' | 'UNMANAGED';
  enabled: boolean;
  status: ResourceStatus;
  statusReason: string;
  unmanagedvCpus: number | undefined;
  resources: ComputeResources | undefined;
  serviceRole: string;
  updatePolicy: object | undefined;
  tags: Map<string, string>;
  /** vCPUs of what is starting or running there. */
  _used: number;
}

export interface Queue {
  name: string;
  arn: string;
  enabled: boolean;
  status: ResourceStatus;
  statusReason: string;
  priority: number;
  /** ARNs, in the order in which they are tried. */
  environments: { order: number; computeEnvironment: string }[];
  timeLimits: object[];
  tags: Map<string, string>;
  /** Jobs and children that wait for a place, first come first served; others may still lie in it. */
  _runnable: Job[];
  /** Jobs and children that have not ended. */
  _unfinished: Set<Job>;
  /** Since when it is to be gone. */
  _deleteAt: number | undefined;
}

export interface Definition {
  name: string;
  revision: number;
  arn: string;
  active: boolean;
  parameters: Record<string, string>;
  platforms: readonly ('EC2' | 'FARGATE')[];
  container: ContainerProperties | undefined;
  ecs: EcsProperties | undefined;
  retry: RetryStrategy | undefined;
  timeout: { attemptDurationSeconds?: number | undefined } | undefined;
  propagateTags: boolean | undefined;
  schedulingPriority: number | undefined;
  tags: Map<string, string>;
  _deregistered: number | undefined;
}

export interface Attempt {
  startedAt: number | undefined;
  stoppedAt: number | undefined;
  statusReason: string | undefined;
  exitCode: number | undefined;
  reason: string | undefined;
  taskArn: string;
  logStreamName: string;
}

export interface Job {
  id: string;
  arn: string;
  account: string;
  region: string;
  name: string;
  queue: Queue;
  definition: Definition;
  status: JobStatus;
  statusReason: string | undefined;
  createdAt: number;
  startedAt: number | undefined;
  stoppedAt: number | undefined;
  parameters: Record<string, string>;
  /** With what SubmitJob overrode. */
  container: ContainerProperties | undefined;
  ecs: EcsProperties | undefined;
  retry: RetryStrategy;
  /** Seconds an attempt may run. */
  timeout: number | undefined;
  dependsOn: { jobId?: string | undefined; type?: string | undefined }[];
  tags: Map<string, string>;
  propagateTags: boolean | undefined;
  /** Those that have ended; and the one under way, or the last. */
  attempts: Attempt[];
  attempt: Attempt | undefined;
  /** What a caller gave as the reason to cancel or terminate it. */
  stopReason: string | undefined;
  isCancelled: boolean;
  isTerminated: boolean;
  /** An array's parent: its children by index, and how many of them have which status. */
  children: Job[] | undefined;
  counts: Record<JobStatus, number>;
  parent: Job | undefined;
  index: number | undefined;
  /** Ids of jobs that must succeed first, and the jobs that wait for this one. */
  waitsFor: Set<string>;
  followers: Job[];
  /** Where it has a place, and what runs there. */
  environment: Environment | undefined;
  running: RunningContainer | undefined;
  cancelStep: Cancel | undefined;
}

export interface BatchState {
  environments: Map<string, Environment>;
  queues: Map<string, Queue>;
  /** By name; revision 1 is first. Revisions are never taken out. */
  definitions: Map<string, Definition[]>;
  /** Jobs and children by id, oldest first. */
  _jobs: Map<string, Job>;
}

export type BatchCall = Call<BatchState>;

export function clientException(message: string): AwsError {
  return new AwsError('ClientException', message);
}

/** A refusal in the form that Batch gives the ones which its scheduler, not its front, decides on. */
export function refused(call: BatchCall, message: string): AwsError {
  return clientException(`Error executing request, Exception : ${message}, RequestId: ${call.requestId}`);
}

export function arnOf(call: { region: string; account: string }, kind: string, name: string): string {
  return `arn:aws:batch:${call.region}:${call.account}:${kind}/${name}`;
}

/** Finds by name or ARN. */
export function find<T extends { name: string; arn: string }>(
  map: ReadonlyMap<string, T>,
  nameOrArn: string,
): T | undefined {
  const found = map.get(nameOrArn.split('/').at(-1) ?? '');
  return nameOrArn.startsWith('arn:') && found?.arn !== nameOrArn ? undefined : found;
}

/** Names of environments, queues, job definitions and jobs. */
export function checkName(what: string, name: string): void {
  if (!/^[A-Za-z0-9][\w-]{0,127}$/.test(name)) {
    throw clientException(
      `${what} should match valid pattern: [A-Za-z0-9][A-Za-z0-9_-]{0,127}, but was ${name}`,
    );
  }
}

/** One page of `all` after the entry that `token` names. */
export function page<T>(
  all: readonly T[],
  keyOf: (each: T) => string,
  token: string | undefined,
  size: number,
): { page: T[]; nextToken: string | undefined } {
  const start = token === undefined ? 0 : all.findIndex((each) => keyOf(each) === decodeToken(token)) + 1;
  if (token !== undefined && start === 0) throw clientException('Invalid nextToken');
  const some = all.slice(start, start + size);
  const last = some.at(-1);
  const more = all.length > start + size && last !== undefined;
  return { page: some, nextToken: more ? Buffer.from(keyOf(last)).toString('base64') : undefined };
}

function decodeToken(token: string): string {
  return Buffer.from(token, 'base64').toString();
}

/** The size of a page: 1 to `most`. */
export function pageSize(given: number | undefined, most: number): number {
  if (given !== undefined && (given < 1 || given > most)) {
    throw clientException(`maxResults must be between 1 and ${most}, but was ${given}`);
  }
  return given ?? most;
}

/** Whoever makes a resource with roles must be allowed to pass them on; one with tags, to tag it. */
export function requirePermission(
  call: { world: World; principal: Principal },
  action: string,
  resource: string | undefined,
): void {
  if (resource === undefined) return;
  const permitted = call.world.permits(call.principal, action, resource);
  if (permitted !== true) throw accessDenied(permitted);
}

export function accessDenied(message: string): AwsError {
  return new AwsError('AccessDeniedException', message, { status: 403 });
}
