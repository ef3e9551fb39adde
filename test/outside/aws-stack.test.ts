import {
  CreateBucketCommand,
  GetBucketNotificationConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type Workspace, workspace } from '../commands/workspace.ts';
import { added, dumpAccount } from './account/dump.ts';
import { type CorrectedMoto, startCorrectedMoto } from './moto/start.ts';
import { preparePython } from './python/venv.ts';
import { describeWith, lookFor } from './requires.ts';

const SETUP = [
  'setup',
  '--bucket',
  'holiday-images',
  '--index-endpoint',
  'http://127.0.0.1:9200',
  '--image-uri',
  'registry.example/rekback@sha256:0',
  '--yes',
];

interface Status {
  resources: { type: string; name: string; state: string }[];
}

describeWith('a stack on moto, seen with boto3', await lookFor(preparePython), (python) => {
  let moto: CorrectedMoto;
  let space: Workspace;
  beforeAll(async () => {
    moto = await startCorrectedMoto({ managedPolicies: false });
    space = await workspace();
  });
  afterAll(async () => {
    await moto.stop();
    await space.remove();
  });
  beforeEach(async () => {
    await moto.reset();
    const s3 = new S3Client(moto.client());
    await s3.send(
      new CreateBucketCommand({
        Bucket: 'holiday-images',
        CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' },
      }),
    );
    await s3.send(new PutObjectCommand({ Bucket: 'holiday-images', Key: 'dog.jpg', Body: 'dog' }));
  });

  const dump = () => dumpAccount(python, moto.env());
  const run = <Result extends object>(args: readonly string[]) =>
    space.json<Result>(args, 0, { env: moto.env() });
  /** AWS makes it by itself and keeps it. */
  const LINKED = /AWSServiceRoleForBatch$/;
  const withoutLinked = (account: Awaited<ReturnType<typeof dump>>) =>
    JSON.parse(JSON.stringify(account), (key, value) => (LINKED.test(key) ? undefined : value));

  test.each([[[]], [['--live', 'eventbridge', '--enable-eventbridge']], [['--live', 'none']]])(
    'is made, present, made again without a change, and removed: %s',
    async (live) => {
      const before = await dump();
      const { changes } = await run<{ changes: object[] }>([...SETUP, ...live]);
      expect(changes.length).toBeGreaterThan(20);
      const { resources } = await run<Status>(['status']);
      expect(resources.filter(({ state }) => state !== 'present')).toEqual([]);
      const made = await dump();
      expect(added(before, made).length).toBeGreaterThan(15);
      expect(await run([...SETUP, ...live])).toMatchObject({ changes: [] });
      expect(await dump()).toEqual(made);
      expect(await run(['teardown', '--yes'])).toMatchObject({ left: [] });
      expect(withoutLinked(await dump())).toEqual(before);
    },
    120_000,
  );

  test("leaves others' notifications of the bucket as they are", async () => {
    const s3 = new S3Client(moto.client());
    const at = { Bucket: 'holiday-images' };
    await new SQSClient(moto.client()).send(new CreateQueueCommand({ QueueName: 'theirs' }));
    await s3.send(
      new PutBucketNotificationConfigurationCommand({
        ...at,
        NotificationConfiguration: {
          QueueConfigurations: [
            {
              Id: 'theirs',
              QueueArn: 'arn:aws:sqs:eu-west-1:123456789012:theirs',
              Events: ['s3:ReducedRedundancyLostObject'],
              Filter: { Key: { FilterRules: [{ Name: 'prefix', Value: 'raw/' }] } },
            },
          ],
        },
      }),
    );
    const theirs = async () => {
      const { QueueConfigurations } = await s3.send(new GetBucketNotificationConfigurationCommand(at));
      return QueueConfigurations?.filter(({ Id }) => Id === 'theirs');
    };
    const before = await theirs();
    expect(before).toHaveLength(1);
    await run(SETUP);
    expect(await theirs()).toEqual(before);
    await run(['teardown', '--yes']);
    const { QueueConfigurations } = await s3.send(new GetBucketNotificationConfigurationCommand(at));
    expect(QueueConfigurations).toEqual(before);
  }, 120_000);
});
