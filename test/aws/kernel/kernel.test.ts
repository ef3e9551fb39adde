import { spawn } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { CreateBucketCommand, HeadBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { CreateQueueCommand, ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startWorld } from '../world.ts';
import { onlyLoopback } from './loopback.ts';
import { parseXml, toXml } from './protocols/xml.ts';
import type { World } from './world.ts';

let world: World;
let sqs: SQSClient;
beforeAll(async () => {
  world = await startWorld();
  sqs = new SQSClient(world.client());
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(async () => {
  await world.stop();
});

const create = (QueueName: string, client = sqs) => client.send(new CreateQueueCommand({ QueueName }));
const queues = async () =>
  (await sqs.send(new ListQueuesCommand({}))).QueueUrls?.map((url) => url.split('/').at(-1)) ?? [];

/** A request that no SDK would send. */
async function raw(path: string, headers: Record<string, string>, body: string, method = 'POST') {
  const scope = headers.service ?? 'sqs';
  return await new Promise<{ status: number; text: string }>((resolve, reject) => {
    const outgoing = request(`${world.url}${path}`, {
      method,
      headers: {
        authorization: `AWS4-HMAC-SHA256 Credential=AKIADOUBLE111122223333/20260101/eu-west-1/${scope}/aws4_request, SignedHeaders=host, Signature=0`,
        ...headers,
      },
    });
    outgoing.on('error', reject);
    outgoing.on('response', async (response) => {
      let text = '';
      for await (const chunk of response) text += chunk;
      resolve({ status: response.statusCode ?? 0, text });
    });
    outgoing.end(body);
  });
}

test('the journal names every call, who made it, and whether it changes anything', async () => {
  await create('q');
  await queues();
  expect(world.journal.entries).toMatchObject([
    {
      n: 1,
      service: 'sqs',
      operation: 'CreateQueue',
      action: 'sqs:CreateQueue',
      access: 'Write',
      mutating: true,
      input: { QueueName: 'q' },
      region: 'eu-west-1',
      account: '111122223333',
      principal: 'arn:aws:iam::111122223333:user/admin',
      status: 200,
    },
    { n: 2, operation: 'ListQueues', mutating: false },
  ]);
  expect(world.journal.mutating()).toHaveLength(1);
});

test('unknown services, operations, members, headers and query keys are violations', async () => {
  const json = { 'content-type': 'application/x-amz-json-1.0' };
  const cases: [string, Record<string, string>, string, string?][] = [
    ['/', { ...json, service: 'athena', 'x-amz-target': 'AmazonAthena.X' }, '{}'],
    ['/', { ...json, 'x-amz-target': 'AmazonSQS.AddPermission' }, '{}'],
    ['/', { ...json, 'x-amz-target': 'AmazonSQS.CreateQueue' }, '{"QueueName":"q","Colour":"red"}'],
    ['/', { service: 'iam' }, 'Action=CreateRole&RoleName=a&AssumeRolePolicyDocument=x&Colour=red'],
    ['/b?website', { service: 's3' }, '', 'PUT'],
    ['/b', { service: 's3', 'x-amz-grant-read': 'x' }, '', 'PUT'],
    ['/b/k', { service: 's3', range: 'bytes=0-1' }, '', 'DELETE'],
  ];
  for (const [path, headers, body, method] of cases) {
    const { status, text } = await raw(path, headers, body, method);
    expect([status, text]).toEqual([501, expect.stringMatching(/the double|unknown member/)]);
  }
  expect(() => world.check()).toThrow(/requests that AWS or the double does not know/);
  expect(world.violations).toEqual([]);
});

test('what breaks the model is answered by the service and is a violation', async () => {
  const iam = new IAMClient(world.client());
  const wrong = new CreateRoleCommand({ RoleName: 'x'.repeat(65), AssumeRolePolicyDocument: '{}' });
  await expect(iam.send(wrong)).rejects.toMatchObject({ name: 'ValidationError' });
  expect(world.takeViolations()).toMatchObject([{ kind: 'model', operation: 'CreateRole' }]);
});

test('keys that nobody holds are refused', async () => {
  const credentials = { accessKeyId: 'AKIAOTHER', secretAccessKey: 'x' };
  await expect(create('q', new SQSClient(world.client({ credentials })))).rejects.toMatchObject({
    name: 'InvalidClientTokenId',
  });
});

test('a throttle is the service’s own', async () => {
  world.faults.add({ effect: { throttle: true } });
  const s3 = new S3Client(world.client());
  const iam = new IAMClient(world.client());
  await expect(s3.send(new HeadBucketCommand({ Bucket: 'x' }))).rejects.toMatchObject({
    $metadata: { httpStatusCode: 503 },
  });
  const role = new CreateRoleCommand({ RoleName: 'r', AssumeRolePolicyDocument: '{}' });
  await expect(iam.send(role)).rejects.toMatchObject({ name: 'Throttling' });
});

test('faults strike by operation, count and chance', async () => {
  world.faults.add({ service: 'sqs', operation: 'CreateQueue', nth: 2, effect: { throttle: true } });
  await create('a');
  await expect(create('b')).rejects.toMatchObject({ name: 'ThrottlingException' });
  await create('b');
  world.faults.clear();
  world.faults.add({ probability: 0.5, seed: 3, effect: { error: { code: 'InternalError', status: 500 } } });
  const run = async () => {
    const results: boolean[] = [];
    for (let i = 0; i < 12; i++)
      results.push(
        await queues().then(
          () => true,
          () => false,
        ),
      );
    return results;
  };
  const first = await run();
  expect(new Set(first).size).toBe(2);
  world.faults.clear();
  world.faults.add({ probability: 0.5, seed: 3, effect: { error: { code: 'InternalError', status: 500 } } });
  expect(await run()).toEqual(first);
});

test('a reset leaves nothing applied, a lost answer leaves it applied', async () => {
  world.faults.add({ nth: 1, effect: { reset: true } });
  await expect(create('a')).rejects.toThrow();
  world.faults.add({ nth: 1, effect: { lostAnswer: true } });
  await expect(create('b')).rejects.toThrow();
  expect(await queues()).toEqual(['b']);
});

test.each([
  ['before', ['a']],
  ['after', ['a', 'b']],
] as const)('stopped %s the second change, all is silent until the caller is back', async (when, there) => {
  let stopped = 0;
  world.faults.stopAt({ call: 2, when, of: 'mutating', onStop: () => stopped++ });
  await create('a');
  await queues();
  await expect(create('b')).rejects.toThrow();
  await expect(create('c')).rejects.toThrow();
  expect(stopped).toBe(1);
  world.faults.resume();
  expect(await queues()).toEqual(there);
});

test('a call under way when the stop comes loses its answer too', async () => {
  world.faults.add({ operation: 'CreateQueue', nth: 1, effect: { latency: 60 } });
  world.faults.stopAt({ call: 2, when: 'before' });
  const [slow, second] = await Promise.allSettled([
    create('a'),
    new Promise((r) => setTimeout(r, 10)).then(() => create('b')),
  ]);
  expect([slow.status, second.status]).toEqual(['rejected', 'rejected']);
});

test('two worlds with the same things dump the same, whatever the time and the ids', async () => {
  const build = async (first: string, second: string) => {
    const iam = new IAMClient(world.client());
    const AssumeRolePolicyDocument = JSON.stringify({
      Version: '2012-10-17',
      Statement: {
        Effect: 'Allow',
        Principal: { Service: 'lambda.amazonaws.com' },
        Action: 'sts:AssumeRole',
      },
    });
    for (const RoleName of [first, second])
      await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
    await create(first);
    return world.dump();
  };
  const one = await build('a', 'b');
  world.reset();
  await world.clock.advance(5_000);
  await queues();
  const two = await build('a', 'b');
  expect(two).toBe(one);
  expect(one).toContain('"id": "<id>"');
  await create('more');
  expect(world.dump()).not.toBe(one);
});

test('timers run in order as time is moved, and by themselves on real time', async () => {
  const seen: string[] = [];
  world.clock.after(20, () => seen.push('late'));
  world.clock.after(10, async () => {
    await Promise.resolve();
    seen.push('early');
    world.clock.after(5, () => seen.push('between'));
  });
  const cancel = world.clock.after(12, () => seen.push('never'));
  cancel();
  expect(world.clock.untilNext()).toBe(10);
  await world.clock.advance(19);
  expect(seen).toEqual(['early', 'between']);
  await world.clock.advance(1);
  expect(seen).toEqual(['early', 'between', 'late']);
});

test('only loopback can be dialled, and what else was tried fails the check', async () => {
  const dialled = onlyLoopback();
  try {
    await queues();
    dialled.check();
    const s3 = new S3Client({ ...world.client(), endpoint: 'https://s3.eu-west-1.amazonaws.com' });
    await expect(s3.send(new HeadBucketCommand({ Bucket: 'x' }))).rejects.toThrow(/not loopback/);
    await expect(fetch('http://192.0.2.1/')).rejects.toThrow();
    const socket = connect(80, '192.0.2.2');
    await expect(new Promise((_, reject) => socket.on('error', reject))).rejects.toThrow(/not loopback/);
    expect(() => dialled.check()).toThrow(/192\.0\.2\.1.*192\.0\.2\.2/);
  } finally {
    dialled.restore();
  }
});

test('another process reaches the double, and ends when it dials anything else', async () => {
  const run = async (url: string) => {
    const script = `fetch(${JSON.stringify(url)}).catch(() => process.exit(2))`;
    const child = spawn(process.execPath, ['-e', script], { env: world.env() });
    let told = '';
    child.stderr.on('data', (chunk) => {
      told += chunk;
    });
    const code = await new Promise((resolve) => child.on('close', resolve));
    return { code, told };
  };
  expect(await run(world.url)).toEqual({ code: 0, told: '' });
  expect(world.takeViolations()).toHaveLength(1);
  expect(await run('http://192.0.2.1/')).toEqual({
    code: 97,
    told: expect.stringContaining('192.0.2.1 is not loopback'),
  });
});

test('XML: lists by the form’s own rule, maps as entries, control characters escaped', () => {
  expect(toXml('A', { B: ['x', 'y'] }, undefined)).toBe('<A><B>x</B><B>y</B></A>');
  expect(toXml('A', { B: ['x'] }, 'member')).toBe('<A><B><member>x</member></B></A>');
  expect(toXml('A', { B: [{ c: 1 }] }, 'item')).toBe('<A><B><item><c>1</c></item></B></A>');
  const map = new Map([['k', 'v']]);
  expect(toXml('A', map, 'member')).toBe('<A><entry><key>k</key><value>v</value></entry></A>');
  expect(toXml('A', '<&"\r\n>', undefined)).toBe('<A>&lt;&amp;&quot;&#xD;&#xA;&gt;</A>');
  expect(parseXml('<A><B>1</B><B/><C><D>&#xD;</D></C></A>').value).toEqual({ B: ['1', ''], C: { D: '\r' } });
});

test('the double imports nothing of the product', async () => {
  const root = join(import.meta.dirname, '..');
  const files = await readdir(root, { recursive: true });
  const sources = files.filter((file) => /\.(ts|js)$/.test(file));
  expect(sources.length).toBeGreaterThan(50);
  for (const file of sources) {
    const text = await readFile(join(root, file), 'utf8');
    const imported = [...text.matchAll(/from '(\.[^']+)'/g)].map(([, path = '']) =>
      join(root, file, '..', path),
    );
    expect(imported.filter((path) => !path.startsWith(root))).toEqual([]);
  }
});

test('the environment of another process names the double and nothing else', () => {
  expect(world.env({ account: '444455556666', region: 'us-east-1' })).toMatchObject({
    AWS_ENDPOINT_URL: world.url,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'AKIADOUBLE444455556666',
    AWS_EC2_METADATA_DISABLED: 'true',
  });
});

test('a bucket in the host name is the same bucket as in the path', async () => {
  const s3 = new S3Client(world.client({ region: 'us-east-1' }));
  await s3.send(new CreateBucketCommand({ Bucket: 'one' }));
  const { status } = await raw('/', { service: 's3', host: 'one.s3.us-east-1.amazonaws.com' }, '', 'HEAD');
  // Found, though in another Region than the one that signed.
  expect(status).toBe(301);
});
