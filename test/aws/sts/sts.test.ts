import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { World } from '../kernel/world.ts';
import { startWorld } from '../world.ts';

let world: World;
let sts: STSClient;
const RoleArn = 'arn:aws:iam::111122223333:role/search';
beforeAll(async () => {
  world = await startWorld();
  sts = new STSClient(world.client());
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(async () => {
  await world.stop();
});

async function trusting(AWS: string): Promise<void> {
  const AssumeRolePolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: { AWS }, Action: 'sts:AssumeRole' }],
  });
  await new IAMClient(world.client()).send(
    new CreateRoleCommand({ RoleName: 'search', AssumeRolePolicyDocument }),
  );
}
const assume = (more: object = {}) =>
  sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'me', ...more }));

test('the caller is told who it is', async () => {
  const answer = await sts.send(new GetCallerIdentityCommand({}));
  expect(answer).toMatchObject({ Account: '111122223333', Arn: 'arn:aws:iam::111122223333:user/admin' });
});

test('assumed keys act as the role, until they run out', async () => {
  await trusting('arn:aws:iam::111122223333:root');
  const { Credentials } = await assume({ DurationSeconds: 900 });
  const credentials = {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  };
  const asRole = new STSClient(world.client({ credentials }));
  const me = await asRole.send(new GetCallerIdentityCommand({}));
  expect(me.Arn).toBe('arn:aws:sts::111122223333:assumed-role/search/me');
  const sqs = new SQSClient(world.client({ credentials }));
  world.deny('sqs:ListQueues', { principal: RoleArn });
  await expect(sqs.send(new ListQueuesCommand({}))).rejects.toMatchObject({ name: 'AccessDenied' });
  expect(world.journal.entries.at(-1)).toMatchObject({ operation: 'ListQueues', role: RoleArn });
  expect(world.journal.of('sts', 'AssumeRole')).toMatchObject([{ access: 'Write', mutating: false }]);
  await world.clock.advance(900_000);
  await expect(asRole.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({ name: 'ExpiredToken' });
});

test('only whom the role trusts gets its keys, and only once it has propagated', async () => {
  await expect(assume()).rejects.toMatchObject({ name: 'AccessDenied' });
  world.delays.iamPropagation = 5_000;
  await trusting('111122223333');
  await expect(assume()).rejects.toMatchObject({ name: 'AccessDenied' });
  await world.clock.advance(5_000);
  await assume();
  await expect(assume({ DurationSeconds: 7_200 })).rejects.toMatchObject({ name: 'ValidationError' });
  const stranger = new STSClient(world.client({ account: '444455556666' }));
  const other = stranger.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'me' }));
  await expect(other).rejects.toMatchObject({ name: 'AccessDenied' });
});
