import { operations } from '../kernel/operation.ts';
import { list, need, str, struct } from '../kernel/shape.ts';
import { proceed } from './progress.ts';
import { projectNamed } from './projects.ts';
import { type ProjectSettings, type Start, startMembers } from './shapes.ts';
import {
  type Build,
  type CodeBuildCall,
  type CodeBuildState,
  invalidInput,
  logsOf,
  notFound,
  type Project,
  projectArn,
} from './state.ts';

const op = operations<CodeBuildState>();
/** How long the same token starts no second build (API reference of StartBuild). */
const TOKEN_LIVES = 5 * 60_000;

/** The project's settings with what this start has instead; variables are replaced one by one. */
function overridden(project: Project, input: Start): ProjectSettings {
  const { settings } = project;
  const { source, environment } = settings;
  const names = new Set((input.environmentVariablesOverride ?? []).map((each) => each.name));
  const kept = (environment?.environmentVariables ?? []).filter((each) => !names.has(each.name));
  return {
    ...settings,
    ...(source && {
      source: {
        ...source,
        type: input.sourceTypeOverride ?? source.type,
        location: input.sourceLocationOverride ?? source.location,
        buildspec: input.buildspecOverride ?? source.buildspec,
      },
    }),
    ...(environment && {
      environment: {
        ...environment,
        type: input.environmentTypeOverride ?? environment.type,
        image: input.imageOverride ?? environment.image,
        computeType: input.computeTypeOverride ?? environment.computeType,
        privilegedMode: input.privilegedModeOverride ?? environment.privilegedMode ?? false,
        environmentVariables: [...kept, ...(input.environmentVariablesOverride ?? [])],
      },
    }),
    serviceRole: input.serviceRoleOverride ?? settings.serviceRole,
    timeoutInMinutes: input.timeoutInMinutesOverride ?? settings.timeoutInMinutes,
    queuedTimeoutInMinutes: input.queuedTimeoutInMinutesOverride ?? settings.queuedTimeoutInMinutes,
    logsConfig: input.logsConfigOverride ?? settings.logsConfig,
  };
}

function describe(build: Build) {
  const { settings } = build;
  const logs = logsOf(build);
  return {
    id: build.id,
    arn: build.arn,
    buildNumber: build.number,
    projectName: build.project,
    startTime: build.started,
    ...(build.ended && { endTime: build.ended }),
    currentPhase: build.phases.at(-1)?.type,
    buildStatus: build.status,
    buildComplete: build.ended !== undefined,
    initiator: build.initiator,
    sourceVersion: build.sourceVersion,
    source: settings.source,
    artifacts: { location: '' },
    cache: settings.cache ?? { type: 'NO_CACHE' },
    environment: settings.environment,
    serviceRole: settings.serviceRole,
    timeoutInMinutes: settings.timeoutInMinutes ?? 60,
    queuedTimeoutInMinutes: settings.queuedTimeoutInMinutes ?? 480,
    encryptionKey: settings.encryptionKey ?? `arn:aws:kms:${build.region}:${build.account}:alias/aws/s3`,
    logs: logs && {
      groupName: logs.group,
      streamName: logs.stream,
      cloudWatchLogsArn: `arn:aws:logs:${build.region}:${build.account}:log-group:${logs.group}:log-stream:${logs.stream}`,
    },
    phases: build.phases.map((phase) => ({
      phaseType: phase.type,
      phaseStatus: phase.status,
      startTime: phase.start,
      ...(phase.end && {
        endTime: phase.end,
        durationInSeconds: Math.round((phase.end.getTime() - phase.start.getTime()) / 1000),
        contexts: [contextOf(phase.message)],
      }),
    })),
  };
}

/** `CODE: text` becomes the code and the text. */
function contextOf(message: string) {
  const [, statusCode = '', text = message] = /^([A-Z_]+): (.*)$/s.exec(message) ?? [];
  return { statusCode, message: text };
}

function newBuild(call: CodeBuildCall, project: Project, input: Start): Build {
  const uuid = call.world.ids.uuid();
  const id = `${project.name}:${uuid}`;
  return {
    id,
    arn: `arn:aws:codebuild:${call.region}:${call.account}:build/${id}`,
    number: ++project.builds,
    account: call.account,
    region: call.region,
    project: project.name,
    initiator: call.principal.arn.split(':').at(-1)?.replace('assumed-role/', '') ?? '',
    sourceVersion: input.sourceVersion ?? project.settings.sourceVersion,
    settings: overridden(project, input),
    status: 'IN_PROGRESS',
    phases: [],
    started: call.now(),
    ended: undefined,
  };
}

/** The build that the same token has started before, if that was not long ago. */
function startedBefore(call: CodeBuildCall, input: Start): Build | undefined {
  const known = call.state._tokens.get(input.idempotencyToken ?? '');
  if (!known || call.world.clock.now() - known.at > TOKEN_LIVES) return undefined;
  const build = call.state._builds.get(known.build);
  if (build?.project !== input.projectName) {
    throw invalidInput('The idempotency token was used with other parameters');
  }
  return build;
}

export const buildOperations = [
  op(
    'StartBuild',
    'Write',
    struct(startMembers),
    async (call, input) => {
      const before = startedBefore(call, input);
      if (before) return { build: describe(before) };
      const project = projectNamed(call, input.projectName);
      const build = newBuild(call, project, input);
      call.state._builds.set(build.id, build);
      if (input.idempotencyToken !== undefined) {
        call.state._tokens.set(input.idempotencyToken, { build: build.id, at: call.world.clock.now() });
      }
      const answer = { build: { ...describe(build), currentPhase: 'QUEUED' } };
      await call.world.clock.alongside(proceed(call.world, build));
      return answer;
    },
    { resource: ({ projectName }, call) => projectArn(call, projectName) },
  ),
  op(
    'BatchGetBuilds',
    'Read',
    struct({ ids: need(list(str({ min: 1 }), { min: 1, max: 100 })) }),
    (call, { ids }) => {
      const bare = ids.map((id) => id.split('build/').at(-1) ?? '');
      const builds = bare.flatMap((id) => call.state._builds.get(id) ?? []);
      const missing = bare.filter((id) => !call.state._builds.has(id));
      return { builds: builds.map(describe), buildsNotFound: missing };
    },
  ),
  op(
    'StopBuild',
    'Write',
    struct({ id: need(str({ min: 1 })) }),
    (call, { id }) => {
      const build = call.state._builds.get(id.split('build/').at(-1) ?? '');
      if (!build) throw notFound(`Build ${id} cannot be found`);
      if (build.ended === undefined) {
        const now = call.now();
        Object.assign(build.phases.at(-1) ?? {}, { status: 'STOPPED', end: now });
        build.phases.push({ type: 'COMPLETED', status: undefined, start: now, end: undefined, message: '' });
        Object.assign(build, { status: 'STOPPED', ended: now });
      }
      return { build: describe(build) };
    },
    { resource: ({ id }, call) => projectArn(call, id.split(':')[0] ?? '') },
  ),
];
