import {
  CreateBucketCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  S3Client,
} from '@aws-sdk/client-s3';
import { bytesSource } from '../../../src/adapters/rekognition/from-bytes.ts';
import { objectSource } from '../../../src/adapters/rekognition/from-s3.ts';
import { createRekognitionLabeler } from '../../../src/adapters/rekognition/labeler.ts';
import type { RekognitionSettings } from '../../../src/adapters/rekognition/settings.ts';
import { openS3Images } from '../../../src/adapters/s3/images.ts';
import { createClients } from '../../../src/aws/clients.ts';
import type { Answer } from '../../../src/runtime/contract.ts';
import type { World } from '../../aws/kernel/world.ts';
import { bucketNamed } from '../../aws/s3/reach.ts';
import type { Version } from '../../aws/s3/state.ts';

const BUCKET = 'photos';
const REGION = 'eu-west-1';

/** A bucket of images in the double, and labelers that look at them through S3 or by their bytes. */
export async function givenImages(world: World, settings: RekognitionSettings = {}) {
  const { credentials, maxAttempts: _, ...client } = world.client({ region: REGION });
  const clients = createClients({ ...client, credentials: async () => credentials });
  const place = { bucket: BUCKET, region: REGION };
  await clients(S3Client).send(
    new CreateBucketCommand({ Bucket: BUCKET, CreateBucketConfiguration: { LocationConstraint: REGION } }),
  );
  const images = openS3Images(clients, place);
  const options = { ...settings, clients, callsPerSecond: async () => 40 };
  const byObject = createRekognitionLabeler({ ...options, source: objectSource(clients, place) });
  const byBytes = createRekognitionLabeler({ ...options, source: bytesSource });
  return {
    clients,
    images,
    byObject,
    byBytes,
    put: (Key: string, Body: Buffer, more: Partial<PutObjectCommandInput> = {}) =>
      clients(S3Client).send(new PutObjectCommand({ Bucket: BUCKET, Key, Body, ...more })),
    /** Changes a stored object as only a test can. */
    change: (key: string, to: Partial<Version>) =>
      Object.assign(bucketNamed(world, BUCKET)?.objects.get(key)?.at(-1) ?? {}, to),
    async detect(key: string, labeler = byObject): Promise<Answer> {
      const head = await images.head(key);
      if (head === undefined) throw new Error(`there is no ${key}`);
      return labeler.detect({ bucket: BUCKET, key, head, bytes: () => images.read(key) });
    },
    detectBytes: (bytes: Buffer, labeler = byBytes): Promise<Answer> =>
      labeler.detect({
        bucket: '/photos',
        key: 'a.jpg',
        head: { etag: 'e', size: bytes.length, lastModified: 0 },
        bytes: async () => bytes,
      }),
    calls: () => world.journal.entries.filter(({ operation }) => operation === 'DetectLabels').length,
  };
}
