import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DeleteLogGroupCommand,
  DeleteResourcePolicyCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  DescribeResourcePoliciesCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  ListTagsForResourceCommand,
  PutLogEventsCommand,
  PutResourcePolicyCommand,
  PutRetentionPolicyCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { World } from '../kernel/world.ts';
import { startWorld } from '../world.ts';
import { writeLog } from './reach.ts';

let world: World;
let logs: CloudWatchLogsClient;
const logGroupName = '/rekback/x';
const arn = 'arn:aws:logs:eu-west-1:111122223333:log-group:/rekback/x';
beforeAll(async () => {
  world = await startWorld();
  logs = new CloudWatchLogsClient(world.client());
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(async () => {
  await world.stop();
});
const create = (more: object = {}) => logs.send(new CreateLogGroupCommand({ logGroupName, ...more }));

test('a group comes back with retention, key and tags', async () => {
  const kmsKeyId = 'arn:aws:kms:eu-west-1:111122223333:key/k';
  await create({ tags: { stack: 'x' }, kmsKeyId });
  await expect(create()).rejects.toMatchObject({ name: 'ResourceAlreadyExistsException' });
  await logs.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: 30 }));
  const { logGroups } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: '/rekback/' }));
  expect(logGroups).toMatchObject([
    { logGroupName, arn: `${arn}:*`, logGroupArn: arn, retentionInDays: 30, kmsKeyId },
  ]);
  await logs.send(new TagResourceCommand({ resourceArn: arn, tags: { b: '2' } }));
  await logs.send(new UntagResourceCommand({ resourceArn: arn, tagKeys: ['stack'] }));
  const { tags } = await logs.send(new ListTagsForResourceCommand({ resourceArn: arn }));
  expect(tags).toEqual({ b: '2' });
  await logs.send(new DeleteLogGroupCommand({ logGroupName }));
  await expect(logs.send(new DeleteLogGroupCommand({ logGroupName }))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
  });
});

test('only AWS’s retention periods are taken, and only a key’s ARN', async () => {
  await create();
  const put = logs.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays: 31 }));
  await expect(put).rejects.toMatchObject({ name: 'InvalidParameterException' });
  const wrong = new CreateLogGroupCommand({ logGroupName: 'b', kmsKeyId: 'alias/x' });
  await expect(logs.send(wrong)).rejects.toMatchObject({ name: 'InvalidParameterException' });
});

test('lines are read forwards until the token stays the same', async () => {
  await create();
  const logStreamName = 's';
  await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
  const logEvents = [1, 2, 3].map((n) => ({ timestamp: n, message: `line ${n}` }));
  await logs.send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents }));
  const seen: string[] = [];
  let nextToken: string | undefined;
  for (;;) {
    const page = await logs.send(
      new GetLogEventsCommand({
        logGroupName,
        logStreamName,
        startFromHead: true,
        limit: 2,
        ...(nextToken && { nextToken }),
      }),
    );
    seen.push(...(page.events ?? []).map((each) => each.message ?? ''));
    if (page.nextForwardToken === nextToken) break;
    nextToken = page.nextForwardToken;
  }
  expect(seen).toEqual(['line 1', 'line 2', 'line 3']);
  const found = await logs.send(new FilterLogEventsCommand({ logGroupName, filterPattern: '"2"' }));
  expect(found.events?.map((each) => each.message)).toEqual(['line 2']);
});

test('a service’s line makes its stream, but no group', async () => {
  const where = { account: '111122223333', region: 'eu-west-1' };
  writeLog(world, where, logGroupName, 's', 'lost');
  await create();
  writeLog(world, where, logGroupName, 's', 'kept');
  const { logStreams } = await logs.send(new DescribeLogStreamsCommand({ logGroupName }));
  expect(logStreams?.map((each) => each.logStreamName)).toEqual(['s']);
  const { events } = await logs.send(new GetLogEventsCommand({ logGroupName, logStreamName: 's' }));
  expect(events?.map((each) => each.message)).toEqual(['kept']);
});

test('resource policies are kept by name, ten at most', async () => {
  const Statement = {
    Effect: 'Allow',
    Principal: { Service: 'es.amazonaws.com' },
    Action: 'logs:*',
    Resource: '*',
  };
  const policyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [Statement] });
  const put = (policyName: string, document = policyDocument) =>
    logs.send(new PutResourcePolicyCommand({ policyName, policyDocument: document }));
  await expect(put('p', '{}')).rejects.toMatchObject({ name: 'InvalidParameterException' });
  for (let n = 0; n < 10; n++) await put(`p${n}`);
  await put('p0');
  await expect(put('p10')).rejects.toMatchObject({ name: 'LimitExceededException' });
  const remove = () => logs.send(new DeleteResourcePolicyCommand({ policyName: 'p0' }));
  await remove();
  await expect(remove()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
  const { resourcePolicies } = await logs.send(new DescribeResourcePoliciesCommand({}));
  expect(resourcePolicies?.map((each) => each.policyName)).not.toContain('p0');
});
