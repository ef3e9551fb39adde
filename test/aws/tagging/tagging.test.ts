import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  DeleteLogGroupCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import {
  GetResourcesCommand,
  ResourceGroupsTaggingAPIClient,
} from '@aws-sdk/client-resource-groups-tagging-api';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { World } from '../kernel/world.ts';
import { startWorld } from '../world.ts';

let world: World;
let client: ResourceGroupsTaggingAPIClient;
const GROUP = 'arn:aws:logs:eu-west-1:111122223333:log-group:g';
const QUEUE = 'arn:aws:sqs:eu-west-1:111122223333:q';
beforeAll(async () => {
  world = await startWorld();
  client = new ResourceGroupsTaggingAPIClient(world.client());
});
beforeEach(async () => {
  const config = world.client();
  const AssumeRolePolicyDocument =
    '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}';
  const Tags = [{ Key: 'stack', Value: 'one' }];
  await new IAMClient(config).send(new CreateRoleCommand({ RoleName: 'r', AssumeRolePolicyDocument, Tags }));
  await new SQSClient(config).send(new CreateQueueCommand({ QueueName: 'q', tags: { stack: 'one' } }));
  await new SQSClient(config).send(new CreateQueueCommand({ QueueName: 'untagged' }));
  await new CloudWatchLogsClient(config).send(
    new CreateLogGroupCommand({ logGroupName: 'g', tags: { stack: 'two' } }),
  );
  await new S3Client(config).send(
    new CreateBucketCommand({
      Bucket: 'one',
      CreateBucketConfiguration: { LocationConstraint: 'eu-west-1', Tags },
    }),
  );
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(async () => {
  await world.stop();
});
async function arns(more: object = {}) {
  const { ResourceTagMappingList = [] } = await client.send(new GetResourcesCommand(more));
  return ResourceTagMappingList.map((each) => each.ResourceARN);
}

test('what has tags is found by key, value and type; roles and the untagged are not', async () => {
  expect(await arns()).toEqual([GROUP, 'arn:aws:s3:::one', QUEUE]);
  expect(await arns({ TagFilters: [{ Key: 'stack', Values: ['two'] }] })).toEqual([GROUP]);
  expect(await arns({ TagFilters: [{ Key: 'stack' }], ResourceTypeFilters: ['s3', 'sqs'] })).toEqual([
    'arn:aws:s3:::one',
    QUEUE,
  ]);
  const elsewhere = new ResourceGroupsTaggingAPIClient(world.client({ region: 'us-east-1' }));
  expect((await elsewhere.send(new GetResourcesCommand({}))).ResourceTagMappingList).toEqual([]);
});

test('pages follow each other', async () => {
  const first = await client.send(new GetResourcesCommand({ ResourcesPerPage: 2 }));
  expect(first.ResourceTagMappingList).toHaveLength(2);
  expect(await arns({ ResourcesPerPage: 2, PaginationToken: first.PaginationToken })).toEqual([QUEUE]);
});

test('what is deleted is still returned for a while', async () => {
  world.delays.taggingAfterDelete = 3_600_000;
  await new CloudWatchLogsClient(world.client()).send(new DeleteLogGroupCommand({ logGroupName: 'g' }));
  expect(await arns()).toContain(GROUP);
  await world.clock.advance(3_600_000);
  expect(await arns()).not.toContain(GROUP);
});
