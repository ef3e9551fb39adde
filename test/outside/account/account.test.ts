import { CreateQueueCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type CorrectedMoto, startCorrectedMoto } from '../moto/start.ts';
import { preparePython } from '../python/venv.ts';
import { describeWith, lookFor } from '../requires.ts';
import { added, dumpAccount } from './dump.ts';
import { makeStack, removeStack } from './stack-calls.ts';

describeWith('what an account holds', await lookFor(preparePython), (python) => {
  let moto: CorrectedMoto;
  beforeAll(async () => {
    moto = await startCorrectedMoto({ managedPolicies: false });
  });
  beforeEach(() => moto.reset());
  afterAll(() => moto.stop());
  const dump = () => dumpAccount(python, moto.env());

  test('everything of a stack is seen, and nothing of it stays', async () => {
    const before = await dump();
    await makeStack(moto.client());
    const made = await dump();
    expect(added(before, made).map((each) => each.replace(/ vpc-\w+/, ''))).toMatchInlineSnapshot(`
      [
        "buckets images-of-someone",
        "buckets rekback-one-123456789012-eu-west-1",
        "computeEnvironments arn:aws:batch:eu-west-1:123456789012:compute-environment/rekback-one",
        "domains arn:aws:es:eu-west-1:123456789012:domain/rekback-one",
        "functions arn:aws:lambda:eu-west-1:123456789012:function:rekback-one",
        "jobDefinitions arn:aws:batch:eu-west-1:123456789012:job-definition/rekback-one:1",
        "jobQueues arn:aws:batch:eu-west-1:123456789012:job-queue/rekback-one",
        "logGroups arn:aws:logs:eu-west-1:123456789012:log-group:/rekback/one",
        "mappings arn:aws:sqs:eu-west-1:123456789012:rekback-one -> arn:aws:lambda:eu-west-1:123456789012:function:rekback-one",
        "policies arn:aws:iam::123456789012:policy/rekback-one-boundary",
        "queues arn:aws:sqs:eu-west-1:123456789012:rekback-one",
        "queues arn:aws:sqs:eu-west-1:123456789012:rekback-one-failed",
        "repositories arn:aws:ecr:eu-west-1:123456789012:repository/rekback-one",
        "roles arn:aws:iam::123456789012:role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch",
        "roles arn:aws:iam::123456789012:role/rekback-one",
        "rules arn:aws:events:eu-west-1:123456789012:rule/rekback-one",
        "securityGroups rekback-one",
      ]
    `);
    await removeStack(moto.client());
    const after = await dump();
    // AWS makes this one by itself and keeps it.
    expect(added(before, after)).toEqual([
      'roles arn:aws:iam::123456789012:role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch',
    ]);
    expect({ ...after, roles: before.roles }).toEqual(before);
  }, 60_000);

  test('the same state gives the same dump, a changed setting another', async () => {
    const sqs = new SQSClient(moto.client());
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'q' }));
    const first = await dump();
    expect(await dump()).toEqual(first);
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { VisibilityTimeout: '90' } }));
    const changed = await dump();
    expect(added(first, changed)).toEqual([]);
    expect(changed).not.toEqual(first);
  }, 60_000);
});
