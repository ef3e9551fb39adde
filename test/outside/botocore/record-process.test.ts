import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { World } from '../../aws/kernel/world.ts';
import { startWorld } from '../../aws/world.ts';
import { readRecord } from './recorded.ts';

const SCRIPT = `
  const { SQSClient, CreateQueueCommand } = await import('@aws-sdk/client-sqs');
  await new SQSClient({}).send(new CreateQueueCommand({ QueueName: 'q' }));
`;

let world: World;
let folder: string;
beforeAll(async () => {
  world = await startWorld();
  folder = await mkdtemp(join(tmpdir(), 'rekback-record-'));
});
afterAll(async () => {
  await world.stop();
  await rm(folder, { recursive: true, force: true });
});

test('what another process sends is recorded, even if it was killed in the middle of a line', async () => {
  const record = { REKBACK_RECORD_REQUESTS: folder, REKBACK_RECORD_FROM: 'test/x.test.ts' };
  const env = { ...process.env, ...world.env(), ...record };
  await promisify(execFile)(process.execPath, ['--input-type=module', '-e', SCRIPT], { env });
  const [file = ''] = await readdir(folder);
  await appendFile(join(folder, file), '{"serviceId":"S');
  expect(await readRecord(folder)).toEqual({
    requests: [
      { serviceId: 'SQS', operation: 'CreateQueue', input: { QueueName: 'q' }, from: 'test/x.test.ts' },
    ],
    suites: [],
  });
  expect(world.journal.of('sqs', 'CreateQueue')).toHaveLength(1);
});
