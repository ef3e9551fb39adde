import { roleMay } from '../iam/permissions.ts';
import { assumable, roleByArn } from '../iam/reach.ts';
import type { World } from '../kernel/world.ts';
import { writeLog } from '../logs/reach.ts';
import { bucketNamed } from '../s3/reach.ts';
import { codebuild } from './service.ts';
import { type Build, logsOf, PHASES, type Phase, projectArn, type Status } from './state.ts';

/** Where the world keeps what does builds. */
export function builderOf(world: World) {
  return world.state(codebuild, '', '');
}

/** How a phase ended when not well. */
interface Fault {
  status: Exclude<Status, 'IN_PROGRESS' | 'SUCCEEDED' | 'STOPPED'>;
  message: string;
}

/**
 * Takes a build through its phases from `phase` on, each `delays.codeBuildPhase` long; without a delay the build is done
 * when the promise is. After a fault only the last two phases follow. A stop ends it where it is.
 */
export async function proceed(
  world: World,
  build: Build,
  phase: Phase = 'SUBMITTED',
  fault?: Fault,
): Promise<void> {
  const now = world.clock.date();
  const entry = { type: phase, status: undefined, start: now, end: undefined, message: '' };
  build.phases.push(entry);
  if (phase === 'COMPLETED') {
    Object.assign(build, { status: fault?.status ?? 'SUCCEEDED', ended: now });
    return;
  }
  const finish = async () => {
    if (build.ended !== undefined) return;
    const own = await faultOf(world, build, phase);
    // Stopped while the commands ran: their end is nobody's any more.
    if (build.ended !== undefined) return;
    const status = own?.status ?? 'SUCCEEDED';
    Object.assign(entry, { status, end: world.clock.date(), message: own?.message ?? '' });
    const next = own && phase !== 'FINALIZING' ? 'FINALIZING' : PHASES[PHASES.indexOf(phase) + 1];
    await proceed(world, build, next, fault ?? own);
  };
  const delay = world.delays.codeBuildPhase;
  if (delay === 0) return finish();
  world.clock.after(delay, () => world.clock.alongside(finish()));
}

async function faultOf(world: World, build: Build, phase: Phase): Promise<Fault | undefined> {
  if (phase === 'SUBMITTED') return roleFault(world, build);
  if (phase === 'DOWNLOAD_SOURCE') {
    const source = sourceOf(world, build);
    return typeof source === 'string' ? { status: 'FAILED', message: source } : undefined;
  }
  return phase === 'BUILD' ? await buildFault(world, build) : undefined;
}

function roleFault(world: World, build: Build): Fault | undefined {
  const { serviceRole = '' } = build.settings;
  const project = projectArn(build, build.project);
  if (assumable(world, serviceRole, 'codebuild.amazonaws.com', project) === 'yes') return undefined;
  return {
    status: 'FAILED',
    message: `CLIENT_ERROR: CodeBuild is not authorized to perform: sts:AssumeRole on ${serviceRole}`,
  };
}

/** The source's bytes, or why they cannot be had. */
function sourceOf(world: World, { settings }: Build): Buffer | string {
  const { source, serviceRole = '' } = settings;
  if (source?.type !== 'S3') return Buffer.alloc(0);
  const [name = '', ...rest] = (source.location ?? '').split('/');
  const bucket = bucketNamed(world, name);
  if (!bucket) return 'CLIENT_ERROR: NoSuchBucket: The specified bucket does not exist status code: 404';
  if (!roleMay(world, serviceRole, 's3:GetObject', `${bucket.arn}/${rest.join('/')}`)) {
    return 'CLIENT_ERROR: AccessDenied: Access Denied status code: 403';
  }
  const object = bucket.objects.get(rest.join('/'))?.at(-1);
  if (!object || object.deleteMarker) {
    return 'CLIENT_ERROR: NoSuchKey: The specified key does not exist. status code: 404';
  }
  return object.body;
}

async function buildFault(world: World, build: Build): Promise<Fault | undefined> {
  const builder = builderOf(world)._builder;
  const source = sourceOf(world, build);
  if (!builder || typeof source === 'string') return undefined;
  const log = (line: string) => logLine(world, build, line);
  try {
    const outcome = await builder(build, { source, env: environmentOf(world, build), log });
    const { status = 'SUCCEEDED', message = '' } = outcome ?? {};
    return status === 'SUCCEEDED' ? undefined : { status, message };
  } catch (error) {
    const { message } = error instanceof Error ? error : new Error(String(error));
    log(message);
    return { status: 'FAILED', message: `COMMAND_EXECUTION_ERROR: ${message}` };
  }
}

function logLine(world: World, build: Build, line: string): void {
  const logs = logsOf(build);
  const { serviceRole = '' } = build.settings;
  if (!logs) return;
  const group = `arn:aws:logs:${build.region}:${build.account}:log-group:${logs.group}`;
  const may = (action: string) =>
    [`${group}:log-stream:${logs.stream}`, `${group}:*`].some((arn) =>
      roleMay(world, serviceRole, action, arn),
    );
  if (may('logs:CreateLogStream') && may('logs:PutLogEvents')) {
    writeLog(world, build, logs.group, logs.stream, line);
  }
}

/** What the commands of a build find in their environment, with keys of the service role. */
function environmentOf(world: World, build: Build): Record<string, string> {
  const { account, region, settings } = build;
  const { serviceRole = '', timeoutInMinutes = 60, environment } = settings;
  const role = roleByArn(world, serviceRole);
  const session = `AWSCodeBuild-${build.id.split(':')[1]}`;
  const credentials = world.principals.temporary(
    {
      account,
      arn: `arn:aws:sts::${account}:assumed-role/${role?.name}/${session}`,
      userId: `${role?.id}:${session}`,
      role: serviceRole,
    },
    new Date(world.clock.now() + timeoutInMinutes * 60_000),
  );
  const variables = environment?.environmentVariables ?? [];
  return {
    ...world.env({ region, credentials }),
    AWS_DEFAULT_REGION: region,
    CODEBUILD_BUILD_ID: build.id,
    CODEBUILD_BUILD_ARN: build.arn,
    CODEBUILD_BUILD_NUMBER: String(build.number),
    ...Object.fromEntries(variables.map(({ name, value }) => [name, value])),
  };
}
