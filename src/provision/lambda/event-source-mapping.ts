import {
  CreateEventSourceMappingCommand,
  DeleteEventSourceMappingCommand,
  type EventSourceMappingConfiguration,
  LambdaClient,
  ListEventSourceMappingsCommand,
  ListTagsCommand,
  TagResourceCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { isAwsError, isAwsMessage } from '../../aws/errors.ts';
import { LIVE_INVOCATIONS } from '../../aws/quotas.ts';
import { retryWhile } from '../../aws/wait.ts';
import type { Context } from '../context.ts';
import { defineResource, type Resource } from '../resource.ts';

interface Config {
  batchSize: number | undefined;
  batchingWindowSeconds: number | undefined;
  concurrency: number | undefined;
  responses: readonly string[];
  enabled: boolean;
}

const READY = { every: 2000, within: 180_000 };

/** A new role's rights are known to Lambda some seconds after they were written. */
const RIGHTS_KNOWN = { every: 2000, within: 120_000 };
const isRoleUnknown = (error: unknown) =>
  isAwsMessage(error, 'InvalidParameterValueException', /execution role does not have permissions/);

/** Lets the live function read the live queue. Only failed messages come again. */
export function eventSourceMapping(context: Context, after: readonly Resource[]): Resource {
  const { spec, names, clients, tags, waiting, outputs } = context;
  const lambda = clients(LambdaClient);
  const source = { FunctionName: names.function.name, EventSourceArn: names.queue.arn };
  const find = async (): Promise<EventSourceMappingConfiguration | undefined> => {
    const { EventSourceMappings = [] } = await lambda.send(new ListEventSourceMappingsCommand(source));
    return EventSourceMappings[0];
  };
  const arnOf = ({ UUID, EventSourceMappingArn }: EventSourceMappingConfiguration) =>
    EventSourceMappingArn ??
    `arn:${spec.partition}:lambda:${spec.region}:${spec.account}:event-source-mapping:${UUID}`;
  const settings = (config: Config) => ({
    BatchSize: config.batchSize,
    MaximumBatchingWindowInSeconds: config.batchingWindowSeconds,
    ScalingConfig: { MaximumConcurrency: config.concurrency },
    FunctionResponseTypes: ['ReportBatchItemFailures' as const],
    Enabled: config.enabled,
  });
  const uuid = async () => (await find())?.UUID;

  return defineResource<Config>(context, {
    type: 'event-source-mapping',
    name: names.function.name,
    after,
    tags,
    wanted: () => ({
      batchSize: 10,
      batchingWindowSeconds: 1,
      concurrency: LIVE_INVOCATIONS,
      responses: ['ReportBatchItemFailures'],
      enabled: spec.livePaused !== true,
    }),
    async read() {
      const found = await find();
      if (found === undefined) return undefined;
      outputs.seen = [...(outputs.seen ?? []), found.UUID ?? ''];
      const { Tags } = await lambda.send(new ListTagsCommand({ Resource: arnOf(found) }));
      return {
        tags: { ...Tags },
        pending: /ing$/.test(found.State ?? ''),
        config: {
          batchSize: found.BatchSize,
          batchingWindowSeconds: found.MaximumBatchingWindowInSeconds,
          concurrency: found.ScalingConfig?.MaximumConcurrency,
          responses: found.FunctionResponseTypes ?? [],
          enabled: found.State === 'Enabled',
        },
      };
    },
    async create(wanted) {
      const create = new CreateEventSourceMappingCommand({ ...source, ...settings(wanted), Tags: tags });
      await retryWhile(isRoleUnknown, () => lambda.send(create), RIGHTS_KNOWN, waiting);
    },
    async update(wanted) {
      await lambda.send(new UpdateEventSourceMappingCommand({ UUID: await uuid(), ...settings(wanted) }));
    },
    async tag(missing) {
      const found = await find();
      if (found !== undefined) {
        await lambda.send(new TagResourceCommand({ Resource: arnOf(found), Tags: missing }));
      }
    },
    async remove() {
      const remove = async () => {
        const UUID = await uuid();
        if (UUID !== undefined) await lambda.send(new DeleteEventSourceMappingCommand({ UUID }));
      };
      // Refused while it is still being made, changed or deleted: in the last case it is gone after a while.
      await retryWhile((error) => isAwsError(error, 'ResourceInUseException'), remove, READY, waiting);
    },
    settling: READY,
    vanishing: READY,
  });
}
