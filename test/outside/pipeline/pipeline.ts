import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { ContainerRun } from '../../aws/batch/container.ts';
import { frontIndex } from '../../aws/opensearch/front.ts';
import { runContainers } from '../../aws/run/containers.ts';
import { runFunctionProcesses } from '../../aws/run/functions.ts';
import { deliverInventory } from '../../aws/s3/deliver-inventory.ts';
import { builtCli } from '../../cli.ts';
import { type AwsWorkspace, awsWorkspace, BUCKET, SETUP } from '../../commands/aws-workspace.ts';

const SAMPLES = join(import.meta.dirname, '../../../demo/images');

/** A stack on the double with an index that is real, jobs and functions that are processes. */
export interface Pipeline extends AwsWorkspace {
  s3: S3Client;
  /** Puts the sample images into the bucket; their keys. */
  putSamples(): Promise<string[]>;
  put(key: string, body: Uint8Array): Promise<void>;
  /** Sets the stack `images` up. */
  setup(...more: string[]): Promise<void>;
  deliver(): void;
  /** Told of every container that starts. */
  onContainer: (container: ContainerRun, kill: () => void) => void;
}

export async function openPipeline(): Promise<Pipeline> {
  const space = await awsWorkspace();
  const { world } = space;
  const s3 = new S3Client(world.client());
  const put = async (Key: string, Body: Uint8Array) => {
    await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body }));
  };
  const pipeline: Pipeline = {
    ...space,
    s3,
    put,
    async putSamples() {
      const names = await readdir(SAMPLES, { recursive: true, withFileTypes: true });
      const keys = names
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name).slice(SAMPLES.length + 1));
      for (const key of keys) await put(key, await readFile(join(SAMPLES, key)));
      return keys;
    },
    async setup(...more) {
      await space.json([...SETUP, '--yes', ...more]);
    },
    deliver() {
      if (deliverInventory(world, BUCKET, 'rekback-images-inventory') === undefined)
        throw new Error('no delivery');
    },
    onContainer: () => {},
  };
  return pipeline;
}

/** A new account whose domains are the OpenSearch at `endpoint`. */
export async function beginPipeline(pipeline: Pipeline, endpoint: string): Promise<void> {
  const { world } = pipeline;
  await pipeline.again();
  // The node is shared with other suites, and an account that is new knows of no index.
  await fetch(`${endpoint}/rekback-images-v*?expand_wildcards=all`, { method: 'DELETE' });
  await frontIndex(world, endpoint);
  const dist = join(await builtCli(), 'dist');
  const program = ['--input-type=module', '-e', START, join(dist, 'entry')];
  runContainers(world, program, (container, kill) => pipeline.onContainer(container, kill));
  runFunctionProcesses(world, join(dist, 'entry/live.js'));
}

/** What the image's entry point does, with the compiled sources in place of the bundle. */
const START = `
  const [, folder, entry] = process.argv;
  const module = await import(folder + '/' + entry + '.js');
  process.exit(await (entry === 'planner' ? module.plan() : module.work()));
`;
