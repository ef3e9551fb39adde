import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutObjectCommand, paginateListObjectsV2, S3Client, type StorageClass } from '@aws-sdk/client-s3';
import { expect } from 'vitest';
import { hasActiveJobs } from '../../aws/batch/reach.ts';
import { frontIndex } from '../../aws/opensearch/front.ts';
import { type OnContainer, runContainers } from '../../aws/run/containers.ts';
import { runFunctionProcesses } from '../../aws/run/functions.ts';
import { deliverInventory } from '../../aws/s3/deliver-inventory.ts';
import { type AwsWorkspace, awsWorkspace, BUCKET } from '../../commands/aws-workspace.ts';
import { startBaseRegistry } from '../../provision/image/base-registry.ts';

const PLACE = { account: '111122223333', region: 'eu-west-1' };
const SAMPLES = join(import.meta.dirname, '../../../demo/images');

/** What the samples come to, with an image that is none. What Rekognition can't read is set aside by its name. */
export const LEDGER = {
  state: 'succeeded',
  total: 32,
  indexed: 23,
  skipped: { format: 5, 'not-an-image': 1 },
  failed: { corrupt: 1, empty: 1, format: 1 },
  pending: 0,
  labelCalls: 25,
};

/** What `--json` prints of a run. */
export interface RunJson {
  run: Omit<typeof LEDGER, 'skipped' | 'failed'> & {
    id: string;
    skipped: Record<string, number>;
    failed: Record<string, number>;
    cause?: { code: string; message: string };
  };
}

export interface Found {
  images: { key: string; labels: { name: string; confidence: number }[] }[];
}

/** A stack on the double with an index that is real, jobs and functions that are processes of what setup deployed. */
export interface Pipeline extends AwsWorkspace {
  /** The stack's name, which nobody else has: nodes are shared, and indexes have the names of stacks. */
  stack: string;
  s3: S3Client;
  put(key: string, body: Uint8Array, storageClass?: StorageClass): Promise<void>;
  /** Puts the sample images into the bucket. */
  putSamples(): Promise<void>;
  /** Sets the stack up. */
  setup(...more: string[]): Promise<void>;
  deliver(): void;
  /** Submits a run by `backfill now --yes` with this. */
  submit(...more: string[]): Promise<RunJson['run']>;
  /** Waits for the end of all jobs, without the command's five seconds between two looks, then follows the run to its end. */
  follow(exitCode: number): Promise<RunJson['run']>;
  /** The OpenSearch behind the stack's domain. */
  endpoint: string;
  /** Every image of the index with its labels. */
  indexed(): Promise<Found['images']>;
  /** Calls of DetectLabels so far. */
  calls(): number;
  /** Told of every container that starts. */
  onContainer: OnContainer;
  /** The account as it is now, to begin again from. */
  snapshot: ReturnType<AwsWorkspace['world']['store']['snapshot']> | undefined;
}

export async function openPipeline(): Promise<Pipeline> {
  const space = await awsWorkspace();
  const { world } = space;
  const s3 = new S3Client(world.client());
  const stack = `images-${randomBytes(4).toString('hex')}`;
  const base = await startBaseRegistry();
  base.put('docker/library/node', '24-slim');
  const put: Pipeline['put'] = async (Key, Body, StorageClass) => {
    await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body, StorageClass }));
  };
  const pipeline: Pipeline = {
    ...space,
    stack,
    s3,
    put,
    endpoint: '',
    async putSamples() {
      const names = await readdir(SAMPLES, { recursive: true, withFileTypes: true });
      const keys = names
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(SAMPLES.length + 1));
      for (const key of keys) await put(key, await readFile(join(SAMPLES, key)));
    },
    async setup(...more) {
      const image = `${base.host}/docker/library/node:24-slim`;
      const named = ['--bucket', BUCKET, '--stack', stack, '--base-image', image];
      await space.json(['setup', ...named, '--yes', ...more]);
    },
    deliver() {
      if (deliverInventory(world, BUCKET, `rekback-${stack}-inventory`) === undefined)
        throw new Error('no delivery');
    },
    submit: async (...more) => (await space.json<RunJson>(['backfill', 'now', '--yes', ...more])).run,
    async follow(exitCode) {
      while (hasActiveJobs(world, PLACE)) await new Promise((resolve) => setTimeout(resolve, 50));
      const { run } = await space.json<RunJson>(['backfill', 'watch'], exitCode);
      if (run.state === 'succeeded') await expectAccounted(pipeline, run);
      return run;
    },
    async indexed() {
      return (await space.json<Found>(['search', 'dog OR NOT dog', '--limit', '1000'])).images;
    },
    calls: () => world.journal.of('rekognition', 'DetectLabels').length,
    onContainer: () => {},
    snapshot: undefined,
    async remove() {
      await space.remove();
      await base.stop();
    },
  };
  return pipeline;
}

/**
 * Compares a run of everything with the bucket and the index, as S3 and OpenSearch themselves list them: each object is in
 * the index as an image or as one that failed, or was set aside.
 */
async function expectAccounted({ s3, stack, endpoint }: Pipeline, run: RunJson['run']): Promise<void> {
  const objects = new Set<string>();
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket: BUCKET })) {
    for (const { Key = '' } of page.Contents ?? []) objects.add(Key);
  }
  await fetch(`${endpoint}/rekback-${stack}_write/_refresh`, { method: 'POST' });
  const answer = await fetch(`${endpoint}/rekback-${stack}_write/_search?size=10000&_source=key,state`);
  const { hits } = (await answer.json()) as { hits: { hits: { _source: { key: string; state: string } }[] } };
  const inState = (state: string) => hits.hits.filter(({ _source }) => _source.state === state);
  const { unchanged = 0, 'failed-before': before = 0, ...aside } = run.skipped;
  const sum = (counts: Record<string, number>) =>
    Object.values(counts).reduce((total, each) => total + each, 0);
  expect(run.total).toBe(objects.size);
  expect(inState('indexed')).toHaveLength(run.indexed + unchanged);
  expect(inState('failed')).toHaveLength(sum(run.failed) + before);
  expect(run.indexed + unchanged + sum(run.failed) + before + sum(aside) + run.pending).toBe(objects.size);
  for (const { _source } of hits.hits) expect(objects).toContain(_source.key);
}

/** A new account, or the one that `snapshot` holds, whose domains are the OpenSearch at `endpoint`, without an index. */
export async function beginPipeline(pipeline: Pipeline, endpoint: string): Promise<void> {
  const { world, snapshot, stack } = pipeline;
  await pipeline.again();
  pipeline.onContainer = () => {};
  pipeline.endpoint = endpoint;
  // An account that is new knows of no index.
  await removeIndex(pipeline, endpoint);
  const front = await frontIndex(world, endpoint);
  const folder = await mkdtemp(join(tmpdir(), 'rekback-deployed-'));
  world.onReset(() => rmSync(folder, { recursive: true, force: true }));
  runContainers(world, folder, (container, kill) => pipeline.onContainer(container, kill));
  runFunctionProcesses(world, folder);
  if (snapshot === undefined) return;
  world.store.restore(snapshot);
  // The domain of the snapshot had another address.
  const Bucket = `rekback-${stack}-${PLACE.account}-${PLACE.region}`;
  const address = { Bucket, Key: 'index.json', Body: JSON.stringify({ endpoint: front }) };
  await pipeline.s3.send(new PutObjectCommand(address));
  world.journal.clear();
}

/** Removes the stack's index, as a lost domain does. */
export async function removeIndex({ stack }: Pipeline, endpoint: string): Promise<void> {
  await fetch(`${endpoint}/rekback-${stack}-v*?expand_wildcards=all`, { method: 'DELETE' });
}
