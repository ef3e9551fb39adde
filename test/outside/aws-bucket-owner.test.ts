import { join } from 'node:path';
import {
  CreateBucketCommand,
  GetBucketNotificationConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Workspace, workspace } from '../commands/workspace.ts';
import { dumpAccount } from './account/dump.ts';
import { MOTO_ACCOUNT } from './moto/account.ts';
import { type CorrectedMoto, startCorrectedMoto } from './moto/start.ts';
import { preparePython } from './python/venv.ts';
import { describeWith, lookFor } from './requires.ts';

const BUCKET = 'holiday-images';
const SETUP = [
  'setup',
  '--bucket',
  BUCKET,
  '--index-endpoint',
  'http://127.0.0.1:9200',
  '--image-uri',
  'registry.example/rekback@sha256:0',
  '--bucket-changes',
  'print',
];
const THEIRS = {
  Id: 'theirs',
  QueueArn: `arn:aws:sqs:eu-west-1:${MOTO_ACCOUNT}:theirs`,
  Events: ['s3:ReducedRedundancyLostObject' as const],
};

interface Error {
  error: { code: string; message: string; suggestions: string[] };
}

describeWith('a bucket that only its owner may configure', await lookFor(preparePython), (python) => {
  let moto: CorrectedMoto;
  let space: Workspace;
  beforeAll(async () => {
    moto = await startCorrectedMoto({ managedPolicies: false });
    space = await workspace({ images: 'none' });
    await new SQSClient(moto.client()).send(new CreateQueueCommand({ QueueName: 'theirs' }));
    const CreateBucketConfiguration = { LocationConstraint: 'eu-west-1' as const };
    await new S3Client(moto.client()).send(
      new CreateBucketCommand({ Bucket: BUCKET, CreateBucketConfiguration }),
    );
    const NotificationConfiguration = { QueueConfigurations: [THEIRS] };
    await new S3Client(moto.client()).send(
      new PutBucketNotificationConfigurationCommand({ Bucket: BUCKET, NotificationConfiguration }),
    );
  });
  afterAll(async () => {
    await moto.stop();
    await space.remove();
  });

  const run = <Result extends object>(args: readonly string[], exitCode = 0) =>
    space.json<Result>(args, exitCode, { env: moto.env() });
  const bucket = async () => (await dumpAccount(python, moto.env())).buckets?.[BUCKET];
  const notifications = async () =>
    (
      await new S3Client(moto.client()).send(
        new GetBucketNotificationConfigurationCommand({ Bucket: BUCKET }),
      )
    ).QueueConfigurations;

  test('setup makes the rest and says what is missing; its owner applies what was printed; setup verifies it', async () => {
    const before = await bucket();
    const { error } = await run<Error>([...SETUP, '--yes'], 1);
    expect(error).toMatchObject({
      code: 'bucket-changes-needed',
      suggestions: [
        "give the bucket's owner what this prints: rekback setup --bucket holiday-images --bucket-changes print --dry-run",
        'once it is there, run the same command again',
      ],
    });
    expect(await bucket()).toEqual(before);

    // All that is left is the owner's.
    const plan = await run<{ changes: object[] }>([...SETUP, '--dry-run']);
    expect(plan.changes).toEqual([
      { action: 'create', type: 'notification', name: 'rekback-holiday-images-images', byOwner: true },
      { action: 'create', type: 'inventory', name: 'rekback-holiday-images-inventory', byOwner: true },
    ]);
    await python.run(
      join(import.meta.dirname, 'account/apply_bucket_changes.py'),
      JSON.stringify(plan),
      moto.env(),
    );

    const applied = await bucket();
    expect(applied).not.toEqual(before);
    expect(await notifications()).toContainEqual(expect.objectContaining(THEIRS));
    expect(await run([...SETUP, '--yes'])).toMatchObject({ changes: [] });
    const { resources } = await run<{ resources: { state: string }[] }>(['status']);
    expect(resources.filter(({ state }) => state !== 'present')).toEqual([]);
    expect(await bucket()).toEqual(applied);
  }, 120_000);

  test('a teardown removes the rest, and names what its owner has to remove', async () => {
    const applied = await bucket();
    const { left } = await run<{ left: object[] }>(['teardown', '--yes'], 1);
    const reason = "the bucket's owner has to remove it";
    expect(left).toEqual([
      { type: 'notification', name: 'rekback-holiday-images-images', reason },
      { type: 'inventory', name: 'rekback-holiday-images-inventory', reason },
    ]);
    expect(await bucket()).toEqual(applied);
  }, 120_000);
});
