import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CreateTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import { GetQueueUrlCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { openS3Objects } from '../../src/adapters/s3/objects.ts';
import { STACK_RECORD, TOLD } from '../../src/runtime/run/layout.ts';
import { runIds } from '../../src/runtime/run/record.ts';
import { runJobs } from '../aws/batch/reach.ts';
import type { World } from '../aws/kernel/world.ts';
import { jpeg } from '../aws/rekognition/pictures.ts';
import { deliverInventory } from '../aws/s3/deliver-inventory.ts';
import { topicByArn } from '../aws/sns/reach.ts';
import { startWorld } from '../aws/world.ts';
import { BUCKET, testSession } from '../provision/stack.ts';
import { HOUR, index, liveWorld } from './live-world.ts';

vi.mock('../../src/adapters/opensearch/writer.ts', () => ({ openIndexWriter: async () => index.current }));
vi.mock('../../src/adapters/opensearch/manage.ts', () => ({ createIndex: async () => {} }));

/** Topics are reached in their own Region, whichever the stack has. */
const TOPIC = 'arn:aws:sns:eu-central-1:111122223333:told';

let world: World;
/** What was posted, and what is answered. */
let posted: { url: string; type: string; body: Record<string, unknown> }[] = [];
let status = 204;
let address: string;

const server = createServer(async (request, response) => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const { url = '', headers } = request;
  posted.push({ url, type: headers['content-type'] ?? '', body: JSON.parse(String(Buffer.concat(chunks))) });
  response.writeHead(status).end();
});

beforeAll(async () => {
  world = await startWorld();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hooks/secret`;
});
beforeEach(async () => {
  posted = [];
  status = 204;
  await new SNSClient(world.client({ region: 'eu-central-1' })).send(
    new CreateTopicCommand({ Name: 'told' }),
  );
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  world.check();
  world.reset();
});
afterAll(async () => {
  server.close();
  await world.stop();
});

const objects = () => {
  const { clients, account } = testSession(world);
  return openS3Objects(clients, { bucket: 'rekback-images-111122223333-eu-west-1', account });
};
/** Subject and content of what the topic got. */
const published = () =>
  (topicByArn(world, TOPIC)?._published ?? []).map(({ subject, message }) => ({
    subject,
    body: JSON.parse(message),
  }));
const send = async (purpose: string, MessageBody: string) => {
  const sqs = new SQSClient(world.client());
  const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName: `rekback-images-${purpose}` }));
  await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }));
};
async function change(key: string, edit: (value: Record<string, unknown>) => object): Promise<void> {
  const stored = await objects().get(key);
  await objects().put(key, Buffer.from(JSON.stringify(edit(JSON.parse(String(stored?.body))))));
}

test('the end of a run is told to a topic and a web address, once', async () => {
  const { drain } = await liveWorld(world, { notify: [TOPIC, address] });
  runJobs(world, async () => ({ exitCode: 1 }));
  deliverInventory(world, BUCKET, 'rekback-images-inventory');
  await drain();
  const [id] = await runIds(objects());
  const body = {
    schemaVersion: 1,
    stack: 'images',
    account: '111122223333',
    region: 'eu-west-1',
    time: expect.stringMatching(/^\d{4}-.*Z$/),
    event: 'run-ended',
    subject: 'rekback images: backfill interrupted',
    text: expect.stringContaining(
      `Backfill ${id} of stack 'images' has ended: interrupted. 0 of 0 images indexed, 0 skipped, 0 failed, 0 pending; 0 labeler calls. Cause: planning ended early`,
    ),
    run: expect.objectContaining({ id, state: 'interrupted', pending: 0, endedAt: expect.any(String) }),
  };
  expect(published()).toEqual([{ subject: body.subject, body }]);
  expect(posted).toEqual([{ url: '/hooks/secret', type: 'application/json', body }]);

  // The same end is told of again, as EventBridge may; a run that is gone on with ends anew.
  const again = async () => {
    const jobName = `images-${id}-work`;
    const detail = { jobName, status: 'FAILED', jobId: 'j', jobQueue: 'q' };
    await send(
      'live',
      JSON.stringify({ source: 'aws.batch', 'detail-type': 'Batch Job State Change', detail }),
    );
    await drain();
  };
  await again();
  expect(posted).toHaveLength(1);
  await change(`runs/${id}.json`, (run) => ({ ...run, state: 'succeeded', endedAt: '2030-01-01T00:00:00Z' }));
  await again();
  expect(posted.map(({ body: { subject } }) => subject)).toEqual([
    'rekback images: backfill interrupted',
    'rekback images: backfill succeeded',
  ]);
});

test('a daily cap that is reached is told of once a day', async () => {
  const { put, drain } = await liveWorld(world, { notify: [TOPIC] });
  await change(STACK_RECORD, ({ settings, ...rest }) => ({
    ...rest,
    settings: Object.assign({}, settings, { 'live-max-per-day': 1 }),
  }));
  const [dog, cat, car] = await Promise.all([jpeg(['Dog']), jpeg(['Cat']), jpeg(['Car'])]);
  await put('dog.jpg', dog);
  await put('cat.jpg', cat);
  await drain(5);
  await put('car.jpg', car);
  await drain(5);
  expect(published()).toEqual([
    {
      subject: 'rekback images: daily cap reached',
      body: expect.objectContaining({ event: 'live-capped', maxPerDay: 1 }),
    },
  ]);
  await change(TOLD, (told) => ({ ...told, cappedOn: '2020-01-01' }));
  await put('bus.jpg', await jpeg(['Bus']));
  await drain(5);
  expect(published()).toHaveLength(2);
});

test('dead letters are counted once an hour, and told of when they become more', async () => {
  const { put, drain } = await liveWorld(world, { notify: [address] });
  const told = () => posted.map(({ body: { event, deadLetters } }) => `${event} ${deadLetters}`);
  /** The function runs for something else. */
  const happens = async (key: string) => {
    await put(key, await jpeg(['Dog']));
    await drain();
  };
  const anHourPasses = () =>
    change(TOLD, (value) => ({ ...value, countedAt: Number(value.countedAt) - HOUR }));
  await happens('a.jpg');
  expect(told()).toEqual([]);
  await send('dead-letters', 'one');
  await happens('b.jpg');
  expect(told()).toEqual([]);
  await anHourPasses();
  await happens('c.jpg');
  expect(told()).toEqual(['dead-letters 1']);
  await anHourPasses();
  await happens('d.jpg');
  expect(told()).toEqual(['dead-letters 1']);
  await send('dead-letters', 'two');
  await anHourPasses();
  await happens('e.jpg');
  expect(told()).toEqual(['dead-letters 1', 'dead-letters 2']);
});

test('who can not be reached is named in the log, without what may be a secret; changes are carried out', async () => {
  const missing = TOPIC.replace('told', 'gone');
  const { put, drain, logged, queue } = await liveWorld(world, { notify: [address, missing] });
  status = 500;
  await send('dead-letters', 'one');
  await put('a.jpg', await jpeg(['Dog']));
  await drain();
  expect(await index.current.get('a.jpg')).toMatchObject({ state: 'indexed' });
  expect(queue('live')).toEqual([]);
  const failures = logged
    .filter(({ code }) => code === 'notify-failed')
    .map(({ message }) => String(message));
  expect(failures.sort()).toEqual([
    expect.stringContaining(`${missing} could not be notified of 'dead-letters'`),
    `${new URL(address).origin} could not be notified of 'dead-letters': it answered 500`,
  ]);
});

test('where nobody is to be notified nothing is counted and remembered', async () => {
  const { put, drain } = await liveWorld(world);
  await send('dead-letters', 'one');
  world.journal.clear();
  await put('a.jpg', await jpeg(['Dog']));
  await drain();
  expect(await index.current.get('a.jpg')).toMatchObject({ state: 'indexed' });
  expect(await objects().get(TOLD)).toBeUndefined();
  const counts = world.journal.of('sqs', 'GetQueueAttributes');
  expect(counts.filter(({ input }) => JSON.stringify(input).includes('dead-letters'))).toEqual([]);
});
