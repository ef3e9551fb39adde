import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DeleteObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { SendMessageBatchCommand } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { IndexOptions } from '../../../src/adapters/opensearch/client.ts';
import { removeIndex } from '../../../src/adapters/opensearch/manage.ts';
import { openIndexReader } from '../../../src/adapters/opensearch/reader.ts';
import { RekbackError } from '../../../src/runtime/errors.ts';
import type { World } from '../../aws/kernel/world.ts';
import { jpeg } from '../../aws/rekognition/pictures.ts';
import { startWorld } from '../../aws/world.ts';
import { givenImages } from '../../provision/stack.ts';
import { NAMES } from '../../stack/hostile-names.ts';
import { describeOnNodes } from '../opensearch/node.ts';
import { preparePython } from '../python/venv.ts';
import { describeWith, lookFor } from '../requires.ts';
import { type LiveStack, openLiveStack } from './live-stack.ts';
import { type MiniStack, startMiniStack } from './server.ts';

const SAMPLES = join(import.meta.dirname, '../../../demo/images');

const python = await lookFor(preparePython);
const suite = (endpoint: string) => {
  describeWith('the live function, run by MiniStack', python, (python) => {
    let world: World;
    let ministack: MiniStack;
    let stack: LiveStack;
    let options: IndexOptions;
    /** What Rekognition can read: the double's, where the bucket is a second time. */
    let rekognitions: S3Client;

    beforeAll(async () => {
      world = await startWorld();
      await givenImages(world);
      rekognitions = new S3Client(world.client());
      ministack = await startMiniStack(python);
      stack = await openLiveStack(ministack.url, world, endpoint);
      const { name, bucket } = stack.context.spec;
      options = { endpoint, signIn: { kind: 'none' }, stack: name, bucket };
    }, 120_000);
    afterAll(async () => {
      await ministack.stop();
      await world.stop();
      await removeIndex(options);
    });
    afterEach(({ task }) => {
      world.check();
      if (task.result?.state === 'fail') console.error(ministack.log());
    });

    const put = async (Key: string, Body: Uint8Array, { readable = true } = {}) => {
      const object = { Bucket: stack.context.spec.bucket, Key, Body };
      if (readable) await rekognitions.send(new PutObjectCommand(object));
      await stack.s3.send(new PutObjectCommand(object));
    };
    const remove = (Key: string) =>
      stack.s3.send(new DeleteObjectCommand({ Bucket: stack.context.spec.bucket, Key }));
    /** The keys of all images with this label; none as long as there is no index. */
    const find = async (label: string): Promise<string[]> => {
      try {
        const reader = await openIndexReader(options);
        const query = { kind: 'labels' as const, labels: [label] };
        const { images } = await reader.search({ query, minConfidence: 0, limit: 100 });
        await reader.close();
        return images.map(({ key }) => key).sort();
      } catch (error) {
        if (error instanceof RekbackError && error.code === 'index-missing') return [];
        throw error;
      }
    };
    /** Looks until it is so, for as long as a busy machine may need. */
    const shortly = (look: () => Promise<unknown>) => expect.poll(look, { timeout: 20_000, interval: 100 });
    const nothing = { visible: 0, hidden: 0 };

    test('takes the event by which S3 tries a notification', async () => {
      expect(await stack.messages('queue')).toEqual({ visible: 1, hidden: 0 });
      await stack.begin();
      await shortly(() => stack.messages('queue')).toEqual(nothing);
      expect(await stack.messages('deadLetters')).toEqual(nothing);
    });

    test('labels what is uploaded, under exactly its name', async () => {
      const sample = 'animals/dog on the beach.jpg';
      await put(sample, await readFile(join(SAMPLES, sample)));
      await shortly(() => find('Dog')).toEqual([sample]);
      const picture = await jpeg(['Named']);
      const keys = NAMES.map((name) => name.replace(/\.png$/, '.jpg')).sort();
      for (const key of keys) await put(key, picture);
      await shortly(() => find('Named')).toEqual(keys);
    });

    test('labels again what is overwritten, and forgets what is deleted', async () => {
      await put('changes.jpg', await jpeg(['Before']));
      await put('goes.jpg', await jpeg(['Before']));
      await shortly(() => find('Before')).toEqual(['changes.jpg', 'goes.jpg']);
      await put('changes.jpg', await jpeg(['After']));
      await remove('goes.jpg');
      await shortly(() => find('Before')).toEqual([]);
      await shortly(() => find('After')).toEqual(['changes.jpg']);
    });

    test('drops what is no event, and goes on with what came beside it', async () => {
      const bodies = ['no JSON', '{}', '{"Records":[{"s3":{}}]}', '[]'];
      const Entries = bodies.map((MessageBody, at) => ({ Id: String(at), MessageBody }));
      const sent = stack.sqs.send(new SendMessageBatchCommand({ QueueUrl: stack.queueUrl, Entries }));
      await put('beside.jpg', await jpeg(['Beside']));
      await sent;
      await shortly(() => find('Beside')).toEqual(['beside.jpg']);
      await shortly(() => stack.messages('queue')).toEqual(nothing);
      expect(await stack.messages('deadLetters')).toEqual(nothing);
    });

    test('tries again what Rekognition denied, and settles the rest meanwhile', async () => {
      await put('stays.jpg', await jpeg(['Denied']));
      await shortly(() => find('Denied')).toEqual(['stays.jpg']);
      const allow = world.deny('rekognition:DetectLabels');
      const calls = () =>
        world.journal.of('rekognition', 'DetectLabels').filter(({ status }) => status >= 400).length;
      await put('later.jpg', await jpeg(['Denied']));
      await shortly(async () => calls() > 0).toBe(true);
      await remove('stays.jpg');
      await shortly(() => find('Denied')).toEqual([]);
      allow();
      await shortly(() => find('Denied')).toEqual(['later.jpg']);
      await shortly(() => stack.messages('queue')).toEqual(nothing);
    });

    test('makes a dead letter of what fails again and again, and of nothing else', async () => {
      await put('kept from Rekognition.jpg', await jpeg(['Dead']), { readable: false });
      await put('readable.jpg', await jpeg(['Dead']));
      await shortly(() => find('Dead')).toEqual(['readable.jpg']);
      await shortly(() => stack.messages('deadLetters')).toEqual({ visible: 1, hidden: 0 });
      expect(await stack.messages('queue')).toEqual(nothing);
    });
  });
};

await describeOnNodes('changes of a bucket', suite, ['2.19.1.0']);
