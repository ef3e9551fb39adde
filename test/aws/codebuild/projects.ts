import { assumable } from '../iam/reach.ts';
import { AwsError } from '../kernel/errors.ts';
import { operations } from '../kernel/operation.ts';
import { list, need, str, struct } from '../kernel/shape.ts';
import { name, type ProjectSettings, projectMembers } from './shapes.ts';
import {
  type CodeBuildCall,
  type CodeBuildState,
  invalidInput,
  notFound,
  type Project,
  projectArn,
} from './state.ts';

const op = operations<CodeBuildState>();
const about = {
  resource: (input: { name: string }, call: CodeBuildCall) => projectArn(call, input.name),
};

/** The service role as an ARN; a bare name stands for the role of that name. */
function roleOf(call: CodeBuildCall, given: string): string {
  return given.startsWith('arn:') ? given : `arn:aws:iam::${call.account}:role/${given}`;
}

/** Throws what CodeBuild answers when it cannot act as the role, or the caller may not hand it over. */
function checkRole(call: CodeBuildCall, role: string, project: string): void {
  const permitted = call.world.permits(call.principal, 'iam:PassRole', role);
  if (permitted !== true) throw new AwsError('AccessDeniedException', permitted);
  if (assumable(call.world, role, 'codebuild.amazonaws.com', projectArn(call, project)) !== 'yes') {
    throw invalidInput(`CodeBuild is not authorized to perform: sts:AssumeRole on ${role}`);
  }
}

/** Throws when a project lacks something, or has what does not go together. */
function checkSettings({ source, artifacts, vpcConfig, cache }: ProjectSettings): void {
  if (source?.type === 'S3' && !/^[a-z0-9.-]+\/.+(\.zip|\/)$/.test(source.location ?? '')) {
    throw invalidInput('Invalid project source: location must be a valid S3 source');
  }
  if (source?.type === 'NO_SOURCE' && source.buildspec === undefined) {
    throw invalidInput('Invalid project source: buildspec is required for NO_SOURCE');
  }
  if (artifacts?.type === 'S3' && !artifacts.location) {
    throw invalidInput('Invalid artifacts: location is required for S3');
  }
  if (cache?.type === 'S3' && !cache.location)
    throw invalidInput('Invalid cache: location is required for S3');
  const parts = [vpcConfig?.vpcId, vpcConfig?.subnets?.length, vpcConfig?.securityGroupIds?.length];
  if (parts.some(Boolean) && !parts.every(Boolean)) {
    throw invalidInput('Invalid vpc config: vpc, subnets and security groups are needed together');
  }
}

export function projectNamed(call: CodeBuildCall, given: string): Project {
  const found = call.state.projects.get(given.split('project/').at(-1) ?? '');
  if (!found) throw notFound(`Project cannot be found: ${projectArn(call, given)}`);
  return found;
}

function describe(project: Project) {
  const { settings, account, region } = project;
  const environment = settings.environment;
  return {
    name: project.name,
    arn: project.arn,
    ...settings,
    source: { ...settings.source, insecureSsl: settings.source?.insecureSsl ?? false },
    cache: settings.cache ?? { type: 'NO_CACHE' },
    environment: {
      imagePullCredentialsType: 'CODEBUILD',
      privilegedMode: false,
      environmentVariables: [],
      ...environment,
    },
    timeoutInMinutes: settings.timeoutInMinutes ?? 60,
    queuedTimeoutInMinutes: settings.queuedTimeoutInMinutes ?? 480,
    encryptionKey: settings.encryptionKey ?? `arn:aws:kms:${region}:${account}:alias/aws/s3`,
    badge: { badgeEnabled: settings.badgeEnabled ?? false },
    badgeEnabled: undefined,
    tags: [...project.tags].map(([key, value]) => ({ key, value })),
    created: project.created,
    lastModified: project.modified,
  };
}

function tagsOf(tags: ProjectSettings['tags'] = []): Map<string, string> {
  return new Map(tags.map(({ key = '', value = '' }) => [key, value]));
}

export const projectOperations = [
  op(
    'CreateProject',
    'Write',
    struct({
      name: need(name),
      ...projectMembers,
      source: need(projectMembers.source),
      artifacts: need(projectMembers.artifacts),
      environment: need(projectMembers.environment),
      serviceRole: need(projectMembers.serviceRole),
    }),
    (call, { name: given, tags, ...rest }) => {
      const settings = { ...rest, serviceRole: roleOf(call, rest.serviceRole) };
      if (call.state.projects.has(given)) {
        throw new AwsError(
          'ResourceAlreadyExistsException',
          `Project already exists: ${projectArn(call, given)}`,
        );
      }
      checkSettings(settings);
      checkRole(call, settings.serviceRole, given);
      const project: Project = {
        name: given,
        arn: projectArn(call, given),
        account: call.account,
        region: call.region,
        created: call.now(),
        modified: call.now(),
        settings,
        tags: tagsOf(tags),
        builds: 0,
      };
      call.state.projects.set(given, project);
      return { project: describe(project) };
    },
    about,
  ),
  op(
    'UpdateProject',
    'Write',
    struct({ name: need(str({ min: 1 })), ...projectMembers }),
    (call, { name: given, tags, ...rest }) => {
      const project = projectNamed(call, given);
      const settings = { ...project.settings, ...rest };
      if (rest.serviceRole !== undefined) settings.serviceRole = roleOf(call, rest.serviceRole);
      checkSettings(settings);
      if (rest.serviceRole !== undefined) checkRole(call, settings.serviceRole ?? '', project.name);
      Object.assign(project, { settings, modified: call.now() });
      // Tags are replaced as a whole; without them they stay.
      if (tags) project.tags = tagsOf(tags);
      return { project: describe(project) };
    },
    about,
  ),
  op(
    'BatchGetProjects',
    'Read',
    struct({ names: need(list(str({ min: 1 }), { min: 1, max: 100 })) }),
    (call, { names }) => {
      const there = names.filter((each) => call.state.projects.has(each));
      return {
        projects: there.map((each) => describe(projectNamed(call, each))),
        projectsNotFound: names.filter((each) => !there.includes(each)),
      };
    },
  ),
  op(
    'DeleteProject',
    'Write',
    struct({ name: need(str({ min: 1 })) }),
    (call, input) => {
      // A project that is not there is no error; its builds stay.
      call.state.projects.delete(input.name.split('project/').at(-1) ?? '');
      return {};
    },
    about,
  ),
  op(
    'ListProjects',
    'List',
    struct({
      sortBy: str({ oneOf: ['NAME', 'CREATED_TIME', 'LAST_MODIFIED_TIME'] }),
      sortOrder: str({ oneOf: ['ASCENDING', 'DESCENDING'] }),
      nextToken: str({ min: 1 }),
    }),
    (call, { nextToken = '0' }) => {
      const all = [...call.state.projects.keys()].sort();
      const end = Number(nextToken) + 100;
      return {
        projects: all.slice(Number(nextToken), end),
        ...(all.length > end && { nextToken: String(end) }),
      };
    },
  ),
];
