import {
  BatchClient,
  CreateComputeEnvironmentCommand,
  CreateJobQueueCommand,
  DeleteComputeEnvironmentCommand,
  DeleteJobQueueCommand,
  DescribeComputeEnvironmentsCommand,
  DescribeJobDefinitionsCommand,
  ListJobsCommand,
  RegisterJobDefinitionCommand,
  SubmitJobCommand,
  UpdateComputeEnvironmentCommand,
  UpdateJobQueueCommand,
} from '@aws-sdk/client-batch';
import { DescribeSecurityGroupsCommand, DescribeSubnetsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { CreateRepositoryCommand, ECRClient } from '@aws-sdk/client-ecr';
import { EventBridgeClient, PutRuleCommand } from '@aws-sdk/client-eventbridge';
import {
  GetResourcesCommand,
  ResourceGroupsTaggingAPIClient,
} from '@aws-sdk/client-resource-groups-tagging-api';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll } from 'vitest';
import { preparePython } from '../python/venv.ts';
import { describeWith, lookFor } from '../requires.ts';
import { type Config, corrects } from './corrects.ts';
import { ROLE, withDomain, withRole } from './made.ts';
import { type CorrectedMoto, startCorrectedMoto } from './start.ts';

const tags = { stack: 'one' };
const Tags = [{ Key: 'stack', Value: 'one' }];
const resourceRequirements = [
  { type: 'VCPU' as const, value: '1' },
  { type: 'MEMORY' as const, value: '2048' },
];

async function withEnvironment(config: Config, serviceRole?: string): Promise<BatchClient> {
  const batch = new BatchClient(config);
  const ec2 = new EC2Client(config);
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({}));
  const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({}));
  const securityGroupIds = SecurityGroups.flatMap(({ GroupId }) => GroupId ?? []);
  const subnets = Subnets.flatMap(({ SubnetId }) => SubnetId ?? []);
  await batch.send(
    new CreateComputeEnvironmentCommand({
      computeEnvironmentName: 'env',
      type: 'MANAGED',
      state: 'ENABLED',
      tags,
      computeResources: { type: 'FARGATE', maxvCpus: 4, subnets, securityGroupIds },
      ...(serviceRole !== undefined && { serviceRole }),
    }),
  );
  return batch;
}

/** An environment with a queue, and a role of ours so that bare moto takes it. */
async function withQueue(config: Config): Promise<BatchClient> {
  await withRole(config);
  const batch = await withEnvironment(config, ROLE);
  const { computeEnvironments } = await batch.send(new DescribeComputeEnvironmentsCommand({}));
  const computeEnvironment = computeEnvironments?.[0]?.computeEnvironmentArn;
  const computeEnvironmentOrder = [{ order: 1, computeEnvironment }];
  await batch.send(
    new CreateJobQueueCommand({
      jobQueueName: 'q',
      priority: 1,
      state: 'ENABLED',
      computeEnvironmentOrder,
      tags,
    }),
  );
  return batch;
}

describeWith('corrected moto', await lookFor(preparePython), () => {
  let started: CorrectedMoto;
  const moto = () => started;
  beforeAll(async () => {
    started = await startCorrectedMoto({ managedPolicies: false });
  });
  afterAll(() => started.stop());

  corrects(
    "uses Batch's service-linked role where none is given",
    moto,
    async (config) => {
      const batch = await withEnvironment(config);
      const { computeEnvironments } = await batch.send(new DescribeComputeEnvironmentsCommand({}));
      return computeEnvironments?.[0]?.serviceRole;
    },
    'arn:aws:iam::123456789012:role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch',
  );

  corrects(
    "applies an environment's new size and state",
    moto,
    async (config) => {
      await withRole(config);
      const batch = await withEnvironment(config, ROLE);
      const change = { computeResources: { maxvCpus: 64 }, state: 'DISABLED' as const };
      await batch.send(new UpdateComputeEnvironmentCommand({ computeEnvironment: 'env', ...change }));
      const { computeEnvironments } = await batch.send(new DescribeComputeEnvironmentsCommand({}));
      const found = computeEnvironments?.[0];
      return [found?.computeResources?.maxvCpus, found?.state, found?.computeResources?.subnets?.length];
    },
    [64, 'DISABLED', 3],
  );

  corrects(
    'deletes no enabled queue, no enabled environment, and none with a queue',
    moto,
    async (config) => {
      const batch = await withQueue(config);
      const refused: unknown[] = [];
      const attempt = (sending: Promise<unknown>) =>
        sending.then(
          () => refused.push('deleted'),
          (error: Error) => refused.push(`${error.name}: ${error.message}`),
        );
      const environment = { computeEnvironment: 'env' };
      await attempt(batch.send(new DeleteComputeEnvironmentCommand(environment)));
      await batch.send(new UpdateComputeEnvironmentCommand({ ...environment, state: 'DISABLED' }));
      await attempt(batch.send(new DeleteComputeEnvironmentCommand(environment)));
      await attempt(batch.send(new DeleteJobQueueCommand({ jobQueue: 'q' })));
      await batch.send(new UpdateJobQueueCommand({ jobQueue: 'q', state: 'DISABLED' }));
      await attempt(batch.send(new DeleteJobQueueCommand({ jobQueue: 'q' })));
      await attempt(batch.send(new DeleteComputeEnvironmentCommand(environment)));
      return refused;
    },
    [
      'ClientException: Cannot delete, compute environment is ENABLED',
      'ClientException: Cannot delete, found existing JobQueue relationship',
      'ClientException: Cannot delete, job queue is ENABLED',
      'deleted',
      'deleted',
    ],
  );

  corrects(
    'calls an environment that is there already by the code of Batch',
    moto,
    async (config) => {
      await withRole(config);
      await withEnvironment(config, ROLE);
      return await withEnvironment(config, ROLE).catch((error) => [error.name, error.message]);
    },
    ['ClientException', 'Object already exists'],
  );

  const retryStrategy = { attempts: 2, evaluateOnExit: [{ onReason: '*', action: 'EXIT' as const }] };
  const containers = [{ name: 'main', image: 'i:1', command: ['work'], resourceRequirements }];
  corrects(
    'gives job definitions back as they were registered, in their second revision as well',
    moto,
    async (config) => {
      const batch = new BatchClient(config);
      const definition = new RegisterJobDefinitionCommand({
        jobDefinitionName: 'd',
        type: 'container',
        platformCapabilities: ['FARGATE'],
        ecsProperties: { taskProperties: [{ containers, executionRoleArn: ROLE }] },
        retryStrategy,
        propagateTags: true,
        tags,
      });
      await batch.send(definition);
      await batch.send(definition);
      const { jobDefinitions = [] } = await batch.send(
        new DescribeJobDefinitionsCommand({ jobDefinitionName: 'd', status: 'ACTIVE' }),
      );
      return jobDefinitions.map((each) => [
        each.revision,
        each.ecsProperties,
        each.containerProperties,
        each.retryStrategy,
        [each.platformCapabilities, each.propagateTags, each.tags],
      ]);
    },
    [1, 2].map((revision) => [
      revision,
      { taskProperties: [{ containers, executionRoleArn: ROLE }] },
      undefined,
      retryStrategy,
      [['FARGATE'], true, tags],
    ]),
  );

  corrects(
    'lists jobs of the status that is asked for, RUNNING by default',
    moto,
    async (config) => {
      const batch = await withQueue(config);
      const containerProperties = { image: 'i:1', resourceRequirements };
      const jobDefinition = 'd';
      await batch.send(
        new RegisterJobDefinitionCommand({
          jobDefinitionName: jobDefinition,
          type: 'container',
          containerProperties,
        }),
      );
      await batch.send(new SubmitJobCommand({ jobName: 'j', jobQueue: 'q', jobDefinition }));
      const list = async (jobStatus?: 'SUCCEEDED') => {
        const { jobSummaryList } = await batch.send(
          new ListJobsCommand({ jobQueue: 'q', ...(jobStatus && { jobStatus }) }),
        );
        return jobSummaryList?.length;
      };
      return [await list('SUCCEEDED'), await list()];
    },
    [1, 0],
  );

  corrects(
    'finds everything by its tag',
    moto,
    async (config) => {
      const batch = await withQueue(config);
      const containerProperties = { image: 'i:1', resourceRequirements };
      await batch.send(
        new RegisterJobDefinitionCommand({
          jobDefinitionName: 'd',
          type: 'container',
          containerProperties,
          tags,
        }),
      );
      await withDomain(config);
      await new ECRClient(config).send(new CreateRepositoryCommand({ repositoryName: 'r', tags: Tags }));
      const events = new EventBridgeClient(config);
      await events.send(new PutRuleCommand({ Name: 'r', ScheduleExpression: 'rate(1 day)', Tags }));
      await new SQSClient(config).send(new CreateQueueCommand({ QueueName: 'q', tags }));
      const find = new GetResourcesCommand({ TagFilters: [{ Key: 'stack', Values: ['one'] }] });
      const { ResourceTagMappingList = [] } = await new ResourceGroupsTaggingAPIClient(config).send(find);
      return ResourceTagMappingList.map((each) => each.ResourceARN?.split(':123456789012:')[1]).sort();
    },
    [
      'compute-environment/env',
      'domain/images',
      'job-definition/d:1',
      'job-queue/q',
      'q',
      'repository/r',
      'rule/r',
    ],
  );
});
