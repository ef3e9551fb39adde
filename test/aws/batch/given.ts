import {
  type BatchClient,
  type ComputeResource,
  CreateComputeEnvironmentCommand,
  type CreateComputeEnvironmentCommandInput,
  CreateJobQueueCommand,
  DescribeComputeEnvironmentsCommand,
  DescribeJobsCommand,
  RegisterJobDefinitionCommand,
  type RegisterJobDefinitionCommandInput,
  SubmitJobCommand,
  type SubmitJobCommandInput,
} from '@aws-sdk/client-batch';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import type { World } from '../kernel/world.ts';

/** What tests of Batch start from. */
export const executionRole = 'arn:aws:iam::111122223333:role/tasks';

export async function addRole(world: World, RoleName: string, Service: string): Promise<void> {
  const statement = { Effect: 'Allow', Principal: { Service }, Action: 'sts:AssumeRole' };
  const AssumeRolePolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  const iam = new IAMClient(world.client());
  await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
}

export const fargate: ComputeResource = {
  type: 'FARGATE',
  maxvCpus: 4,
  subnets: ['subnet-1'],
  securityGroupIds: ['sg-1'],
};

export async function addEnvironment(
  batch: BatchClient,
  more: Partial<CreateComputeEnvironmentCommandInput> = {},
): Promise<void> {
  await batch.send(
    new CreateComputeEnvironmentCommand({
      computeEnvironmentName: 'e',
      type: 'MANAGED',
      computeResources: fargate,
      ...more,
    }),
  );
}

export async function environmentOf(batch: BatchClient, name = 'e') {
  const { computeEnvironments = [] } = await batch.send(
    new DescribeComputeEnvironmentsCommand({ computeEnvironments: [name] }),
  );
  return computeEnvironments[0];
}

export async function addQueue(batch: BatchClient, jobQueueName = 'q', computeEnvironment = 'e') {
  return await batch.send(
    new CreateJobQueueCommand({
      jobQueueName,
      priority: 1,
      computeEnvironmentOrder: [{ order: 1, computeEnvironment }],
    }),
  );
}

export const containerProperties = {
  image: 'worker',
  command: ['run', 'Ref::what'],
  executionRoleArn: executionRole,
  resourceRequirements: [
    { type: 'VCPU', value: '1' },
    { type: 'MEMORY', value: '2048' },
  ],
} satisfies RegisterJobDefinitionCommandInput['containerProperties'];

export async function addDefinition(
  batch: BatchClient,
  more: Partial<RegisterJobDefinitionCommandInput> = {},
) {
  return await batch.send(
    new RegisterJobDefinitionCommand({
      jobDefinitionName: 'd',
      type: 'container',
      platformCapabilities: ['FARGATE'],
      containerProperties,
      ...more,
    }),
  );
}

/** Environment `e` with 4 vCPUs, queue `q`, definition `d` with 1 vCPU. */
export async function addAll(world: World, batch: BatchClient): Promise<void> {
  await addRole(world, 'tasks', 'ecs-tasks.amazonaws.com');
  await addEnvironment(batch);
  await addQueue(batch);
  await addDefinition(batch);
}

export async function submit(batch: BatchClient, more: Partial<SubmitJobCommandInput> = {}): Promise<string> {
  const { jobId = '' } = await batch.send(
    new SubmitJobCommand({ jobName: 'j', jobQueue: 'q', jobDefinition: 'd', ...more }),
  );
  return jobId;
}

export async function jobOf(batch: BatchClient, jobId: string) {
  const { jobs = [] } = await batch.send(new DescribeJobsCommand({ jobs: [jobId] }));
  return jobs[0];
}
