import { DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { vi } from 'vitest';
import { openMemoryIndex } from '../../src/adapters/memory/index.ts';
import type { SetupChoice } from '../../src/provision/options.ts';
import type { World } from '../aws/kernel/world.ts';
import { functionByArn, runFunctions } from '../aws/lambda/reach.ts';
import { invoke, runnerOf } from '../aws/lambda/run.ts';
import { deleteMessage, queueByArn, takeMessages } from '../aws/sqs/reach.ts';
import { authorizer } from '../outside/policies/authorizer.ts';
import { BUCKET, givenImages, setUpWhole } from '../provision/stack.ts';

type Handler = typeof import('../../src/entry/live.ts')['handler'];

/** Milliseconds. */
export const HOUR = 3_600_000;

const QUEUES = 'arn:aws:sqs:eu-west-1:111122223333:rekback-images-';
const FUNCTION = 'arn:aws:lambda:eu-west-1:111122223333:function:rekback-images-live';

/** The index of the stack, which the function finds in place of OpenSearch's adapter. */
export const index = { current: openMemoryIndex({ bucket: BUCKET }) };

/**
 * A whole stack on the double whose live function is the real one, in this process, with the rights of its role. The world's
 * time is virtual; an invocation has `invocation.milliseconds` of real time.
 */
export async function liveWorld(world: World, choice: SetupChoice = {}) {
  await givenImages(world);
  await setUpWhole(world, { choice: { backfill: 'auto', ...choice } });
  index.current = openMemoryIndex({ bucket: BUCKET });
  vi.resetModules();
  world.authorize = authorizer(world);
  const logged: Record<string, unknown>[] = [];
  for (const method of ['log', 'warn', 'error'] as const) {
    vi.spyOn(console, method).mockImplementation((line: string) => void logged.push(JSON.parse(line)));
  }
  const invocation = { milliseconds: 60_000 };
  const handled: { messages: number; failed: number }[] = [];
  runFunctions(world, async (_, event, { requestId, env }) => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    const { handler } = await import('../../src/entry/live.ts');
    const end = Date.now() + invocation.milliseconds;
    const { Records } = event as Parameters<Handler>[0];
    const answer = await handler(
      { Records },
      { awsRequestId: requestId, getRemainingTimeInMillis: () => end - Date.now() },
    );
    handled.push({ messages: Records.length, failed: answer.batchItemFailures.length });
    return answer;
  });
  const s3 = new S3Client(world.client());
  const queue = (purpose: 'live' | 'dead-letters') =>
    queueByArn(world, `${QUEUES}${purpose}`)?._messages ?? [];
  return {
    s3,
    logged,
    invocation,
    handled,
    put: (Key: string, Body: Uint8Array | string) =>
      s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body })),
    remove: (Key: string) => s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key })),
    /** Messages in a queue, hidden ones too. */
    queue,
    /** What the mapping does in so many hours, without looking into the queue in each second of them. */
    async pass(hours: number) {
      const place = runnerOf(world);
      const run = place._runner;
      // Another runner ends the double's own polling.
      place._runner = run && ((...given) => run(...given));
      const live = queueByArn(world, `${QUEUES}live`);
      const found = functionByArn(world, FUNCTION);
      if (!live || !found) throw new Error('no stack');
      const end = world.clock.now() + hours * HOUR;
      let youngest = 0;
      for (;;) {
        // Lambda's processes are replaced before their keys are twelve hours old.
        if (world.clock.now() > youngest + 11 * HOUR) {
          vi.resetModules();
          youngest = world.clock.now();
        }
        const due = Math.min(...live._messages.map(({ visibleAt }) => visibleAt));
        await world.clock.advance(Math.min(end, Math.max(due, world.clock.now())) - world.clock.now());
        if (due >= end) return;
        const taken = takeMessages(world, live, 10);
        if (taken.length === 0) continue;
        const Records = taken.map(({ id, body, receives, receipts }) => ({
          messageId: id,
          body,
          receiptHandle: receipts.at(-1),
          attributes: { ApproximateReceiveCount: String(receives) },
        }));
        const { answer } = await invoke(world, found, { Records });
        const { batchItemFailures: failures } = answer as Awaited<ReturnType<Handler>>;
        for (const message of taken) {
          const isDone = !failures.some(({ itemIdentifier }) => itemIdentifier === message.id);
          if (isDone) deleteMessage(live, message, message.receipts.at(-1));
        }
      }
    },
    /** Until the queue is empty, or so many seconds of the world's have passed. */
    async drain(seconds = 120) {
      for (let passed = 0; passed < seconds && (passed < 3 || queue('live').length > 0); passed++) {
        await world.clock.advance(1_000);
      }
    },
  };
}
