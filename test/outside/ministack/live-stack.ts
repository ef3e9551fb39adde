import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  GetFunctionConfigurationCommand,
  LambdaClient,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import {
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  SetQueueAttributesCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { createClients } from '../../../src/aws/clients.ts';
import { DETECT_LABELS_QUOTA } from '../../../src/aws/quotas.ts';
import { realWaiting } from '../../../src/aws/wait.ts';
import type { Context } from '../../../src/provision/context.ts';
import { liveRole } from '../../../src/provision/iam/live-role.ts';
import { packCode } from '../../../src/provision/lambda/code.ts';
import { eventSourceMapping } from '../../../src/provision/lambda/event-source-mapping.ts';
import { liveFunction } from '../../../src/provision/lambda/live-function.ts';
import { indexAddress } from '../../../src/provision/opensearch/index-address.ts';
import { imagesNotifications } from '../../../src/provision/s3/images-notifications.ts';
import { stackBucket } from '../../../src/provision/s3/stack-bucket.ts';
import { stackRecord } from '../../../src/provision/s3/stack-record.ts';
import { deadLetterQueue } from '../../../src/provision/sqs/dead-letter-queue.ts';
import { liveQueue } from '../../../src/provision/sqs/live-queue.ts';
import { AWS_ADAPTERS, type AwsRecord, RECORD_FORMAT } from '../../../src/stack/record.ts';
import { initialSettings } from '../../../src/stack/settings.ts';
import { PRELOAD, type World } from '../../aws/kernel/world.ts';
import { setQuota } from '../../aws/quotas/service.ts';
import { builtCli } from '../../cli.ts';
import { testContext } from '../../provision/context.ts';

/** After so many receipts a message is a dead letter here: of a stack's fifty nobody wants to see the end. */
const RECEIPTS = 3;

/** The live half of a stack, made by its own resources. */
export interface LiveStack {
  context: Context;
  s3: S3Client;
  sqs: SQSClient;
  queueUrl: string;
  /** Lets the function read the queue. */
  begin(): Promise<void>;
  /** Messages of a queue that are visible, and those that are received or wait for their time. */
  messages(queue: 'queue' | 'deadLetters'): Promise<{ visible: number; hidden: number }>;
}

/**
 * Sets up what a changed image passes through, in MiniStack: the buckets, record and address of the index, queues, notification
 * and the function as it is built. Rekognition and the quotas are the double's, for the function's own keys.
 */
export async function openLiveStack(ministack: string, world: World, index: string): Promise<LiveStack> {
  const context = await contextOf(ministack, world, index);
  const { names, spec, clients } = context;
  const [s3, sqs] = [clients(S3Client), clients(SQSClient)];
  const CreateBucketConfiguration = { LocationConstraint: 'eu-west-1' } as const;
  await s3.send(new CreateBucketCommand({ Bucket: spec.bucket, CreateBucketConfiguration }));

  const bucket = stackBucket(context);
  const record = stackRecord(context, recordOf(context), bucket);
  const deadLetters = deadLetterQueue(context, [record]);
  const queue = liveQueue(context, deadLetters);
  const role = liveRole(context, [record]);
  const live = liveFunction(context, [role]);
  const address = indexAddress(context, [record]);
  const changes = imagesNotifications(context, [queue]);
  for (const each of [bucket, record, deadLetters, queue, role, live, address, changes]) await each.ensure();

  const urlOf = async (QueueName: string) =>
    (await sqs.send(new GetQueueUrlCommand({ QueueName }))).QueueUrl ?? '';
  const queueUrl = await urlOf(names.queue.name);
  const RedrivePolicy = JSON.stringify({
    deadLetterTargetArn: names.deadLetters.arn,
    maxReceiveCount: RECEIPTS,
  });
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl: queueUrl, Attributes: { RedrivePolicy } }));
  await addVariables(context, {
    AWS_ENDPOINT_URL_REKOGNITION: world.url,
    AWS_ENDPOINT_URL_SERVICE_QUOTAS: world.url,
    // What failed comes again after a random time, up to half a minute at first: here always after little of it.
    NODE_OPTIONS: `${PRELOAD} --import data:text/javascript,Math.random=()=>.02`,
  });
  return {
    context,
    s3,
    sqs,
    queueUrl,
    begin: () => eventSourceMapping(context, [live, queue]).ensure(),
    async messages(which) {
      const { Attributes = {} } = await sqs.send(
        new GetQueueAttributesCommand({ QueueUrl: await urlOf(names[which].name), AttributeNames: ['All'] }),
      );
      return {
        visible: Number(Attributes.ApproximateNumberOfMessages),
        hidden: Number(Attributes.ApproximateNumberOfMessagesNotVisible),
      };
    },
  };
}

async function contextOf(ministack: string, world: World, index: string): Promise<Context> {
  // The index is shared with other suites.
  const context = testContext(world, { name: `mini-${randomBytes(4).toString('hex')}` });
  const { account, region } = context.spec;
  // MiniStack's key is the account; a function has it, too.
  const keys = { accessKeyId: account, secretAccessKey: 'test' };
  const role = context.names.roles.live;
  world.principals.add(
    {
      account,
      arn: `arn:aws:sts::${account}:assumed-role/${role.name}/live`,
      userId: 'live',
      role: role.arn,
    },
    keys,
  );
  // As quick as the test, instead of five images a second.
  const [service, code] = DETECT_LABELS_QUOTA;
  setQuota(world, { account, region }, service, code, 1000);
  const client = { endpoint: ministack, region, credentials: async () => keys };
  const bundle = await readFile(join(await builtCli(), 'dist/bundle/index.mjs'), 'utf8');
  return {
    ...context,
    clients: createClients(client),
    code: packCode(bundle),
    waiting: realWaiting(),
    outputs: { indexEndpoint: index },
  };
}

function recordOf({ spec: { name, prefix: _, ...aws } }: Context): AwsRecord {
  return {
    format: RECORD_FORMAT,
    name,
    createdAt: new Date(0).toISOString(),
    settings: initialSettings(),
    adapters: AWS_ADAPTERS,
    aws,
  };
}

/** Beside those that setup writes. */
async function addVariables({ clients, names }: Context, more: Record<string, string>): Promise<void> {
  const lambda = clients(LambdaClient);
  const at = { FunctionName: names.function.name };
  const { Environment } = await lambda.send(new GetFunctionConfigurationCommand(at));
  const Variables = { ...Environment?.Variables, ...more };
  await lambda.send(new UpdateFunctionConfigurationCommand({ ...at, Environment: { Variables } }));
}
