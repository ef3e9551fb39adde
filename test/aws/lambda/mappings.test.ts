import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  FilterLogEventsCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateEventSourceMappingCommand,
  CreateFunctionCommand,
  DeleteEventSourceMappingCommand,
  GetEventSourceMappingCommand,
  InvokeCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
  ListTagsCommand,
  PutFunctionConcurrencyCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { zipSync } from 'fflate';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { World } from '../kernel/world.ts';
import { startWorld } from '../world.ts';
import { makeRole } from './fixtures.ts';
import { failuresIn } from './poller.ts';
import { runFunctions } from './reach.ts';

let world: World;
let lambda: LambdaClient;
let sqs: SQSClient;
const arnOf = (name: string) => `arn:aws:sqs:eu-west-1:111122223333:${name}`;
beforeAll(async () => {
  world = await startWorld();
  lambda = new LambdaClient(world.client());
  sqs = new SQSClient(world.client());
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(async () => {
  await world.stop();
});

async function queue(QueueName = 'q', Attributes: Record<string, string> = { VisibilityTimeout: '60' }) {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
  return QueueUrl ?? '';
}
const send = (QueueUrl: string, ...bodies: string[]) =>
  Promise.all(bodies.map((MessageBody) => sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }))));
async function count(QueueUrl: string) {
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['All'] }));
  return [Attributes?.ApproximateNumberOfMessages, Attributes?.ApproximateNumberOfMessagesNotVisible].map(
    Number,
  );
}
async function makeFunction(more: object = {}, actions = ['sqs:*', 'logs:*']) {
  const Role = await makeRole(world, 'r', actions);
  const ZipFile = Buffer.from(zipSync({ 'index.mjs': Buffer.from('1') }));
  await lambda.send(
    new CreateFunctionCommand({
      FunctionName: 'f',
      Role,
      Runtime: 'nodejs22.x',
      Handler: 'index.handler',
      Code: { ZipFile },
      Timeout: 30,
      ...more,
    }),
  );
}
const map = (more: object = {}) =>
  lambda.send(
    new CreateEventSourceMappingCommand({ FunctionName: 'f', EventSourceArn: arnOf('q'), ...more }),
  );
interface SqsEvent {
  Records: { messageId: string; body: string; attributes: Record<string, string> }[];
}
const bodies = (event: unknown) => (event as SqsEvent).Records.map(({ body }) => body);

test('a mapping goes through its states, is listed, and is gone', async () => {
  world.delays.lambdaMapping = 1000;
  await queue();
  await makeFunction();
  const {
    UUID = '',
    State,
    EventSourceMappingArn,
  } = await map({
    Tags: { stack: 'x' },
    ScalingConfig: { MaximumConcurrency: 2 },
    FunctionResponseTypes: ['ReportBatchItemFailures'],
  });
  expect(State).toBe('Creating');
  const get = () => lambda.send(new GetEventSourceMappingCommand({ UUID }));
  const remove = () => lambda.send(new DeleteEventSourceMappingCommand({ UUID }));
  await expect(remove()).rejects.toMatchObject({ name: 'ResourceInUseException' });
  await world.clock.advance(1000);
  expect(await get()).toMatchObject({ State: 'Enabled', BatchSize: 10, MaximumBatchingWindowInSeconds: 0 });
  const { Tags } = await lambda.send(new ListTagsCommand({ Resource: EventSourceMappingArn }));
  expect(Tags).toEqual({ stack: 'x' });
  const disabled = new UpdateEventSourceMappingCommand({ UUID, Enabled: false, ScalingConfig: {} });
  expect(await lambda.send(disabled)).toMatchObject({ State: 'Disabling' });
  await world.clock.advance(1000);
  const { State: off, ScalingConfig } = await get();
  expect([off, ScalingConfig]).toEqual(['Disabled', undefined]);
  expect((await remove()).State).toBe('Deleting');
  await world.clock.advance(1000);
  await expect(get()).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
});

test('a pair is mapped once; lists are by queue, by function and by pages', async () => {
  await Promise.all([queue(), queue('p'), makeFunction()]);
  const { UUID } = await map();
  await expect(map()).rejects.toMatchObject({
    name: 'ResourceConflictException',
    message: expect.stringContaining(`with UUID ${UUID}`),
  });
  await map({ EventSourceArn: arnOf('p') });
  const list = async (more: object) => await lambda.send(new ListEventSourceMappingsCommand(more));
  const byQueue = await list({ EventSourceArn: arnOf('p') });
  expect(byQueue.EventSourceMappings?.map((each) => each.EventSourceArn)).toEqual([arnOf('p')]);
  expect((await list({ FunctionName: 'another' })).EventSourceMappings).toEqual([]);
  const first = await list({ FunctionName: 'f', MaxItems: 1 });
  const second = await list({ FunctionName: 'f', MaxItems: 1, Marker: first.NextMarker });
  const uuids = [...(first.EventSourceMappings ?? []), ...(second.EventSourceMappings ?? [])].map(
    (each) => each.UUID,
  );
  expect(new Set(uuids).size).toBe(2);
  expect(second.NextMarker).toBeUndefined();
});

test.each([
  ['large batches without a window', {}, { BatchSize: 11 }, 'Maximum batch window'],
  [
    'a short visibility',
    { Timeout: 61 },
    {},
    'Queue visibility timeout: 60 seconds is less than Function timeout: 61 seconds',
  ],
  ['no such queue', {}, { EventSourceArn: arnOf('none') }, 'NonExistentQueue'],
  ['no such function', {}, { FunctionName: 'none' }, 'Function does not exist'],
])('refused: %s', async (_, settings, mapping, message) => {
  await queue();
  await makeFunction(settings);
  await expect(map(mapping)).rejects.toMatchObject({
    name: 'InvalidParameterValueException',
    message: expect.stringContaining(message),
  });
});

test('refused: a role without rights to the queue, until its policy has them', async () => {
  await queue();
  await makeFunction({}, ['logs:*']);
  await expect(map()).rejects.toMatchObject({
    message: 'The provided execution role does not have permissions to call ReceiveMessage on SQS',
  });
  await makeRole(world, 'r', ['sqs:ReceiveMessage', 'sqs:GetQueueAttributes']);
  await expect(map()).rejects.toMatchObject({ message: expect.stringContaining('DeleteMessage') });
  await makeRole(world, 'r', ['sqs:*']);
  expect((await map()).State).toBe('Creating');
});

test('messages arrive in batches and are deleted when the function has had them', async () => {
  const url = await queue();
  await makeFunction();
  await map({ BatchSize: 2, ScalingConfig: { MaximumConcurrency: 2 } });
  await send(url, 'a', 'b', 'c');
  const events: string[][] = [];
  let running = 0;
  let most = 0;
  runFunctions(world, async (_, event) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setImmediate(resolve));
    running--;
    events.push(bodies(event));
  });
  await world.clock.advance(0);
  expect(events).toEqual([['a', 'b'], ['c']]);
  await send(url, ...Array.from({ length: 12 }, String));
  await world.clock.advance(1000);
  expect(events.flat()).toHaveLength(15);
  expect(most).toBe(2);
  expect(await count(url)).toEqual([0, 0]);
});

test('what fails comes back after its visibility, and goes to the dead letters in the end', async () => {
  const dead = await queue('dead');
  const url = await queue('q', {
    VisibilityTimeout: '60',
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: arnOf('dead'), maxReceiveCount: 2 }),
  });
  await makeFunction();
  await map({ FunctionResponseTypes: ['ReportBatchItemFailures'] });
  await send(url, 'good', 'bad');
  const seen: string[][] = [];
  runFunctions(world, async (_, event) => {
    seen.push(bodies(event));
    const failed = (event as SqsEvent).Records.filter(({ body }) => body === 'bad');
    return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) };
  });
  await world.clock.advance(1000);
  expect(await count(url)).toEqual([0, 1]);
  await world.clock.advance(60_000);
  expect(seen).toEqual([['good', 'bad'], ['bad']]);
  await world.clock.advance(60_000);
  expect([await count(url), await count(dead)]).toEqual([
    [0, 0],
    [1, 0],
  ]);
  expect(seen).toHaveLength(2);
});

test('an error fails the whole batch; a window gathers; a disabled mapping rests', async () => {
  const url = await queue();
  await makeFunction();
  const { UUID } = await map({ BatchSize: 100, MaximumBatchingWindowInSeconds: 5 });
  const seen: string[][] = [];
  runFunctions(world, async (_, event) => {
    seen.push(bodies(event));
    if (seen.length === 1) throw new Error('no');
    return {};
  });
  await send(url, 'a');
  await world.clock.advance(3000);
  await send(url, 'b');
  expect(seen).toEqual([]);
  await world.clock.advance(3000);
  expect(seen).toEqual([['a', 'b']]);
  expect(await count(url)).toEqual([0, 2]);
  await lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: false }));
  await world.clock.advance(120_000);
  expect(await count(url)).toEqual([2, 0]);
  await lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: true }));
  await world.clock.advance(10_000);
  expect([seen.length, await count(url)]).toEqual([2, [0, 0]]);
});

test('a message that someone else has received meanwhile is not deleted', async () => {
  const url = await queue();
  await makeFunction();
  await map();
  await send(url, 'a');
  runFunctions(world, async (_, event) => {
    const { receiptHandle: ReceiptHandle } =
      (event as { Records: { receiptHandle: string }[] }).Records[0] ?? {};
    await sqs.send(
      new ChangeMessageVisibilityCommand({ QueueUrl: url, ReceiptHandle, VisibilityTimeout: 0 }),
    );
    await sqs.send(new ReceiveMessageCommand({ QueueUrl: url }));
  });
  await world.clock.advance(0);
  expect(await count(url)).toEqual([0, 1]);
});

test('answers about single messages are read as AWS reads them', () => {
  const ids = ['1', '2'];
  expect(failuresIn({ batchItemFailures: [{ itemIdentifier: '2' }] }, ids)).toEqual(['2']);
  for (const fine of [null, {}, { batchItemFailures: [] }, { batchItemFailures: null }]) {
    expect(failuresIn(fine, ids)).toEqual([]);
  }
  for (const wrong of ['', null, '3']) {
    expect(failuresIn({ batchItemFailures: [{ itemIdentifier: wrong }] }, ids)).toEqual(ids);
  }
  expect(failuresIn({ batchItemFailures: [{ itemId: '1' }] }, ids)).toEqual(ids);
});

test('a function runs with its role’s keys, its variables and its log group', async () => {
  const logs = new CloudWatchLogsClient(world.client());
  await logs.send(new CreateLogGroupCommand({ logGroupName: '/rekback/x' }));
  await makeFunction({
    Environment: { Variables: { RATE: '5' } },
    LoggingConfig: { LogGroup: '/rekback/x' },
  });
  runFunctions(world, async (_, event, { env, log }) => {
    log(`rate ${env.RATE}`);
    const sts = new STSClient({
      endpoint: env.AWS_ENDPOINT_URL ?? '',
      region: env.AWS_REGION ?? '',
      credentials: {
        accessKeyId: env.AWS_ACCESS_KEY_ID ?? '',
        secretAccessKey: env.AWS_SECRET_ACCESS_KEY ?? '',
        sessionToken: env.AWS_SESSION_TOKEN ?? '',
      },
    });
    if ((event as { fail?: boolean }).fail) throw new TypeError('as told');
    return (await sts.send(new GetCallerIdentityCommand({}))).Arn;
  });
  const invoke = (payload: object, more: object = {}) =>
    lambda.send(new InvokeCommand({ FunctionName: 'f', Payload: JSON.stringify(payload), ...more }));
  const { Payload, FunctionError } = await invoke({});
  expect(FunctionError).toBeUndefined();
  expect(JSON.parse(Payload?.transformToString() ?? '')).toBe('arn:aws:sts::111122223333:assumed-role/r/f');
  const failed = await invoke({ fail: true }, { LogType: 'Tail' });
  expect(failed.FunctionError).toBe('Unhandled');
  expect(JSON.parse(failed.Payload?.transformToString() ?? '')).toEqual({
    errorMessage: 'as told',
    errorType: 'TypeError',
  });
  expect(Buffer.from(failed.LogResult ?? '', 'base64').toString()).toContain('rate 5');
  const { events } = await logs.send(
    new FilterLogEventsCommand({ logGroupName: '/rekback/x', filterPattern: 'rate' }),
  );
  expect(events?.map(({ message }) => message)).toEqual(['rate 5', 'rate 5']);
  await lambda.send(
    new PutFunctionConcurrencyCommand({ FunctionName: 'f', ReservedConcurrentExecutions: 0 }),
  );
  await expect(invoke({})).rejects.toMatchObject({ name: 'TooManyRequestsException' });
});

test('an asynchronous event is tried three times and then lies with the dead letters', async () => {
  const url = await queue('dead');
  await makeFunction({ DeadLetterConfig: { TargetArn: arnOf('dead') } });
  let tries = 0;
  runFunctions(world, async () => {
    tries++;
    throw new Error('no');
  });
  const { StatusCode } = await lambda.send(
    new InvokeCommand({ FunctionName: 'f', InvocationType: 'Event', Payload: '{"a":1}' }),
  );
  expect(StatusCode).toBe(202);
  await world.clock.advance(0);
  expect(tries).toBe(1);
  await world.clock.advance(180_000);
  expect([tries, await count(url)]).toEqual([3, [1, 0]]);
});

test('polling goes on by itself on real time', async () => {
  const url = await queue();
  await makeFunction();
  await map();
  await send(url, 'a');
  world.clock.runOnRealTime();
  const seen = new Promise<string[]>((resolve) => {
    runFunctions(world, async (_, event) => resolve(bodies(event)));
  });
  expect(await seen).toEqual(['a']);
});
