import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CreateBucketCommand, PutObjectCommand, S3Client, type StorageClass } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { setBucketBytes, setObjectCount } from '../aws/cloudwatch/service.ts';
import { recordNeeds } from '../provision/iam/needs.ts';
import { type AwsWorkspace, awsWorkspace, BUCKET } from './aws-workspace.ts';
import { contents } from './workspace.ts';

const WHERE = { account: '111122223333', region: 'eu-west-1' };
const LISTED = ['estimate', '--bucket', BUCKET];
const QUICK = [...LISTED, '--quick'];

let space: AwsWorkspace;
beforeAll(async () => {
  space = await awsWorkspace();
});
beforeEach(() => space.again());
afterAll(() => space.remove());

async function put(Key: string, bytes: number, StorageClass: StorageClass = 'STANDARD'): Promise<void> {
  const Body = Buffer.alloc(bytes);
  const s3 = new S3Client(space.world.client());
  await s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body, StorageClass }));
}

async function givenMixed(): Promise<void> {
  await put('a/cold.JPG', 3000, 'STANDARD_IA');
  await put('a/cool.png', 2000, 'GLACIER_IR');
  await put('a/tiered.jpeg', 500, 'INTELLIGENT_TIERING');
  await put('a/frozen.jpg', 700, 'DEEP_ARCHIVE');
  await put('b/empty.jpg', 0);
  await put('b/photo.heic', 60);
  await put('b/notes.txt', 7);
}

interface Estimate {
  objects: number;
  notes: string[];
  idle: { dollars: number };
  labelers: {
    images: number;
    bytes: number;
    withoutCall: object;
    hours: number | null;
    dollars: number;
    lines: { what: string; dollars: number; formula: string }[];
  }[];
}
const asked = async (args: readonly string[]): Promise<Estimate> => {
  const { stdout, stderr, code } = await space.look([...args, '--json', '--progress', 'none']);
  expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
  return JSON.parse(stdout);
};
const error = ({ stdout }: { stdout: string }) => JSON.parse(stdout).error;

describe('a bucket that is listed', () => {
  test('counts what costs a call, what does not and why, and what reading from each class costs', async () => {
    await givenMixed();
    const { labelers, ...rest } = await asked(LISTED);
    expect(rest).toMatchObject({ objects: 8, bytes: 6270, countedBy: 'listing', region: 'eu-west-1' });
    expect(rest.notes).toEqual([
      'a listing does not tell what is archived in INTELLIGENT_TIERING; a backfill skips it',
    ]);
    const [{ lines, ...rekognition } = { lines: [] }, ...others] = labelers;
    expect(others).toEqual([]);
    expect(rekognition).toMatchObject({
      labeler: 'rekognition',
      images: 4,
      bytes: 5503,
      calls: 4,
      callsPerSecond: 40,
      hoursFormula: '4 calls ÷ 40/s ÷ 3,600',
      withoutCall: {
        archived: { objects: 1, bytes: 700 },
        empty: { objects: 1, bytes: 0 },
        format: { objects: 1, bytes: 60 },
        'not-an-image': { objects: 1, bytes: 7 },
      },
    });
    expect(lines.map(({ what }) => what)).toEqual([
      'DetectLabels',
      'reading images of STANDARD_IA',
      'retrieving them from STANDARD_IA',
      'reading images of GLACIER_IR',
      'retrieving them from GLACIER_IR',
      'reading images of INTELLIGENT_TIERING',
      'reading the images from S3',
      'the S3 inventory',
      'workers on Fargate Spot',
      'public addresses of the workers',
    ]);
    expect(lines.find(({ what }) => what === 'retrieving them from GLACIER_IR')?.dollars).toBeCloseTo(
      (2000 / 2 ** 30) * 0.03,
      12,
    );
  });

  test('is asked for with reading rights alone, and nothing is written', async () => {
    const needs = recordNeeds(space.world);
    await asked([...LISTED, '--rate', '10']);
    expect([...new Set(needs.map(({ action }) => action))].sort()).toEqual([
      's3:ListBucket',
      'sts:GetCallerIdentity',
    ]);
    needs.length = 0;
    await asked(LISTED);
    expect([...new Set(needs.map(({ action }) => action))].sort()).toEqual([
      's3:ListBucket',
      'servicequotas:GetServiceQuota',
      'sts:GetCallerIdentity',
    ]);
    expect(await contents(space.home)).toEqual({});
  });

  test('by prefix, at a rate that is named', async () => {
    await givenMixed();
    const { objects, labelers } = await asked([...LISTED, '--prefix', 'b/', '--rate', '7']);
    expect(objects).toBe(3);
    expect(labelers).toMatchObject([{ images: 0, calls: 0, callsPerSecond: 7, hours: 0 }]);
  });

  test('by pages side by side, up to the end', async () => {
    for (let at = 0; at < 2100; at += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, more) => put(`many/${at + more}.jpg`, 1)));
    }
    const { objects } = await asked(LISTED);
    expect(objects).toBe(2101);
    expect(space.world.journal.of('s3').length).toBeGreaterThan(2);
  });

  test('says it to a person, with the progress of the listing', async () => {
    await givenMixed();
    const { stdout, stderr } = await space.look(LISTED);
    expect(stdout).toMatchInlineSnapshot(`
      "s3://images: 8 objects, 6.3 KB

      Labels by rekognition: 4 images, 5.5 KB, less than a cent
        < $0.01  DetectLabels (4 × $0.001)
        < $0.01  reading images of STANDARD_IA (2 × 1 ÷ 1,000 × $0.001)
        < $0.01  retrieving them from STANDARD_IA (0.00000279 GB × $0.01)
        < $0.01  reading images of GLACIER_IR (2 × 1 ÷ 1,000 × $0.01)
        < $0.01  retrieving them from GLACIER_IR (0.00000186 GB × $0.03)
        < $0.01  reading images of INTELLIGENT_TIERING (2 × 1 ÷ 1,000 × $0.0004)
        < $0.01  reading the images from S3 (2 × 1 ÷ 1,000 × $0.0004)
        < $0.01  the S3 inventory (8 ÷ 1,000,000 × $0.0025)
        < $0.01  workers on Fargate Spot (1 × 0.0000278 h × (0.25 × $0.03238 + 0.5 × $0.00356) × 0.5)
        < $0.01  public addresses of the workers (1 × 0.0000278 h × $0.005)
        1 minute at 40 calls a second (4 calls ÷ 40/s ÷ 3,600)
               1 without a call: archived (700 B)
               1 without a call: empty (0 B)
               1 without a call: not-an-image (7 B)
               1 without a call: format (60 B)

      A stack on AWS while idle: $27.50 a month (with setup --local: nothing)
        $26.28  OpenSearch domain, t3.small.search (1 × $0.036 × 730 h)
         $1.22  the domain's storage (1 × 10 GB × $0.122)

      Note: prices as of 2026-10-05, without free tiers, discounts and taxes
      Note: prices of eu-west-1 are not known here: us-east-1's are used, most other Regions cost more
      Note: a listing does not tell what is archived in INTELLIGENT_TIERING; a backfill skips it
      "
    `);
    expect(stderr).toBe(
      'Listed so far: 8 objects\nListed: 8 objects\nNext: rekback setup --bucket images --dry-run\n',
    );
  });

  test('without the right to its quota, it says with what it reckoned', async () => {
    space.world.deny('servicequotas:GetServiceQuota');
    space.world.deny('servicequotas:GetAWSDefaultServiceQuota');
    const { labelers, notes } = await asked(LISTED);
    expect(labelers).toMatchObject([{ callsPerSecond: 4 }]);
    expect(notes).toEqual([expect.stringMatching(/^the quota of DetectLabels can't be read \(AccessDenied/)]);
  });

  test.each([
    [['--bucket', 'nosuch'], 'bucket-missing', 1],
    [[], 'usage', 2],
    [['--bucket', BUCKET, '--folder', 'photos'], 'usage', 2],
    [['--bucket', BUCKET, '--quick', '--prefix', 'a'], 'usage', 2],
    [['--folder', 'nosuch'], 'folder-missing', 2],
  ])('%j is refused', async (args, code, exit) => {
    const result = await space.look(['estimate', ...args, '--json']);
    expect({ code: error(result).code, exit: result.code }).toEqual({ code, exit });
  });

  test('without the right to list, it names the right', async () => {
    space.world.deny('s3:ListBucket');
    expect(error(await space.look([...LISTED, '--json']))).toMatchObject({
      code: 'bucket-denied',
      suggestions: expect.arrayContaining(["ask for s3:ListBucket on 'images'"]),
    });
  });
});

describe('a bucket as AWS counts it', () => {
  test('is reckoned with by the bytes of each class, and never listed', async () => {
    setObjectCount(space.world, WHERE, BUCKET, 2_000_000);
    setBucketBytes(space.world, WHERE, BUCKET, 'StandardStorage', 3 * 2 ** 40);
    setBucketBytes(space.world, WHERE, BUCKET, 'StandardIAStorage', 2 ** 40);
    setBucketBytes(space.world, WHERE, BUCKET, 'DeepArchiveStorage', 5e9);
    const { labelers, notes, ...rest } = await asked(QUICK);
    expect(rest).toMatchObject({ objects: 2_000_000, countedBy: 'metrics' });
    expect(labelers[0]?.withoutCall).toEqual({});
    expect(labelers[0]?.lines.slice(0, 5)).toEqual([
      { what: 'DetectLabels', formula: '1,000,000 × $0.001', dollars: 1000 },
      { what: 'DetectLabels, beyond 1,000,000 a month', formula: '1,000,000 × $0.0008', dollars: 800 },
      {
        what: 'reading the images from S3',
        formula: '2 × 1,500,000 ÷ 1,000 × $0.0004',
        dollars: expect.closeTo(1.2),
      },
      {
        what: 'reading images of STANDARD_IA',
        formula: '2 × 500,000 ÷ 1,000 × $0.001',
        dollars: expect.closeTo(1),
      },
      {
        what: 'retrieving them from STANDARD_IA',
        formula: '1,024 GB × $0.01',
        dollars: expect.closeTo(10.24),
      },
    ]);
    expect(notes).toEqual([
      "an upper bound: AWS's count has every version and format in it",
      '5 GB of it are archived and would be skipped; AWS does not say how many',
    ]);
    expect(space.world.journal.of('s3')).toEqual([]);
  });

  test('that has no count yet, or may not be read, says what to do instead', async () => {
    const s3 = new S3Client(space.world.client({ region: 'eu-central-1' }));
    const CreateBucketConfiguration = { LocationConstraint: 'eu-central-1' as const };
    await s3.send(new CreateBucketCommand({ Bucket: 'elsewhere', CreateBucketConfiguration }));
    expect(error(await space.look(['estimate', '--bucket', 'elsewhere', '--quick', '--json']))).toMatchObject(
      {
        code: 'not-counted-yet',
        suggestions: [
          'leave --quick out: then the bucket is listed',
          expect.stringContaining('--region REGION'),
        ],
      },
    );
    space.world.deny('cloudwatch:GetMetricData');
    expect(error(await space.look([...QUICK, '--json']))).toMatchObject({
      code: 'aws-failed',
      message: expect.stringMatching(/^can't read how large 'images' is: AccessDenied/),
    });
  });
});

describe('a folder', () => {
  const FOLDER = ['estimate', '--folder', 'photos'];

  test('is walked without any call of AWS, for both labelers', async () => {
    const { labelers, notes, idle } = await asked(FOLDER);
    expect(space.world.journal.entries).toEqual([]);
    expect(idle).toBeNull();
    expect(labelers).toMatchObject([
      { labeler: 'keywords', images: 28, dollars: 0, hours: null },
      { labeler: 'rekognition', images: 24, dollars: 0.024, hours: null, callsPerSecond: null },
    ]);
    expect(notes).toEqual([expect.stringMatching(/^how long Rekognition takes depends on your quota/)]);
  });

  test('at a rate, or with the quota of a Region that is named', async () => {
    expect((await asked([...FOLDER, '--rate', '12'])).labelers[1]).toMatchObject({
      hours: 24 / 12 / 3600,
      hoursFormula: '24 calls ÷ 12/s ÷ 3,600',
    });
    expect(space.world.journal.entries).toEqual([]);
    expect((await asked([...FOLDER, '--region', 'eu-west-1'])).labelers[1]).toMatchObject({
      callsPerSecond: 40,
    });
  });

  test('leaves out what Rekognition does not take', async () => {
    await writeFile(join(space.photos, 'huge.png'), Buffer.alloc(65 * 2 ** 20));
    const { labelers } = await asked([...FOLDER, '--prefix', 'huge']);
    expect(labelers).toMatchObject([
      { labeler: 'keywords', images: 1 },
      { labeler: 'rekognition', images: 0, withoutCall: { 'too-large': { objects: 1 } } },
    ]);
  });
});
