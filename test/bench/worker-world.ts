/** What the worker's benchmark does with the AWS double; bundled before it runs, because Node 20 reads no TypeScript. */

import { openS3Objects } from '../../src/adapters/s3/objects.ts';
import { ENVIRONMENT, type RunRecord } from '../../src/runtime/contract.ts';
import { planInto } from '../../src/runtime/run/planning.ts';
import { writeRun } from '../../src/runtime/run/record.ts';
import { frontIndex } from '../aws/opensearch/front.ts';
import { jpeg } from '../aws/rekognition/pictures.ts';
import { rekognitionIn } from '../aws/rekognition/service.ts';
import { bucketNamed } from '../aws/s3/reach.ts';
import { startWorld } from '../aws/world.ts';
import { BUCKET, givenImages, setUpWhole, testSession } from '../provision/stack.ts';

const LABELS = [
  'Dog',
  'Animal',
  'Pet',
  'Mammal',
  'Beach',
  'Sand',
  'Sea',
  'Sky',
  'Outdoors',
  'Nature',
  'Person',
  'Hat',
];

/** A stack on the double whose index is at `endpoint`, and so many images in its bucket, that answer at once. */
export async function startStack(endpoint: string, images: number) {
  const world = await startWorld();
  await givenImages(world);
  await frontIndex(world, endpoint);
  await setUpWhole(world);
  const answer = LABELS.map((Name, at) => ({ Name, Confidence: 99 - at, Parents: [], Categories: [] }));
  rekognitionIn(world).answer(() => answer);
  const bucket = bucketNamed(world, BUCKET);
  const [version] = bucket?.objects.get('dog.jpg') ?? [];
  if (bucket === undefined || version === undefined) throw new Error('no image');
  const keys = Array.from({ length: images }, (_, at) => `photos/2026/${String(at).padStart(7, '0')}.jpg`);
  const body = await jpeg();
  for (const key of keys) bucket.objects.set(key, [{ ...version, key, body }]);
  const { size, etag, lastModified } = {
    size: 3,
    etag: '06d80eb0c50b49a509b49f2424e8c805',
    lastModified: Date.now(),
  };
  const { clients } = testSession(world);
  const stackBucket = `rekback-${BUCKET}-111122223333-eu-west-1`;
  const objects = openS3Objects(clients, { bucket: stackBucket, account: '111122223333' });

  /** A planned run of all images, in chunks of that many rows; what a worker of it finds in its environment. */
  async function plannedRun(id: string, chunkRows: number): Promise<Record<string, string>> {
    const run: RunRecord = {
      format: 1,
      id,
      state: 'running',
      selection: { from: { kind: 'listing' }, relabel: 'all' },
      labeling: {
        labeler: 'rekognition',
        revision: 1,
        labelFloor: 5,
        maxLabels: 100,
        include: [],
        exclude: [],
      },
      startedAt: new Date().toISOString(),
    };
    await writeRun(objects, run);
    await planInto(run, {
      objects,
      rows: {
        kind: 'images',
        async *read() {
          yield keys.map((key) => ({ key, size, etag, lastModified }));
        },
      },
      formats: new Set(['.jpg']),
      prefix: undefined,
      compress: true,
      chunkRows,
      report: () => {},
      signal: new AbortController().signal,
    });
    world.journal.clear();
    return {
      ...world.env({ region: 'eu-west-1' }),
      [ENVIRONMENT.stack]: BUCKET,
      [ENVIRONMENT.bucket]: stackBucket,
      [ENVIRONMENT.run]: id,
      [ENVIRONMENT.rate]: '100000',
      AWS_BATCH_JOB_ID: 'bench',
    };
  }

  /** Requests to S3 since the run was planned, by operation. */
  const requests = () => {
    const counts: Record<string, number> = {};
    for (const { service, operation } of world.journal.entries) {
      if (service === 's3') counts[operation] = (counts[operation] ?? 0) + 1;
    }
    return counts;
  };
  return { plannedRun, requests, stop: () => world.stop() };
}
