import {
  CreateEventSourceMappingCommand,
  CreateFunctionCommand,
  GetAccountSettingsCommand,
  GetFunctionCommand,
  GetFunctionConfigurationCommand,
  LambdaClient,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import {
  DescribeDomainCommand,
  ListVersionsCommand,
  OpenSearchClient,
  UpdateDomainConfigCommand,
} from '@aws-sdk/client-opensearch';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { zipSync } from 'fflate';
import { afterAll, beforeAll } from 'vitest';
import { preparePython } from '../python/venv.ts';
import { describeWith, lookFor } from '../requires.ts';
import { type Config, corrects } from './corrects.ts';
import { ROLE, withDomain, withRole } from './made.ts';
import { type CorrectedMoto, startCorrectedMoto } from './start.ts';

/** Where a domain is said to be. */
const NODE = 'http://127.0.0.1:9200';
const QUEUE = 'arn:aws:sqs:eu-west-1:123456789012:q';

async function withFunction(config: Config): Promise<LambdaClient> {
  await withRole(config);
  const lambda = new LambdaClient(config);
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: 'f',
      Role: ROLE,
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      Code: { ZipFile: zipSync({ 'index.mjs': new Uint8Array(1) }) },
      LoggingConfig: { LogFormat: 'JSON', LogGroup: '/rekback/f' },
      Tags: { stack: 'one' },
    }),
  );
  return lambda;
}

async function withMapping(config: Config) {
  const lambda = await withFunction(config);
  await new SQSClient(config).send(new CreateQueueCommand({ QueueName: 'q' }));
  const map = () =>
    lambda.send(new CreateEventSourceMappingCommand({ FunctionName: 'f', EventSourceArn: QUEUE }));
  await map();
  return map;
}

describeWith('corrected moto', await lookFor(preparePython), () => {
  let started: CorrectedMoto;
  const moto = () => started;
  beforeAll(async () => {
    started = await startCorrectedMoto({ managedPolicies: false, node: NODE });
  });
  afterAll(() => started.stop());

  corrects(
    "keeps a function's logging configuration",
    moto,
    async (config) => {
      const lambda = await withFunction(config);
      const { Configuration } = await lambda.send(new GetFunctionCommand({ FunctionName: 'f' }));
      const LoggingConfig = { LogFormat: 'Text' as const };
      await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'f', LoggingConfig }));
      const updated = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName: 'f' }));
      return [Configuration?.LoggingConfig, updated.LoggingConfig];
    },
    [
      { LogFormat: 'JSON', LogGroup: '/rekback/f' },
      { LogFormat: 'Text', LogGroup: '/rekback/f' },
    ],
  );

  corrects(
    "answers Lambda's account settings",
    moto,
    async (config) => {
      const lambda = await withFunction(config);
      const { AccountLimit, AccountUsage } = await lambda.send(new GetAccountSettingsCommand({}));
      return [AccountLimit?.ConcurrentExecutions, AccountUsage?.FunctionCount];
    },
    [1000, 1],
  );

  corrects(
    'refuses a second mapping of a queue to a function',
    moto,
    async (config) => {
      const map = await withMapping(config);
      return await map().catch((error) => [error.name, error.$metadata.httpStatusCode]);
    },
    ['ResourceConflictException', 409],
  );

  corrects(
    'refuses a second domain of the same name',
    moto,
    async (config) => {
      await withDomain(config);
      return await withDomain(config).catch((error) => [error.name, error.$metadata.httpStatusCode]);
    },
    ['ResourceAlreadyExistsException', 409],
  );

  corrects(
    "keeps what an update of a domain doesn't name",
    moto,
    async (config) => {
      const opensearch = await withDomain(config);
      const update = { DomainName: 'images', ClusterConfig: { InstanceCount: 2 } };
      await opensearch.send(new UpdateDomainConfigCommand(update));
      const { DomainStatus } = await opensearch.send(new DescribeDomainCommand({ DomainName: 'images' }));
      const { InstanceType, InstanceCount, DedicatedMasterEnabled } = DomainStatus?.ClusterConfig ?? {};
      return [InstanceType, InstanceCount, DedicatedMasterEnabled];
    },
    ['t3.small.search', 2, true],
  );

  corrects(
    'points to a node on this machine',
    moto,
    async (config) => {
      const opensearch = await withDomain(config);
      const { DomainStatus } = await opensearch.send(new DescribeDomainCommand({ DomainName: 'images' }));
      return DomainStatus?.Endpoint;
    },
    NODE,
  );

  corrects(
    'lists the engine versions',
    moto,
    async (config) => (await new OpenSearchClient(config).send(new ListVersionsCommand({}))).Versions?.[0],
    'OpenSearch_3.5',
  );
});
