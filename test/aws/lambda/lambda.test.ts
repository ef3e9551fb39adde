import { createHash } from 'node:crypto';
import { EventBridgeClient, PutRuleCommand, PutTargetsCommand } from '@aws-sdk/client-eventbridge';
import {
  AddPermissionCommand,
  CreateFunctionCommand,
  DeleteFunctionCommand,
  DeleteFunctionConcurrencyCommand,
  DeleteFunctionEventInvokeConfigCommand,
  GetAccountSettingsCommand,
  GetFunctionCommand,
  GetFunctionConcurrencyCommand,
  GetFunctionConfigurationCommand,
  GetFunctionEventInvokeConfigCommand,
  GetPolicyCommand,
  LambdaClient,
  ListFunctionsCommand,
  ListTagsCommand,
  PutFunctionConcurrencyCommand,
  PutFunctionEventInvokeConfigCommand,
  RemovePermissionCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import {
  CreateBucketCommand,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { zipSync } from 'fflate';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { addSubnet, addVpc } from '../ec2/reach.ts';
import { putEvent } from '../events/reach.ts';
import type { World } from '../kernel/world.ts';
import { startWorld } from '../world.ts';
import { makeRole } from './fixtures.ts';
import { runFunctions, setConcurrencyLimit } from './reach.ts';

let world: World;
let lambda: LambdaClient;
const where = { account: '111122223333', region: 'eu-west-1' };
const arn = 'arn:aws:lambda:eu-west-1:111122223333:function:f';
const zip = (text: string) => Buffer.from(zipSync({ 'index.mjs': Buffer.from(text) }));
beforeAll(async () => {
  world = await startWorld();
  lambda = new LambdaClient(world.client());
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(async () => {
  await world.stop();
});

async function create(more: object = {}) {
  const Role = await makeRole(world, 'r', ['logs:*']);
  return await lambda.send(
    new CreateFunctionCommand({
      FunctionName: 'f',
      Role,
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      Code: { ZipFile: zip('export const handler = 1') },
      ...more,
    }),
  );
}

test('a function comes back as it was made, with AWS’s defaults', async () => {
  const created = await create({
    Tags: { stack: 'x' },
    Environment: { Variables: { RATE: '5' } },
    LoggingConfig: { LogFormat: 'JSON', LogGroup: '/rekback/x' },
  });
  expect(created).toMatchObject({ State: 'Pending', FunctionArn: arn });
  const found = await lambda.send(new GetFunctionCommand({ FunctionName: arn }));
  expect(found.Tags).toEqual({ stack: 'x' });
  expect(found.Configuration).toMatchObject({
    State: 'Active',
    LastUpdateStatus: 'Successful',
    Timeout: 3,
    MemorySize: 128,
    Architectures: ['x86_64'],
    Environment: { Variables: { RATE: '5' } },
    LoggingConfig: { LogFormat: 'JSON', LogGroup: '/rekback/x', ApplicationLogLevel: 'INFO' },
    CodeSha256: createHash('sha256').update(zip('export const handler = 1')).digest('base64'),
  });
  await expect(create()).rejects.toMatchObject({ name: 'ResourceConflictException' });
  await lambda.send(new DeleteFunctionCommand({ FunctionName: 'f' }));
  await expect(lambda.send(new GetFunctionCommand({ FunctionName: 'f' }))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    message: `Function not found: ${arn}`,
  });
});

test('creation and updates take their time, and nothing else is done meanwhile', async () => {
  world.delays.lambdaFunction = 5000;
  await create();
  const get = () => lambda.send(new GetFunctionConfigurationCommand({ FunctionName: 'f' }));
  const update = () =>
    lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'f', Timeout: 60 }));
  expect(await get()).toMatchObject({ State: 'Pending' });
  await expect(update()).rejects.toMatchObject({
    name: 'ResourceConflictException',
    message: expect.stringContaining('Pending'),
  });
  await world.clock.advance(5000);
  expect(await update()).toMatchObject({ LastUpdateStatus: 'InProgress', Timeout: 60 });
  await expect(update()).rejects.toMatchObject({ name: 'ResourceConflictException' });
  await world.clock.advance(5000);
  expect(await get()).toMatchObject({ LastUpdateStatus: 'Successful', Runtime: 'nodejs22.x', Timeout: 60 });
});

test('Lambda must be able to assume the role, and the caller to pass it', async () => {
  world.delays.iamPropagation = 10_000;
  const cannot = 'The role defined for the function cannot be assumed by Lambda.';
  await expect(create()).rejects.toMatchObject({ name: 'InvalidParameterValueException', message: cannot });
  await world.clock.advance(10_000);
  const Role = await makeRole(world, 'other', [], 'ec2.amazonaws.com');
  await world.clock.advance(10_000);
  await expect(create({ Role })).rejects.toMatchObject({ message: cannot });
  world.deny('iam:PassRole');
  await expect(create()).rejects.toMatchObject({ name: 'AccessDeniedException' });
});

test.each([
  ['an ended runtime', { Runtime: 'nodejs20.x' }, 'nodejs20.x is no longer supported'],
  ['no handler', { Handler: undefined }, 'Runtime and Handler are mandatory'],
  ['a reserved variable', { Environment: { Variables: { AWS_REGION: 'x' } } }, 'AWS_REGION'],
  ['too many variables', { Environment: { Variables: { A2: 'x'.repeat(4096) } } }, 'exceeded the 4KB limit'],
  ['no zip', { Code: { ZipFile: Buffer.from('no zip') } }, 'Could not unzip uploaded file'],
  ['levels for text', { LoggingConfig: { SystemLogLevel: 'WARN' } }, 'LogFormat must be set to JSON'],
  [
    'a VPC without rights',
    { VpcConfig: { SubnetIds: ['subnet-1'], SecurityGroupIds: ['sg-1'] } },
    'CreateNetworkInterface',
  ],
  ['a missing object', { Code: { S3Bucket: 'nobucket', S3Key: 'k' } }, 'NoSuchBucket'],
])('refused: %s', async (_, more, message) => {
  await expect(create(more)).rejects.toMatchObject({
    name: 'InvalidParameterValueException',
    message: expect.stringContaining(message),
  });
});

test('a function in a VPC needs the right to make interfaces, subnets and groups that exist', async () => {
  const { vpcId, groupId } = addVpc(world, where);
  const subnetId = addSubnet(world, where, { vpcId });
  const Role = await makeRole(world, 'vpc', ['ec2:*']);
  const inVpc = (SubnetIds: string[], SecurityGroupIds: string[]) =>
    create({ Role, VpcConfig: { SubnetIds, SecurityGroupIds } });
  await expect(inVpc(['subnet-0'], [groupId])).rejects.toMatchObject({
    message: expect.stringContaining('InvalidSubnetID.NotFound'),
  });
  await expect(inVpc([subnetId], ['sg-0'])).rejects.toMatchObject({
    message: expect.stringContaining('InvalidSecurityGroupID.NotFound'),
  });
  const { VpcConfig } = await inVpc([subnetId], [groupId]);
  expect(VpcConfig).toMatchObject({ VpcId: vpcId, SubnetIds: [subnetId] });
});

test('code comes from S3 too; an update changes it, a dry run does not', async () => {
  const s3 = new S3Client(world.client());
  await s3.send(new CreateBucketCommand({ Bucket: 'code' }));
  await s3.send(new PutObjectCommand({ Bucket: 'code', Key: 'f.zip', Body: zip('2') }));
  await create();
  const second = createHash('sha256').update(zip('2')).digest('base64');
  const update = (more: object) =>
    lambda.send(
      new UpdateFunctionCodeCommand({ FunctionName: 'f', S3Bucket: 'code', S3Key: 'f.zip', ...more }),
    );
  const before = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: 'f' }));
  expect((await update({ DryRun: true })).CodeSha256).toBe(second);
  expect(await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: 'f' }))).toMatchObject({
    CodeSha256: before.CodeSha256,
    RevisionId: before.RevisionId,
  });
  await expect(update({ RevisionId: 'another' })).rejects.toMatchObject({
    name: 'PreconditionFailedException',
  });
  expect(await update({ Publish: true })).toMatchObject({ CodeSha256: second, Version: '1' });
});

test('reserved concurrency leaves 100 to the others, or all in a small account', async () => {
  await create();
  const put = (count: number) =>
    lambda.send(
      new PutFunctionConcurrencyCommand({ FunctionName: 'f', ReservedConcurrentExecutions: count }),
    );
  await put(900);
  await expect(put(901)).rejects.toMatchObject({
    message: expect.stringContaining('minimum value of [100]'),
  });
  const { AccountLimit } = await lambda.send(new GetAccountSettingsCommand({}));
  expect(AccountLimit).toMatchObject({ ConcurrentExecutions: 1000, UnreservedConcurrentExecutions: 100 });
  await lambda.send(new DeleteFunctionConcurrencyCommand({ FunctionName: 'f' }));
  const { ReservedConcurrentExecutions: none } = await lambda.send(
    new GetFunctionConcurrencyCommand({ FunctionName: 'f' }),
  );
  expect(none).toBeUndefined();
  setConcurrencyLimit(world, where, 10);
  await expect(put(1)).rejects.toMatchObject({ message: expect.stringContaining('minimum value of [10]') });
});

test('asynchronous settings and tags come and go; functions are listed by pages', async () => {
  await create();
  const FunctionName = 'f';
  await lambda.send(new PutFunctionEventInvokeConfigCommand({ FunctionName, MaximumRetryAttempts: 0 }));
  const config = await lambda.send(new GetFunctionEventInvokeConfigCommand({ FunctionName }));
  expect(config).toMatchObject({ MaximumRetryAttempts: 0, FunctionArn: `${arn}:$LATEST` });
  await lambda.send(new DeleteFunctionEventInvokeConfigCommand({ FunctionName }));
  await expect(lambda.send(new GetFunctionEventInvokeConfigCommand({ FunctionName }))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
  });
  await lambda.send(new TagResourceCommand({ Resource: arn, Tags: { a: '1', b: '2', c: '3' } }));
  await lambda.send(new UntagResourceCommand({ Resource: arn, TagKeys: ['a'] }));
  await lambda.send(new UntagResourceCommand({ Resource: arn, TagKeys: ['b', 'x'] }));
  expect((await lambda.send(new ListTagsCommand({ Resource: arn }))).Tags).toEqual({ c: '3' });
  expect(world.taggedResources(where.account, where.region)).toMatchObject([
    { arn, type: 'lambda:function' },
  ]);
  await create({ FunctionName: 'g' });
  const first = await lambda.send(new ListFunctionsCommand({ MaxItems: 1 }));
  const second = await lambda.send(new ListFunctionsCommand({ MaxItems: 1, Marker: first.NextMarker }));
  expect([first, second].map((page) => page.Functions?.[0]?.FunctionName)).toEqual(['f', 'g']);
  expect(second.NextMarker).toBeUndefined();
});

test('S3 takes a function as destination when its policy lets the bucket in', async () => {
  await create();
  const s3 = new S3Client(world.client());
  await s3.send(new CreateBucketCommand({ Bucket: 'images' }));
  const put = () =>
    s3.send(
      new PutBucketNotificationConfigurationCommand({
        Bucket: 'images',
        NotificationConfiguration: {
          LambdaFunctionConfigurations: [{ LambdaFunctionArn: arn, Events: ['s3:ObjectCreated:*'] }],
        },
      }),
    );
  const permit = (StatementId: string, SourceArn: string) =>
    lambda.send(
      new AddPermissionCommand({
        FunctionName: 'f',
        StatementId,
        Action: 'lambda:InvokeFunction',
        Principal: 's3.amazonaws.com',
        SourceArn,
        SourceAccount: where.account,
      }),
    );
  await permit('other', 'arn:aws:s3:::another');
  await expect(put()).rejects.toMatchObject({ name: 'InvalidArgument' });
  await permit('ours', 'arn:aws:s3:::images');
  await expect(permit('ours', 'arn:aws:s3:::images')).rejects.toMatchObject({
    name: 'ResourceConflictException',
  });
  await put();
  const events: unknown[] = [];
  runFunctions(world, async (_, event) => events.push(event));
  await s3.send(new PutObjectCommand({ Bucket: 'images', Key: 'a b.jpg', Body: 'x' }));
  await world.clock.advance(0);
  expect(events).toMatchObject([{ Records: [{ s3: { object: { key: 'a+b.jpg' } } }] }]);

  const { Policy = '' } = await lambda.send(new GetPolicyCommand({ FunctionName: 'f' }));
  expect(JSON.parse(Policy).Statement).toMatchObject([{ Sid: 'other' }, { Sid: 'ours', Resource: arn }]);
  for (const StatementId of ['other', 'ours']) {
    await lambda.send(new RemovePermissionCommand({ FunctionName: 'f', StatementId }));
  }
  await expect(lambda.send(new GetPolicyCommand({ FunctionName: 'f' }))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
  });
  await expect(put()).rejects.toMatchObject({ name: 'InvalidArgument' });
});

test('EventBridge sends to a function that lets the rule in', async () => {
  await create();
  const events = new EventBridgeClient(world.client());
  const EventPattern = JSON.stringify({ source: ['aws.batch'] });
  const { RuleArn } = await events.send(new PutRuleCommand({ Name: 'r', EventPattern }));
  await events.send(new PutTargetsCommand({ Rule: 'r', Targets: [{ Id: 't', Arn: arn }] }));
  const seen: unknown[] = [];
  runFunctions(world, async (_, event) => seen.push(event));
  const happen = async (n: number) => {
    putEvent(world, { ...where, source: 'aws.batch', 'detail-type': 'x', resources: [], detail: { n } });
    await world.clock.advance(0);
  };
  await happen(1);
  await lambda.send(
    new AddPermissionCommand({
      FunctionName: 'f',
      StatementId: 'rule',
      Action: 'lambda:InvokeFunction',
      Principal: 'events.amazonaws.com',
      SourceArn: RuleArn,
    }),
  );
  await happen(2);
  expect(seen).toMatchObject([{ detail: { n: 2 } }]);
});
