// An AWS account on this machine: the control planes are the project's double, what it starts is real. Jobs and the live
// function are processes of what setup pushed and uploaded, OpenSearch is one node of it.
import { register } from 'node:module';
import { join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { launchNode, prepareEngine } from '../../test/outside/opensearch/engine.js';

register('./typescript.js', import.meta.url);
const { startWorld } = await import('../../test/aws/world.ts');
const { runContainers } = await import('../../test/aws/run/containers.ts');
const { runFunctionProcesses } = await import('../../test/aws/run/functions.ts');
const { frontIndex } = await import('../../test/aws/opensearch/front.ts');
const { rekognitionIn } = await import('../../test/aws/rekognition/service.ts');
const { deliverInventory } = await import('../../test/aws/s3/deliver-inventory.ts');
const { startBaseRegistry } = await import('../../test/provision/image/base-registry.ts');
const { everything } = await import('../../test/provision/stack.ts');

const ENGINE = '2.19.1.0';
const BASE = 'docker/library/node';

/** Seconds that Rekognition takes for an answer, and how many answers a second it has left beside others' calls. */
const LATENCY = 0.3;
const CALLS_PER_SECOND = 8;

/**
 * Starts it. @param work - a folder for what its programs write
 * @throws where Java or Maven is missing
 */
export async function startAccount(work) {
  const node = await startNode(join(work, 'opensearch'));
  const world = await startWorld();
  world.clock.runOnRealTime();
  const registry = await startBaseRegistry();
  registry.put(BASE, '24-slim');
  await frontIndex(world, node.url);
  runContainers(world, join(work, 'images'));
  runFunctionProcesses(world, join(work, 'functions'));
  const rekognition = rekognitionIn(world);
  rekognition.takeTime(LATENCY * 1000);
  rekognition.limit(CALLS_PER_SECOND);
  return {
    env: world.env(),
    s3: new S3Client(world.client()),
    baseImage: `${registry.host}/${BASE}:24-slim`,
    callsPerSecond: CALLS_PER_SECOND,
    /** S3 does so within two days. */
    deliverInventory: (bucket, id) => deliverInventory(world, bucket, id),
    /** Calls of DetectLabels: those that were answered, and those that were throttled. */
    labelCalls() {
      const calls = world.journal.of('rekognition', 'DetectLabels');
      const throttled = calls.filter(
        ({ error }) => error === 'ProvisionedThroughputExceededException',
      ).length;
      return { answered: calls.length - throttled, throttled };
    },
    everything: () => everything(world),
    check: () => world.check(),
    async stop() {
      await world.stop();
      await registry.stop();
      process.kill(node.pid, 'SIGKILL');
    },
  };
}

async function startNode(folder) {
  try {
    return await launchNode({ classPath: await prepareEngine(ENGINE), folder });
  } catch (cause) {
    throw new Error(`OpenSearch can't be started: ${cause.message.replace(/^skipped: /, '')}`, { cause });
  }
}
