import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  FilterLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  BatchGetBuildsCommand,
  BatchGetProjectsCommand,
  CodeBuildClient,
  CreateProjectCommand,
  DeleteProjectCommand,
  ListProjectsCommand,
  StartBuildCommand,
  StopBuildCommand,
  UpdateProjectCommand,
} from '@aws-sdk/client-codebuild';
import { CreateRepositoryCommand, DescribeImagesCommand, ECRClient } from '@aws-sdk/client-ecr';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { connect } from '../ecr/fixtures.ts';
import type { World } from '../kernel/world.ts';
import { makeRole } from '../lambda/fixtures.ts';
import { startWorld } from '../world.ts';
import { runBuilds } from './reach.ts';

let world: World;
let codebuild: CodeBuildClient;
beforeAll(async () => {
  world = await startWorld();
  codebuild = new CodeBuildClient(world.client());
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(async () => {
  await world.stop();
});
const trusted = (actions: string[]) => makeRole(world, 'b', actions, 'codebuild.amazonaws.com');

async function create(more: object = {}, actions = ['s3:GetObject', 'logs:*', 'ecr:*']) {
  const serviceRole = await trusted(actions);
  return await codebuild.send(
    new CreateProjectCommand({
      name: 'image',
      source: { type: 'S3', location: 'sources/app.zip' },
      artifacts: { type: 'NO_ARTIFACTS' },
      environment: {
        type: 'ARM_CONTAINER',
        image: 'aws/codebuild/amazonlinux-aarch64-standard:3.0',
        computeType: 'BUILD_GENERAL1_SMALL',
        privilegedMode: true,
        environmentVariables: [
          { name: 'A', value: '1' },
          { name: 'B', value: '2' },
        ],
      },
      logsConfig: { cloudWatchLogs: { status: 'ENABLED', groupName: '/rekback/x' } },
      serviceRole,
      tags: [{ key: 'stack', value: 'x' }],
      ...more,
    }),
  );
}
async function source() {
  const s3 = new S3Client(world.client());
  await s3.send(new CreateBucketCommand({ Bucket: 'sources' }));
  await s3.send(new PutObjectCommand({ Bucket: 'sources', Key: 'app.zip', Body: 'zip' }));
}
async function start(more: object = {}) {
  const { build } = await codebuild.send(new StartBuildCommand({ projectName: 'image', ...more }));
  return build?.id ?? '';
}
async function get(id: string) {
  return (await codebuild.send(new BatchGetBuildsCommand({ ids: [id] }))).builds?.[0];
}

test('a project comes back with its settings; an update changes what it names', async () => {
  await create();
  await expect(create()).rejects.toMatchObject({ name: 'ResourceAlreadyExistsException' });
  const read = () => codebuild.send(new BatchGetProjectsCommand({ names: ['image', 'none'] }));
  const { projects, projectsNotFound } = await read();
  expect(projectsNotFound).toEqual(['none']);
  expect(projects).toMatchObject([
    {
      arn: 'arn:aws:codebuild:eu-west-1:111122223333:project/image',
      environment: { privilegedMode: true, type: 'ARM_CONTAINER' },
      timeoutInMinutes: 60,
      tags: [{ key: 'stack', value: 'x' }],
    },
  ]);
  await codebuild.send(new UpdateProjectCommand({ name: 'image', timeoutInMinutes: 10 }));
  expect((await read()).projects).toMatchObject([
    { timeoutInMinutes: 10, source: { location: 'sources/app.zip' }, tags: [{ key: 'stack' }] },
  ]);
  expect(world.taggedResources('111122223333', 'eu-west-1')).toMatchObject([{ type: 'codebuild:project' }]);
  expect((await codebuild.send(new ListProjectsCommand({}))).projects).toEqual(['image']);
  await codebuild.send(new DeleteProjectCommand({ name: 'image' }));
  await codebuild.send(new DeleteProjectCommand({ name: 'image' }));
  await expect(start()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});

test('CodeBuild must be able to assume the role', async () => {
  world.delays.iamPropagation = 10_000;
  await expect(create()).rejects.toMatchObject({
    name: 'InvalidInputException',
    message: 'CodeBuild is not authorized to perform: sts:AssumeRole on arn:aws:iam::111122223333:role/b',
  });
  await world.clock.advance(10_000);
  await create();
  await expect(create({ name: 'two', source: { type: 'S3', location: 'nothing' } })).rejects.toMatchObject({
    message: expect.stringContaining('location must be a valid S3 source'),
  });
});

test('a build goes through its phases by the clock', async () => {
  world.delays.codeBuildPhase = 1000;
  await Promise.all([create(), source()]);
  const id = await start();
  expect(await get(id)).toMatchObject({ buildStatus: 'IN_PROGRESS', currentPhase: 'SUBMITTED' });
  await world.clock.advance(3000);
  expect(await get(id)).toMatchObject({ currentPhase: 'DOWNLOAD_SOURCE', buildComplete: false });
  await world.clock.advance(7000);
  const build = await get(id);
  expect(build).toMatchObject({ buildStatus: 'SUCCEEDED', currentPhase: 'COMPLETED', buildComplete: true });
  expect(build?.phases?.map((phase) => phase.phaseStatus)).toEqual([
    ...Array(10).fill('SUCCEEDED'),
    undefined,
  ]);
});

test('the builder does the work with the role’s keys and logs it', async () => {
  await Promise.all([create(), source()]);
  await new CloudWatchLogsClient(world.client()).send(
    new CreateLogGroupCommand({ logGroupName: '/rekback/x' }),
  );
  const ecr = new ECRClient(world.client());
  await ecr.send(new CreateRepositoryCommand({ repositoryName: 'app' }));
  runBuilds(world, async (_, { source: zip, env, log }) => {
    log(`${zip} ${env.A} ${env.B}`);
    const { pushImage } = await connect(world, {
      accessKeyId: env.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: env.AWS_SECRET_ACCESS_KEY ?? '',
      sessionToken: env.AWS_SESSION_TOKEN ?? '',
    });
    await pushImage('app', 'v1');
    return undefined;
  });
  const id = await start({ environmentVariablesOverride: [{ name: 'B', value: '3' }] });
  const build = await get(id);
  expect(build?.buildStatus).toBe('SUCCEEDED');
  const { imageDetails } = await ecr.send(new DescribeImagesCommand({ repositoryName: 'app' }));
  expect(imageDetails).toMatchObject([{ imageTags: ['v1'] }]);
  expect(world.journal.of('ecr', 'PutImage').map((entry) => entry.role)).toEqual([
    'arn:aws:iam::111122223333:role/b',
  ]);
  const { events } = await new CloudWatchLogsClient(world.client()).send(
    new FilterLogEventsCommand({ logGroupName: build?.logs?.groupName }),
  );
  expect(events?.map((each) => each.message)).toEqual(['zip 1 3']);
});

test.each([
  ['a failure', { status: 'FAILED', message: 'COMMAND_EXECUTION_ERROR: exit status 1' }, 'BUILD', 'FAILED'],
  ['a timeout', { status: 'TIMED_OUT', message: '' }, 'BUILD', 'TIMED_OUT'],
] as const)('the builder says the outcome: %s', async (_, outcome, phaseType, status) => {
  await Promise.all([create(), source()]);
  runBuilds(world, async () => outcome);
  const build = await get(await start());
  expect(build?.buildStatus).toBe(status);
  expect(build?.phases?.find((phase) => phase.phaseType === phaseType)?.phaseStatus).toBe(status);
  expect(build?.phases?.some((phase) => phase.phaseType === 'POST_BUILD')).toBe(false);
});

test('a source that is missing, or that the role may not read, fails the download', async () => {
  await create();
  const contexts = async () => {
    const phases = (await get(await start()))?.phases ?? [];
    return phases.find((phase) => phase.phaseType === 'DOWNLOAD_SOURCE')?.contexts?.[0];
  };
  expect((await contexts())?.message).toContain('NoSuchBucket');
  await source();
  expect((await contexts())?.message).toBe('');
  await trusted(['logs:*']);
  expect(await contexts()).toMatchObject({
    statusCode: 'CLIENT_ERROR',
    message: expect.stringContaining('AccessDenied'),
  });
});

test('a token starts one build; a stopped build stays stopped', async () => {
  world.delays.codeBuildPhase = 1000;
  await Promise.all([create(), source()]);
  const built: string[] = [];
  runBuilds(world, async (build) => {
    built.push(build.id);
    return undefined;
  });
  const id = await start({ idempotencyToken: 't' });
  expect(await start({ idempotencyToken: 't' })).toBe(id);
  const other = await start();
  await world.clock.advance(6500);
  await codebuild.send(new StopBuildCommand({ id }));
  await world.clock.advance(60_000);
  expect(await get(id)).toMatchObject({ buildStatus: 'STOPPED', buildComplete: true });
  expect(built).toEqual([other]);
  await expect(codebuild.send(new StopBuildCommand({ id: 'image:none' }))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
  });
});
