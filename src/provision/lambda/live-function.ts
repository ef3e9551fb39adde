import {
  CreateFunctionCommand,
  DeleteFunctionCommand,
  type FunctionConfiguration,
  GetFunctionCommand,
  LambdaClient,
  type LogFormat,
  type Runtime,
  TagResourceCommand,
  UpdateFunctionCodeCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { ifThere, isAwsError, isAwsMessage } from '../../aws/errors.ts';
import { retryWhile, waitFor } from '../../aws/wait.ts';
import type { Context } from '../context.ts';
import { defineResource, type Resource } from '../resource.ts';
import { liveEnvironment } from './live-environment.ts';

/** Seconds. Long enough to wait for the labeler's quota inside an invocation. */
export const FUNCTION_TIMEOUT = 300;

interface Config {
  code: string | undefined;
  runtime: string | undefined;
  handler: string | undefined;
  architecture: string | undefined;
  role: string | undefined;
  timeoutSeconds: number | undefined;
  memoryMiB: number | undefined;
  logGroup: string | undefined;
  logFormat: string | undefined;
  environment: Readonly<Record<string, string>>;
}

const READY = { every: 1000, within: 120_000 };

/** A new role is known to Lambda some seconds after it was made. */
const ROLE_KNOWN = { every: 2000, within: 120_000 };
const isRoleUnknown = (error: unknown) =>
  isAwsMessage(error, 'InvalidParameterValueException', /cannot be assumed by Lambda/);

/** The function that keeps the index current: reads the live queue. */
export function liveFunction(context: Context, after: readonly Resource[]): Resource {
  const { names, clients, tags, waiting, code } = context;
  const { name, arn } = names.function;
  const lambda = clients(LambdaClient);
  const at = { FunctionName: name };
  const configuration = (config: Config) => ({
    Role: config.role,
    Timeout: config.timeoutSeconds,
    MemorySize: config.memoryMiB,
    Handler: config.handler,
    Runtime: RUNTIME,
    LoggingConfig: { LogGroup: config.logGroup, LogFormat: LOG_FORMAT },
    Environment: { Variables: { ...config.environment } },
  });
  const updated = () =>
    waitFor(
      `function ${name} to be updated`,
      async () => {
        const { Configuration } = await lambda.send(new GetFunctionCommand(at));
        return Configuration?.LastUpdateStatus === 'InProgress' ? undefined : true;
      },
      READY,
      waiting,
    );

  return defineResource<Config>(context, {
    type: 'function',
    name,
    after,
    tags,
    wanted: () => ({
      code: code.sha256,
      runtime: RUNTIME,
      handler: 'index.handler',
      architecture: 'arm64',
      role: names.roles.live.arn,
      timeoutSeconds: FUNCTION_TIMEOUT,
      memoryMiB: 512,
      logGroup: names.liveLogs.name,
      logFormat: LOG_FORMAT,
      environment: liveEnvironment(context),
    }),
    async read() {
      const found = await ifThere(lambda.send(new GetFunctionCommand(at)));
      if (found?.Configuration === undefined) return undefined;
      const { State, LastUpdateStatus } = found.Configuration;
      return {
        tags: { ...found.Tags },
        pending: State === 'Pending' || LastUpdateStatus === 'InProgress',
        config: configOf(found.Configuration),
      };
    },
    async create(wanted) {
      const create = new CreateFunctionCommand({
        ...at,
        ...configuration(wanted),
        Code: { ZipFile: code.zip },
        Architectures: ['arm64'],
        Tags: tags,
      });
      await retryWhile(isRoleUnknown, () => lambda.send(create), ROLE_KNOWN, waiting);
    },
    async update(wanted, fields) {
      if (fields.has('code') || fields.has('architecture')) {
        const upload = { ...at, ZipFile: code.zip, Architectures: ['arm64' as const] };
        await lambda.send(new UpdateFunctionCodeCommand(upload));
        await updated();
      }
      const rest = [...fields].filter((field) => field !== 'code' && field !== 'architecture');
      if (rest.length === 0) return;
      const update = new UpdateFunctionConfigurationCommand({ ...at, ...configuration(wanted) });
      const passes = (error: unknown) =>
        isRoleUnknown(error) || isAwsError(error, 'ResourceConflictException');
      await retryWhile(passes, () => lambda.send(update), ROLE_KNOWN, waiting);
    },
    async tag(missing) {
      await lambda.send(new TagResourceCommand({ Resource: arn, Tags: missing }));
    },
    async remove() {
      await lambda.send(new DeleteFunctionCommand(at));
    },
    settling: READY,
  });
}

/** Supported until 2028-04-30; the one that the container image has too. */
const RUNTIME: Runtime = 'nodejs24.x';

const LOG_FORMAT: LogFormat = 'JSON';

const configOf = (found: FunctionConfiguration): Config => ({
  code: found.CodeSha256,
  runtime: found.Runtime,
  handler: found.Handler,
  architecture: found.Architectures?.[0],
  role: found.Role,
  timeoutSeconds: found.Timeout,
  memoryMiB: found.MemorySize,
  logGroup: found.LoggingConfig?.LogGroup,
  logFormat: found.LoggingConfig?.LogFormat,
  environment: { ...found.Environment?.Variables },
});
