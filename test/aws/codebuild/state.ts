import { AwsError } from '../kernel/errors.ts';
import type { Call } from '../kernel/operation.ts';
import type { ProjectSettings } from './shapes.ts';

export interface Project {
  name: string;
  arn: string;
  account: string;
  region: string;
  created: Date;
  modified: Date;
  settings: ProjectSettings;
  tags: Map<string, string>;
  builds: number;
}

export const PHASES = [
  'SUBMITTED',
  'QUEUED',
  'PROVISIONING',
  'DOWNLOAD_SOURCE',
  'INSTALL',
  'PRE_BUILD',
  'BUILD',
  'POST_BUILD',
  'UPLOAD_ARTIFACTS',
  'FINALIZING',
  'COMPLETED',
] as const;
export type Phase = (typeof PHASES)[number];
export type Status = 'IN_PROGRESS' | 'SUCCEEDED' | 'FAILED' | 'FAULT' | 'TIMED_OUT' | 'STOPPED';

/** One build; it has its project's settings, with the overrides of its start. */
export interface Build {
  id: string;
  arn: string;
  number: number;
  account: string;
  region: string;
  project: string;
  initiator: string;
  sourceVersion: string | undefined;
  settings: ProjectSettings;
  status: Status;
  phases: { type: Phase; status: Status | undefined; start: Date; end: Date | undefined; message: string }[];
  started: Date;
  ended: Date | undefined;
}

/** What became of the commands: nothing is the same as success. */
export type Outcome =
  | { status: 'SUCCEEDED' | 'FAILED' | 'FAULT' | 'TIMED_OUT'; message?: string }
  | undefined;

/** Does what a build's commands would do, and says how it ended; a rejection is FAILED. */
export type Builder = (
  build: Build,
  given: {
    /** The source's zip. */
    source: Buffer;
    /** The whole environment of the commands: variables, the role's keys, the double's address. */
    env: Record<string, string>;
    log(line: string): void;
  },
) => Promise<Outcome>;

export interface CodeBuildState {
  projects: Map<string, Project>;
  /** Not part of the dump: which builds ran is no property of a set-up. */
  _builds: Map<string, Build>;
  /** Builds by idempotency token. */
  _tokens: Map<string, { build: string; at: number }>;
  /** Only in the state of account '' and Region '': one for the whole world. */
  _builder: Builder | undefined;
}

export type CodeBuildCall = Call<CodeBuildState>;

export function invalidInput(message: string): AwsError {
  return new AwsError('InvalidInputException', message);
}

export function notFound(message: string): AwsError {
  return new AwsError('ResourceNotFoundException', message);
}

export function projectArn(call: { region: string; account: string }, name: string): string {
  return `arn:aws:codebuild:${call.region}:${call.account}:project/${name}`;
}

export function logsOf({ id, project, settings }: Build): { group: string; stream: string } | undefined {
  const { status, groupName, streamName } = settings.logsConfig?.cloudWatchLogs ?? {};
  if (status === 'DISABLED') return undefined;
  const own = id.split(':')[1] ?? '';
  return {
    group: groupName ?? `/aws/codebuild/${project}`,
    stream: streamName === undefined ? own : `${streamName}/${own}`,
  };
}
