import {
  BatchClient,
  DeregisterJobDefinitionCommand,
  DescribeJobDefinitionsCommand,
} from '@aws-sdk/client-batch';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { World } from '../kernel/world.ts';
import { startWorld } from '../world.ts';
import { addDefinition, containerProperties, executionRole } from './given.ts';

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
test('job definitions have revisions, come in pages, and stay when deregistered', async () => {
  for (let n = 1; n <= 3; n++) expect(await addDefinition(batch)).toMatchObject({ revision: n });
  await batch.send(new DeregisterJobDefinitionCommand({ jobDefinition: 'd:2' }));
  const list = async (more: object) => {
    const { jobDefinitions = [] } = await batch.send(new DescribeJobDefinitionsCommand(more));
    return jobDefinitions.map((each) => each.revision);
  };
  expect(await list({ jobDefinitionName: 'd' })).toEqual([1, 2, 3]);
  expect(await list({ jobDefinitionName: 'd', status: 'ACTIVE' })).toEqual([1, 3]);
  expect(await list({ jobDefinitions: ['d:2', arn('job-definition/d:3')] })).toEqual([2, 3]);
  await expect(list({ jobDefinitions: ['d:2'], status: 'ACTIVE' })).rejects.toMatchObject(refusal(/other/));
  const page = await batch.send(new DescribeJobDefinitionsCommand({ maxResults: 2 }));
  expect(await list({ maxResults: 2, nextToken: page.nextToken })).toEqual([3]);
  expect(page.jobDefinitions?.[0]).toMatchObject({
    status: 'ACTIVE',
    containerProperties: {
      ...containerProperties,
      volumes: [],
      fargatePlatformConfiguration: { platformVersion: 'LATEST' },
    },
  });
  await world.clock.advance(180 * 24 * 3600 * 1000);
  expect(await list({})).toEqual([1, 3]);
  expect(await addDefinition(batch)).toMatchObject({ revision: 4 });
});

const sized = (vcpus: string, memory: string) => ({
  containerProperties: {
    ...containerProperties,
    resourceRequirements: [
      { type: 'VCPU' as const, value: vcpus },
      { type: 'MEMORY' as const, value: memory },
    ],
  },
});
const rules = (count: number) =>
  Array.from({ length: count }, () => ({ onReason: '*', action: 'EXIT' as const }));
const task = (stopTimeout: number) => ({
  containerProperties: undefined,
  ecsProperties: {
    taskProperties: [
      {
        executionRoleArn: executionRole,
        containers: [{ ...sized('1', '2048').containerProperties, executionRoleArn: undefined, stopTimeout }],
      },
    ],
  },
});

test.each([
  [sized('1', '4000'), 'Fargate resource requirements (1.00 vCPU, 4000 MiB) not valid.'],
  [sized('0.25', '4096'), 'Fargate resource requirements'],
  [sized('3', '8192'), 'Fargate resource requirements'],
  [{ containerProperties: { ...containerProperties, executionRoleArn: undefined } }, 'executionRoleArn'],
  [{ containerProperties: { ...containerProperties, privileged: true } }, 'privileged'],
  [
    { containerProperties: { ...containerProperties, runtimePlatform: { cpuArchitecture: 'arm' } } },
    'cpuArch',
  ],
  [
    { containerProperties: { ...containerProperties, environment: [{ name: 'AWS_BATCH_X', value: '' }] } },
    'reserved',
  ],
  [
    {
      platformCapabilities: ['EC2' as const],
      containerProperties: { ...containerProperties, networkConfiguration: {} },
    },
    'EC2',
  ],
  [{ containerProperties: undefined }, 'Exactly one'],
  [{ retryStrategy: { attempts: 11 } }, 'between 1 and 10'],
  [{ retryStrategy: { attempts: 2, evaluateOnExit: rules(6) } }, 'more than 5'],
  [{ retryStrategy: { evaluateOnExit: rules(1) } }, 'attempts must'],
  [
    { retryStrategy: { attempts: 2, evaluateOnExit: [{ onReason: '*x', action: 'EXIT' as const }] } },
    'pattern',
  ],
  [
    { retryStrategy: { attempts: 2, evaluateOnExit: [{ onExitCode: 'a', action: 'EXIT' as const }] } },
    'pattern',
  ],
  [{ timeout: { attemptDurationSeconds: 59 } }, 'at least 60'],
  [task(121), 'stopTimeout'],
])('a job definition is refused: %#', async (more, message) => {
  const text = message.replace(/[().]/g, '\\$&');
  await expect(addDefinition(batch, more)).rejects.toMatchObject(refusal(new RegExp(text)));
});

test('Fargate sizes, ARM64, public addresses and a stopTimeout of 120 s are taken', async () => {
  await addDefinition(batch, sized('.25', '512'));
  await addDefinition(batch, sized('4', '30720'));
  await addDefinition(batch, task(120));
  const runtimePlatform = { cpuArchitecture: 'ARM64', operatingSystemFamily: 'LINUX' };
  const networkConfiguration = { assignPublicIp: 'ENABLED' as const };
  const more = { ...containerProperties, runtimePlatform, networkConfiguration };
  expect(await addDefinition(batch, { containerProperties: more })).toMatchObject({ revision: 4 });
});
