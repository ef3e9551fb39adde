import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { setObjectCount } from '../aws/cloudwatch/service.ts';
import { removeDefaultVpc } from '../aws/ec2/reach.ts';
import { type AwsWorkspace, awsWorkspace, BUCKET, SETUP } from './aws-workspace.ts';

const HERE = { account: '111122223333', region: 'eu-west-1' };

let space: AwsWorkspace;
beforeAll(async () => {
  space = await awsWorkspace();
});
beforeEach(() => space.again());
afterAll(() => space.remove());

describe('before anything is made', () => {
  test('a dry run lists all that would be made, what it costs idle, and what the backfill costs', async () => {
    setObjectCount(space.world, HERE, BUCKET, 250_000);
    const { stdout, stderr, code } = await space.look([...SETUP, '--dry-run']);
    // The dates of AWS's count and of our prices.
    expect(stdout.replaceAll(/\d{4}-\d\d-\d\d/g, 'DATE')).toMatchInlineSnapshot(`
      "Stack images for the images in s3://images: 29 changes

        create  bucket                rekback-images-111122223333-eu-west-1
        create  record                stack.json
        create  log-group             /rekback/images/jobs
        create  log-group             /rekback/images/live
        create  queue                 rekback-images-dead-letters
        create  queue                 rekback-images-live
        create  role                  rekback-images-eu-west-1-execution
        create  role                  rekback-images-eu-west-1-planner
        create  role                  rekback-images-eu-west-1-worker
        create  role                  rekback-images-eu-west-1-live
        create  role                  rekback-images-eu-west-1-admin
        create  role                  rekback-images-eu-west-1-search
        create  repository            rekback/images
        create  security-group        rekback-images
        create  compute-environment   rekback-images-control
        create  compute-environment   rekback-images-workers
        create  job-queue             rekback-images-control
        create  job-queue             rekback-images-workers
        create  job-definition        rekback-images-planner
        create  job-definition        rekback-images-worker
        create  function              rekback-images-live
        create  event-source-mapping  rekback-images-live
        create  rule                  rekback-images-job-state
        create  domain                rekback-images
        create  index-address         index.json
        create  index-roles           rekback-images
        create  notification          rekback-images-images
        create  notification          rekback-images-inventory
        create  inventory             rekback-images-inventory

      The bucket's notifications:
        + 'rekback-images-images' (s3:LifecycleExpiration:*, s3:ObjectCreated:*, s3:ObjectRemoved:*, s3:ObjectRestore:Completed of every key to the queue arn:aws:sqs:eu-west-1:111122223333:rekback-images-live)

      While idle: $27.50 a month
        $26.28  OpenSearch domain, t3.small.search (1 × $0.036 × 730 h)
         $1.22  the domain's storage (1 × 10 GB × $0.122)

      Backfill: at most 250,000 calls, $250.22, 1.7 hours at 40 calls a second
        It begins by itself once the inventory arrives, within 48 hours.
        $250.00  DetectLabels (250,000 × $0.001)
          $0.20  reading the images from S3 (2 × 250,000 ÷ 1,000 × $0.0004)
        < $0.01  the S3 inventory (250,000 ÷ 1,000,000 × $0.0025)
        < $0.01  workers on Fargate Spot (1 × 1.74 h × (0.25 × $0.03238 + 0.5 × $0.00356) × 0.5)
        < $0.01  public addresses of the workers (1 × 1.74 h × $0.005)
        (an upper bound: AWS's count of DATE has every version and format in it)

      Note: prices as of DATE, without free tiers, discounts and taxes
      Note: prices of eu-west-1 are not known here: us-east-1's are used, most other Regions cost more
      "
    `);
    expect(stderr).toMatchInlineSnapshot(`
      "In account 111122223333, Region eu-west-1, as arn:aws:iam::111122223333:user/admin.
      "
    `);
    expect(code).toBe(0);
  });

  test('with --json: each change, the account and Region, the forecast', async () => {
    setObjectCount(space.world, HERE, BUCKET, 1000);
    const plan = await space.json<{ changes: object[] }>([
      ...SETUP,
      '--dry-run',
      '--index-endpoint',
      'https://index.example',
    ]);
    expect(plan).toMatchObject({
      stack: BUCKET,
      dryRun: true,
      ...HERE,
      changes: expect.arrayContaining([
        { action: 'create', type: 'bucket', name: 'rekback-images-111122223333-eu-west-1' },
        { action: 'create', type: 'queue', name: 'rekback-images-live' },
      ]),
      notifications: [expect.stringContaining("+ 'rekback-images-images'")],
      forecast: { idle: { dollars: 0 }, backfill: { calls: 1000 }, callsPerSecond: 40 },
      checks: [],
    });
    expect(plan.changes).not.toContainEqual(expect.objectContaining({ type: 'domain' }));
    expect(space.world.journal.mutating()).toEqual([]);
  });

  test('without a terminal and without --yes it shows the plan and stops', async () => {
    const { stdout, stderr, code } = await space.look(SETUP);
    expect(stdout).toMatch(/^Stack images for the images in s3:\/\/images: \d+ changes\n/);
    expect(stderr).toMatchInlineSnapshot(`
      "In account 111122223333, Region eu-west-1, as arn:aws:iam::111122223333:user/admin.
      Error: this needs an answer and there is no terminal to ask on

      What to do:
        Add --yes to go ahead without a question. Nothing changed.
      "
    `);
    expect(code).toBe(2);
    // Nothing was begun, so nothing is remembered either.
    expect(JSON.parse((await space.look(['stacks', '--json'])).stdout).stacks).toEqual([]);
  });

  test('--yes alone starts no backfill; who reads the question gets one, and --backfill decides', async () => {
    setObjectCount(space.world, HERE, BUCKET, 1000);
    const [yes, asked, chosen] = await Promise.all(
      [['--yes'], [], ['--yes', '--backfill', 'auto']].map((flags) =>
        space.look([...SETUP, '--dry-run', ...flags]),
      ),
    );
    expect(yes?.stdout).toContain('It does not begin by itself.');
    expect(asked?.stdout).toContain('It begins by itself once the inventory arrives, within 48 hours.');
    expect(chosen?.stdout).toContain('It begins by itself');
  });

  const bucketIn = (region: 'eu-west-1' | 'eu-central-1', account?: string) =>
    new S3Client(space.world.client({ region, ...(account && { account }) })).send(
      new CreateBucketCommand({
        Bucket: 'elsewhere',
        CreateBucketConfiguration: { LocationConstraint: region },
      }),
    );
  const nothing = async () => {};

  test.each<[what: string, given: () => unknown, args: string[], code: string, exit: number]>([
    ['a bucket that is not there', nothing, ['--bucket', 'nosuch'], 'bucket-missing', 1],
    [
      "another account's bucket",
      () => bucketIn('eu-west-1', '999988887777'),
      ['--bucket', 'elsewhere'],
      'bucket-denied',
      1,
    ],
    [
      'a bucket of another Region',
      () => bucketIn('eu-central-1'),
      ['--bucket', 'elsewhere'],
      'bucket-region',
      1,
    ],
    [
      'a bucket whose notifications may not be read',
      () => space.world.deny('s3:GetBucketNotification'),
      [],
      'bucket-denied',
      1,
    ],
    ['no default VPC', () => removeDefaultVpc(space.world, HERE), [], 'no-default-vpc', 2],
    ['a tag without a value', nothing, ['--tag', 'team'], 'bad-tag', 2],
    ['an address without TLS', nothing, ['--notify', 'http://example.com/hook'], 'bad-notify', 2],
    ['an address with a password', nothing, ['--notify', 'https://a:b@example.com/'], 'bad-notify', 2],
    ['a topic of FIFO', nothing, ['--notify', 'arn:aws:sns:eu-west-1:111122223333:a.fifo'], 'bad-notify', 2],
    ['none beside another', nothing, ['--notify', 'none', '--notify', 'https://a.example'], 'bad-notify', 2],
    ['our own tag', nothing, ['--tag', 'rekback:stack=x'], 'bad-tag', 2],
    ['an index that is no address', nothing, ['--index-endpoint', 'search-x'], 'index-endpoint', 2],
    ['a path that is none', nothing, ['--iam-path', 'teams'], 'iam-path', 2],
    ['a name that is none', nothing, ['--stack', 'My Photos'], 'stack-name', 2],
    ['EventBridge that is off', nothing, ['--live', 'eventbridge'], 'event-bridge-off', 2],
    ['an unknown way of live changes', nothing, ['--live', 'sns'], 'usage', 2],
  ])('%s is refused', async (_, given, args, code, exit) => {
    await given();
    const rest = args[0] === '--bucket' ? SETUP.slice(3) : SETUP.slice(1);
    const result = await space.look(['setup', ...rest, ...args, '--yes', '--json']);
    const { error } = JSON.parse(result.stdout);
    expect(error).toMatchObject({
      code,
      message: expect.stringMatching(/^[^A-Z\n].*[^.\n]$/),
      suggestions: expect.arrayContaining([expect.any(String)]),
    });
    expect({ error, code: result.code }).toMatchObject({ code: exit });
  });

  test.each([
    ['127.0.0.1:1/node:24-slim', 'base-image-unreachable', 1],
    ['Node 24', 'bad-base-image', 2],
  ])('the base image %s is refused', async (base, expected, exit) => {
    const args = ['setup', '--bucket', BUCKET, '--base-image', base, '--yes', '--json'];
    const { stdout, code } = await space.look(args);
    const { error } = JSON.parse(stdout);
    expect({ code: error.code, exit: code }).toEqual({ code: expected, exit });
    expect(error.suggestions.join()).toContain('--base-image');
  });

  test.each([
    [['--folder', 'photos', '--max-vcpus', '8']],
    [['--folder', 'photos', '--index-endpoint', 'https://index.example']],
    [['--folder', 'photos', '--bucket', BUCKET]],
    [['--bucket', BUCKET, '--max-vcpus', '0']],
    [[]],
  ])('%j is wrong usage', async (args) => {
    const { stdout, code } = await space.look(['setup', ...args, '--json']);
    expect(JSON.parse(stdout).error.code).toBe('usage');
    expect(code).toBe(2);
    expect(space.world.journal.entries).toEqual([]);
  });
});
