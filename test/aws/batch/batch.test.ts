import {
  BatchClient,
  DeleteComputeEnvironmentCommand,
  DeleteJobQueueCommand,
  DescribeComputeEnvironmentsCommand,
  DescribeJobQueuesCommand,
  ListTagsForResourceCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateComputeEnvironmentCommand,
  UpdateJobQueueCommand,
} from '@aws-sdk/client-batch';
import { CreateInstanceProfileCommand, GetRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import {
  GetResourcesCommand,
  ResourceGroupsTaggingAPIClient,
} from '@aws-sdk/client-resource-groups-tagging-api';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { World } from '../kernel/world.ts';
import { startWorld } from '../world.ts';
import {
  addDefinition,
  addEnvironment,
  addQueue,
  addRole,
  environmentOf,
  executionRole,
  fargate,
} from './given.ts';

let world: World;
let batch: BatchClient;
beforeAll(async () => {
  world = await startWorld();
  batch = new BatchClient(world.client());
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(async () => {
  await world.stop();
});

const arn = (rest: string) => `arn:aws:batch:eu-west-1:111122223333:${rest}`;
const refusal = (message: string | RegExp) => ({
  name: 'ClientException',
  message: expect.stringMatching(message),
});
const update = (more: object) =>
  batch.send(new UpdateComputeEnvironmentCommand({ computeEnvironment: 'e', ...more }));
const remove = () => batch.send(new DeleteComputeEnvironmentCommand({ computeEnvironment: 'e' }));
const updateQueue = (more: object) => batch.send(new UpdateJobQueueCommand({ jobQueue: 'q', ...more }));
const removeQueue = () => batch.send(new DeleteJobQueueCommand({ jobQueue: 'q' }));
async function queueOf(name: string) {
  const { jobQueues = [] } = await batch.send(new DescribeJobQueuesCommand({ jobQueues: [name] }));
  return jobQueues[0];
}

test('an environment without a service role is VALID at once, under the service-linked role that Batch makes', async () => {
  await addEnvironment(batch, { tags: { stack: 's' } });
  const iam = new IAMClient(world.client());
  const { Role } = await iam.send(new GetRoleCommand({ RoleName: 'AWSServiceRoleForBatch' }));
  expect(await environmentOf(batch, arn('compute-environment/e'))).toMatchObject({
    computeEnvironmentArn: arn('compute-environment/e'),
    state: 'ENABLED',
    status: 'VALID',
    serviceRole: Role?.Arn,
    computeResources: fargate,
    tags: { stack: 's' },
  });
  await expect(addEnvironment(batch)).rejects.toMatchObject(refusal(/Object already exists/));
  expect(await environmentOf(batch, 'other')).toBeUndefined();
});

test('status follows the clock, and what is being modified is left alone', async () => {
  world.delays.batchEnvironment = 30_000;
  const status = async () => (await environmentOf(batch))?.status;
  await addEnvironment(batch);
  expect(await status()).toBe('CREATING');
  await expect(addQueue(batch)).rejects.toMatchObject(refusal(/not valid/));
  await expect(remove()).rejects.toMatchObject(refusal('Cannot delete, resource is being modified'));
  await world.clock.advance(30_000);
  expect(await status()).toBe('VALID');
  await expect(remove()).rejects.toMatchObject(refusal(/DISABLED/));
  await update({ state: 'DISABLED', computeResources: { maxvCpus: 16 } });
  expect(await status()).toBe('UPDATING');
  await expect(update({ state: 'ENABLED' })).rejects.toMatchObject(refusal(/being modified/));
  await world.clock.advance(30_000);
  expect(await environmentOf(batch)).toMatchObject({
    status: 'VALID',
    state: 'DISABLED',
    computeResources: { maxvCpus: 16 },
  });
  await remove();
  expect(await status()).toBe('DELETING');
  await world.clock.advance(30_000);
  expect(await status()).toBeUndefined();
  await remove();
});

test('a role that has not propagated makes an environment INVALID until it is updated', async () => {
  world.delays.iamPropagation = 8000;
  await addRole(world, 'batch', 'batch.amazonaws.com');
  await addEnvironment(batch, { serviceRole: 'arn:aws:iam::111122223333:role/batch' });
  expect(await environmentOf(batch)).toMatchObject({
    status: 'INVALID',
    statusReason: expect.stringMatching(/^CLIENT_ERROR - Not authorized to perform sts:AssumeRole/),
  });
  await world.clock.advance(8000);
  expect((await environmentOf(batch))?.status).toBe('INVALID');
  await update({ state: 'ENABLED' });
  expect((await environmentOf(batch))?.status).toBe('VALID');
});

test('an environment whose role is gone cannot be taken down', async () => {
  await addEnvironment(batch, { serviceRole: 'arn:aws:iam::111122223333:role/gone', state: 'DISABLED' });
  await remove();
  expect(await environmentOf(batch)).toMatchObject({
    status: 'INVALID',
    statusReason: expect.stringContaining('batch.amazonaws.com is not authorized to perform: sts:AssumeRole'),
  });
});

test('EC2 wants an instance profile that is there', async () => {
  const computeResources = { ...fargate, type: 'EC2' as const, instanceTypes: ['optimal'] };
  const withRole = (instanceRole: string) =>
    addEnvironment(batch, { computeResources: { ...computeResources, instanceRole } });
  await expect(addEnvironment(batch, { computeResources })).rejects.toMatchObject(refusal(/instanceRole/));
  await expect(withRole('arn:aws:iam::111122223333:role/r')).rejects.toMatchObject(
    refusal(/should be an ECS Instance Profile ARN/),
  );
  await new IAMClient(world.client()).send(new CreateInstanceProfileCommand({ InstanceProfileName: 'p' }));
  await withRole('p');
  expect(await environmentOf(batch)).toMatchObject({
    status: 'INVALID',
    statusReason: 'CLIENT_ERROR - Invalid IamInstanceProfile: p',
    computeResources: { minvCpus: 0, allocationStrategy: 'BEST_FIT' },
  });
});

test.each([
  { minvCpus: 0 },
  { desiredvCpus: 0 },
  { instanceRole: 'p' },
  { instanceTypes: ['optimal'] },
  { allocationStrategy: 'BEST_FIT' as const },
  { imageId: 'ami-1' },
  { ec2Configuration: [{ imageType: 'ECS_AL2023' }] },
  { ec2KeyPair: 'k' },
  { bidPercentage: 50 },
  { launchTemplate: { launchTemplateName: 't' } },
  { tags: { a: 'b' } },
  { spotIamFleetRole: 'arn:aws:iam::111122223333:role/r' },
  { placementGroup: 'g' },
])('Fargate refuses %o', async (more) => {
  const given = addEnvironment(batch, { computeResources: { ...fargate, ...more } });
  await expect(given).rejects.toMatchObject(refusal(`${Object.keys(more)[0]} is not applicable for Fargate`));
});

test.each(['subnets', 'securityGroupIds', 'maxvCpus'])('Fargate asks for %s', async (name) => {
  const given = addEnvironment(batch, { computeResources: { ...fargate, [name]: undefined } });
  await expect(given).rejects.toMatchObject(refusal(`${name} must be specified`));
});

test('there are at most 50 environments and 50 queues, in pages; names have a form', async () => {
  await expect(addEnvironment(batch, { computeEnvironmentName: 'a.b' })).rejects.toMatchObject(
    refusal(/valid/),
  );
  for (let n = 0; n < 50; n++) await addEnvironment(batch, { computeEnvironmentName: `e${n}` });
  await expect(addEnvironment(batch)).rejects.toMatchObject(refusal(/more than 50/));
  const first = await batch.send(new DescribeComputeEnvironmentsCommand({ maxResults: 30 }));
  const second = await batch.send(
    new DescribeComputeEnvironmentsCommand({ maxResults: 30, nextToken: first.nextToken }),
  );
  const names = [first, second].flatMap((each) => each.computeEnvironments ?? []);
  expect(new Set(names.map((each) => each.computeEnvironmentName)).size).toBe(50);
  expect(second.nextToken).toBeUndefined();
  for (let n = 0; n < 50; n++) await addQueue(batch, `q${n}`, 'e0');
  await expect(addQueue(batch, 'q', 'e0')).rejects.toMatchObject(refusal(/more than 50/));
});

test('a queue holds its environment, EC2 and Fargate apart, and goes when it is disabled', async () => {
  world.delays.batchQueue = 20_000;
  await expect(addQueue(batch)).rejects.toMatchObject(refusal(/does not exist/));
  await addEnvironment(batch);
  const other = { type: 'UNMANAGED', serviceRole: 'arn:aws:iam::111122223333:role/batch' } as const;
  await addRole(world, 'batch', 'batch.amazonaws.com');
  await addEnvironment(batch, { ...other, computeEnvironmentName: 'ec2', computeResources: undefined });
  await addQueue(batch);
  expect(await queueOf('q')).toMatchObject({ status: 'CREATING', state: 'ENABLED', priority: 1 });
  await world.clock.advance(20_000);
  const both = ['e', 'ec2'].map((computeEnvironment, order) => ({ order, computeEnvironment }));
  await expect(updateQueue({ computeEnvironmentOrder: both })).rejects.toMatchObject(refusal(/mixed/));
  await expect(removeQueue()).rejects.toMatchObject(refusal(/DISABLED/));
  await updateQueue({ state: 'DISABLED', priority: 7 });
  expect(await queueOf('q')).toMatchObject({ status: 'UPDATING' });
  await expect(removeQueue()).rejects.toMatchObject(refusal(/being modified/));
  await world.clock.advance(20_000);
  expect(await queueOf(arn('job-queue/q'))).toMatchObject({ status: 'VALID', priority: 7 });
  await update({ state: 'DISABLED' });
  await removeQueue();
  expect(await queueOf('q')).toMatchObject({ status: 'DELETING' });
  await expect(remove()).rejects.toMatchObject(
    refusal('Cannot delete, found existing JobQueue relationship'),
  );
  await world.clock.advance(20_000);
  expect(await queueOf('q')).toBeUndefined();
  await remove();
  expect(await environmentOf(batch)).toBeUndefined();
});

test('roles are passed on, and tags set, only by who may', async () => {
  const refused = { name: 'AccessDeniedException' };
  const allow = world.deny('iam:PassRole', { resource: executionRole });
  await expect(addDefinition(batch)).rejects.toMatchObject(refused);
  allow();
  world.deny('batch:TagResource');
  await addDefinition(batch);
  await expect(addDefinition(batch, { tags: { a: 'b' } })).rejects.toMatchObject(refused);
  world.deny('iam:CreateServiceLinkedRole');
  await expect(addEnvironment(batch)).rejects.toMatchObject(refused);
});

test('tags are listed by Batch and by the tagging API', async () => {
  await addEnvironment(batch, { tags: { stack: 's', old: 'x' } });
  await addQueue(batch);
  await addDefinition(batch, { tags: { stack: 's' } });
  const queue = arn('job-queue/q');
  await batch.send(new TagResourceCommand({ resourceArn: queue, tags: { stack: 's' } }));
  const resourceArn = arn('compute-environment/e');
  await batch.send(new UntagResourceCommand({ resourceArn, tagKeys: ['old', 'none'] }));
  const { tags } = await batch.send(new ListTagsForResourceCommand({ resourceArn }));
  expect(tags).toEqual({ stack: 's' });
  const tagging = new ResourceGroupsTaggingAPIClient(world.client());
  const { ResourceTagMappingList = [] } = await tagging.send(
    new GetResourcesCommand({
      TagFilters: [{ Key: 'stack', Values: ['s'] }],
      ResourceTypeFilters: ['batch'],
    }),
  );
  const arns = ResourceTagMappingList.map((each) => each.ResourceARN);
  expect(arns).toEqual([resourceArn, arn('job-definition/d:1'), queue]);
});

test('what the double does not know of Batch is a violation', async () => {
  const multinode = { type: 'multinode' as const };
  await expect(addDefinition(batch, multinode)).rejects.toMatchObject({ name: 'ClientException' });
  const nodes = addDefinition(batch, { consumableResourceProperties: {} });
  await expect(nodes).rejects.toMatchObject({ name: 'UnsupportedByDouble' });
  expect(world.takeViolations().map(({ kind }) => kind)).toEqual(['model', 'unsupported']);
});
