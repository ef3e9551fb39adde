import {
  DeleteEventSourceMappingCommand,
  DeleteFunctionCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
  type UpdateEventSourceMappingRequest,
  UpdateFunctionCodeCommand,
  type UpdateFunctionCodeRequest,
  UpdateFunctionConfigurationCommand,
  type UpdateFunctionConfigurationRequest,
} from '@aws-sdk/client-lambda';
import type { Context } from '../../src/provision/context.ts';
import { packCode } from '../../src/provision/lambda/code.ts';
import { CODE } from './context.ts';
import type { DriftTable } from './drift-table.ts';
import type { Theirs } from './theirs.ts';

/** The live function, and what feeds it. */
export function functionDrifts({ clients, names }: Context, theirs: Theirs): DriftTable {
  const client = clients(LambdaClient);
  const { name: FunctionName } = names.function;
  const code = (change: Omit<UpdateFunctionCodeRequest, 'FunctionName'>) =>
    [
      () => client.send(new UpdateFunctionCodeCommand({ FunctionName, ...change })),
      'UpdateFunctionCode',
    ] as const;
  const configuration = (change: Omit<UpdateFunctionConfigurationRequest, 'FunctionName'>) =>
    [
      () => client.send(new UpdateFunctionConfigurationCommand({ FunctionName, ...change })),
      'UpdateFunctionConfiguration',
    ] as const;
  const find = async () => {
    const list = new ListEventSourceMappingsCommand({ FunctionName, EventSourceArn: names.queue.arn });
    return { UUID: (await client.send(list)).EventSourceMappings?.[0]?.UUID };
  };
  const mapping = (change: Omit<UpdateEventSourceMappingRequest, 'UUID'>) =>
    [
      async () => client.send(new UpdateEventSourceMappingCommand({ ...(await find()), ...change })),
      'UpdateEventSourceMapping',
    ] as const;
  const LogGroup = names.liveLogs.name;
  return {
    [`event-source-mapping ${FunctionName}`]: {
      gone: async () => client.send(new DeleteEventSourceMappingCommand(await find())),
      fields: {
        batchSize: mapping({ BatchSize: 1 }),
        batchingWindowSeconds: mapping({ MaximumBatchingWindowInSeconds: 5 }),
        concurrency: mapping({ ScalingConfig: { MaximumConcurrency: 1000 } }),
        responses: mapping({ FunctionResponseTypes: [] }),
        enabled: mapping({ Enabled: false }),
      },
    },
    [`function ${FunctionName}`]: {
      gone: () => client.send(new DeleteFunctionCommand({ FunctionName })),
      fields: {
        code: code({ ZipFile: packCode('export const handler = () => 1;').zip }),
        architecture: code({ ZipFile: CODE.zip, Architectures: ['x86_64'] }),
        runtime: configuration({ Runtime: 'nodejs22.x' }),
        handler: configuration({ Handler: 'theirs.handler' }),
        role: configuration({ Role: theirs.role }),
        timeoutSeconds: configuration({ Timeout: 3 }),
        memoryMiB: configuration({ MemorySize: 128 }),
        logGroup: configuration({ LoggingConfig: { LogGroup: '/theirs', LogFormat: 'JSON' } }),
        logFormat: configuration({ LoggingConfig: { LogGroup, LogFormat: 'Text' } }),
        environment: configuration({ Environment: { Variables: { THEIRS: '1' } } }),
      },
    },
  };
}
