import type { RetryStrategyV2 } from '@smithy/types';
import { createClients } from '../../src/aws/clients.ts';
import type { Waiting } from '../../src/aws/wait.ts';
import type { Context } from '../../src/provision/context.ts';
import { packCode } from '../../src/provision/lambda/code.ts';
import { namesOf } from '../../src/stack/aws-names.ts';
import { type AwsSpec, STACK_TAG } from '../../src/stack/aws-spec.ts';
import type { Credentials } from '../aws/kernel/principals.ts';
import type { World } from '../aws/kernel/world.ts';

/** What a test does not say about its stack: all of AWS, S3 tells the queue of the bucket `images`. */
const SPEC: AwsSpec = {
  name: 'photos',
  account: '111122223333',
  region: 'eu-west-1',
  partition: 'aws',
  bucket: 'images',
  prefix: '',
  live: 's3',
  inventoryFormat: 'CSV',
  backfill: 'auto',
  bucketChanges: 'apply',
  compute: 'fargate-spot',
  maxVcpus: 4,
  network: { subnets: ['subnet-0a'], securityGroups: [], vpc: 'vpc-0a', assignPublicIp: true },
  imageUri: '111122223333.dkr.ecr.eu-west-1.amazonaws.com/rekback/photos@sha256:0',
  domain: { engineVersion: 'OpenSearch_3.1', instanceType: 't3.small.search', instances: 1, volumeGiB: 10 },
  iamPath: '/',
  tags: {},
};

/** A function that does nothing, as small as a zip can be. */
export const CODE = packCode('export const handler = async () => ({ batchItemFailures: [] });');

interface ContextOptions {
  credentials?: Credentials;
  signal?: AbortSignal;
  /** Every call is sent once: for a process that will be killed, so that it does not try again after its end. */
  once?: boolean;
}

const ONCE: RetryStrategyV2 = {
  acquireInitialRetryToken: async () => ({ getRetryCount: () => 0, getRetryDelay: () => 0 }),
  refreshRetryTokenForRetry: () => Promise.reject(new Error('no call is sent again')),
  recordSuccess: () => {},
};

/**
 * A stack's context on the double, with clients as the CLI makes them (they try again) and waits that cost no time: a
 * sleep moves the world's clock.
 */
export function testContext(
  world: World,
  overrides: Partial<AwsSpec> = {},
  { credentials, signal, once = false }: ContextOptions = {},
): Context {
  const spec = { ...SPEC, ...overrides };
  const { account, region } = spec;
  const { credentials: keys, ...client } = world.client({
    account,
    region,
    ...(credentials && { credentials }),
  });
  return {
    spec,
    names: namesOf(spec),
    tags: { ...spec.tags, [STACK_TAG]: spec.name },
    clients: createClients({
      ...client,
      credentials: async () => keys,
      ...(once && { retryStrategy: ONCE }),
    }),
    waiting: testWaiting(world, signal),
    code: CODE,
    outputs: {},
  };
}

/** Waits on the world's clock: a sleep moves it, so that what falls due by then has happened. */
export const testWaiting = (world: World, signal?: AbortSignal): Waiting => ({
  signal,
  sleep: async (milliseconds) => {
    await world.clock.advance(milliseconds);
    signal?.throwIfAborted();
  },
  now: () => world.clock.now(),
});
