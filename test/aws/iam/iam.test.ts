import {
  AddRoleToInstanceProfileCommand,
  AttachRolePolicyCommand,
  CreateInstanceProfileCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  CreateServiceLinkedRoleCommand,
  DeletePolicyCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  DetachRolePolicyCommand,
  GetInstanceProfileCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  ListInstanceProfilesForRoleCommand,
  ListRolePoliciesCommand,
  ListRoleTagsCommand,
  PutRolePolicyCommand,
  RemoveRoleFromInstanceProfileCommand,
  TagRoleCommand,
  UntagRoleCommand,
  UpdateAssumeRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { World } from '../kernel/world.ts';
import { startWorld } from '../world.ts';
import { assumable } from './reach.ts';

let world: World;
let iam: IAMClient;
beforeAll(async () => {
  world = await startWorld();
  iam = new IAMClient(world.client({ region: 'us-east-1' }));
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(async () => {
  await world.stop();
});

const trust = (Principal: object, Condition?: object) =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal, Action: 'sts:AssumeRole', ...(Condition && { Condition }) }],
  });
const LAMBDA = trust({ Service: 'lambda.amazonaws.com' });
const role = (RoleName: string, more: object = {}) =>
  iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: LAMBDA, ...more }));
const policy = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::b/(*)' }],
});

test('a role comes back with all it was made with, its trust policy percent-encoded', async () => {
  const boundary = await iam.send(new CreatePolicyCommand({ PolicyName: 'limit', PolicyDocument: policy }));
  const PermissionsBoundary = boundary.Policy?.Arn;
  const Tags = [{ Key: 'stack', Value: 'x' }];
  await role('r', { Path: '/team/', Description: 'd', PermissionsBoundary, Tags, MaxSessionDuration: 7200 });
  const { Role } = await iam.send(new GetRoleCommand({ RoleName: 'r' }));
  expect(Role).toMatchObject({
    Arn: 'arn:aws:iam::111122223333:role/team/r',
    Path: '/team/',
    RoleId: expect.stringMatching(/^AROA[A-Z2-7]{17}$/),
    AssumeRolePolicyDocument: encodeURIComponent(LAMBDA),
    MaxSessionDuration: 7200,
    PermissionsBoundary: { PermissionsBoundaryArn: PermissionsBoundary },
    Tags,
  });
  await expect(role('r')).rejects.toMatchObject({ name: 'EntityAlreadyExistsException' });
  await expect(iam.send(new DeletePolicyCommand({ PolicyArn: PermissionsBoundary }))).rejects.toMatchObject({
    name: 'DeleteConflictException',
  });
});

test('inline and attached policies are kept, and a role goes only without them', async () => {
  await role('r');
  const PolicyArn = 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess';
  await iam.send(new PutRolePolicyCommand({ RoleName: 'r', PolicyName: 'p', PolicyDocument: policy }));
  await iam.send(new AttachRolePolicyCommand({ RoleName: 'r', PolicyArn }));
  const read = await iam.send(new GetRolePolicyCommand({ RoleName: 'r', PolicyName: 'p' }));
  expect(read.PolicyDocument).toContain('b%2F%28%2A%29');
  expect(decodeURIComponent(read.PolicyDocument ?? '')).toBe(policy);
  expect((await iam.send(new ListRolePoliciesCommand({ RoleName: 'r' }))).PolicyNames).toEqual(['p']);
  const attached = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName: 'r' }));
  expect(attached.AttachedPolicies).toEqual([{ PolicyName: 'AmazonS3ReadOnlyAccess', PolicyArn }]);
  const remove = () => iam.send(new DeleteRoleCommand({ RoleName: 'r' }));
  await expect(remove()).rejects.toMatchObject({
    name: 'DeleteConflictException',
    message: /detach all policies/,
  });
  await iam.send(new DetachRolePolicyCommand({ RoleName: 'r', PolicyArn }));
  await expect(remove()).rejects.toMatchObject({ message: /must delete policies first/ });
  await iam.send(new DeleteRolePolicyCommand({ RoleName: 'r', PolicyName: 'p' }));
  await remove();
  await expect(remove()).rejects.toMatchObject({ name: 'NoSuchEntityException' });
});

test.each([
  ['{}', 'Missing required field Statement'],
  [trust({ AWS: 'arn:aws:iam::111122223333:role/none' }), 'Invalid principal in policy'],
  [
    JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action: 'sts:AssumeRole' } }),
    'Principal',
  ],
  [JSON.stringify({ Version: '2025-01-01', Statement: [] }), 'version'],
])('the trust policy %s is refused', async (AssumeRolePolicyDocument, message) => {
  await expect(role('r', { AssumeRolePolicyDocument })).rejects.toMatchObject({
    name: 'MalformedPolicyDocumentException',
    message: expect.stringContaining(message),
  });
});

test('a permission policy with a principal, or for nothing, is refused', async () => {
  await role('r');
  const put = (statement: object) =>
    iam.send(
      new PutRolePolicyCommand({
        RoleName: 'r',
        PolicyName: 'p',
        PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [statement] }),
      }),
    );
  const all = { Effect: 'Allow', Action: 's3:GetObject', Resource: '*' };
  for (const wrong of [
    { ...all, Principal: '*' },
    { ...all, Resource: undefined },
    { ...all, Action: 'GetObject' },
  ]) {
    await expect(put(wrong)).rejects.toMatchObject({ name: 'MalformedPolicyDocumentException' });
  }
  await put(all);
});

test('tags of a role are added and taken away', async () => {
  await role('r', { Tags: [{ Key: 'a', Value: '1' }] });
  await iam.send(new TagRoleCommand({ RoleName: 'r', Tags: [{ Key: 'b', Value: '2' }] }));
  await iam.send(new UntagRoleCommand({ RoleName: 'r', TagKeys: ['a'] }));
  expect((await iam.send(new ListRoleTagsCommand({ RoleName: 'r' }))).Tags).toEqual([
    { Key: 'b', Value: '2' },
  ]);
});

test('an instance profile holds one role, and holds it back', async () => {
  await role('r');
  await role('s');
  await iam.send(
    new CreateInstanceProfileCommand({ InstanceProfileName: 'p', Tags: [{ Key: 'a', Value: '1' }] }),
  );
  const add = (RoleName: string) =>
    iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName: 'p', RoleName }));
  await add('r');
  await expect(add('s')).rejects.toMatchObject({ name: 'LimitExceededException' });
  const { InstanceProfile } = await iam.send(new GetInstanceProfileCommand({ InstanceProfileName: 'p' }));
  expect(InstanceProfile).toMatchObject({ Tags: [{ Key: 'a', Value: '1' }], Roles: [{ RoleName: 'r' }] });
  const ofRole = await iam.send(new ListInstanceProfilesForRoleCommand({ RoleName: 'r' }));
  expect(ofRole.InstanceProfiles).toHaveLength(1);
  await expect(iam.send(new DeleteRoleCommand({ RoleName: 'r' }))).rejects.toMatchObject({
    message: /instance profile/,
  });
  await iam.send(new RemoveRoleFromInstanceProfileCommand({ InstanceProfileName: 'p', RoleName: 'r' }));
  await iam.send(new DeleteRoleCommand({ RoleName: 'r' }));
});

test('a new role is seen and assumed only after its delays', async () => {
  world.delays = { ...world.delays, iamRead: 1_000, iamPropagation: 8_000 };
  await role('r');
  const arn = 'arn:aws:iam::111122223333:role/r';
  await expect(iam.send(new GetRoleCommand({ RoleName: 'r' }))).rejects.toMatchObject({
    name: 'NoSuchEntityException',
  });
  await expect(role('r')).rejects.toMatchObject({ name: 'EntityAlreadyExistsException' });
  await world.clock.advance(1_000);
  await iam.send(new GetRoleCommand({ RoleName: 'r' }));
  expect(assumable(world, arn, 'lambda.amazonaws.com')).toBe('pending');
  await world.clock.advance(7_000);
  expect(assumable(world, arn, 'lambda.amazonaws.com')).toBe('yes');
  expect(assumable(world, arn, 'batch.amazonaws.com')).toBe('untrusted');
  expect(assumable(world, `${arn}2`, 'lambda.amazonaws.com')).toBe('missing');
  const Condition = { ArnLike: { 'aws:SourceArn': 'arn:aws:lambda:*:111122223333:function:x' } };
  const narrow = trust({ Service: 'lambda.amazonaws.com' }, Condition);
  await iam.send(new UpdateAssumeRolePolicyCommand({ RoleName: 'r', PolicyDocument: narrow }));
  const by = (name: string) =>
    assumable(world, arn, 'lambda.amazonaws.com', `arn:aws:lambda:eu-west-1:111122223333:function:${name}`);
  expect([by('x'), by('y')]).toEqual(['yes', 'untrusted']);
});

test('a service-linked role is made once and not changed', async () => {
  const make = () => iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName: 'batch.amazonaws.com' }));
  expect((await make()).Role?.Arn).toBe(
    'arn:aws:iam::111122223333:role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch',
  );
  await expect(make()).rejects.toMatchObject({ name: 'InvalidInputException' });
  const update = { RoleName: 'AWSServiceRoleForBatch', PolicyDocument: LAMBDA };
  await expect(iam.send(new UpdateAssumeRolePolicyCommand(update))).rejects.toMatchObject({
    name: 'UnmodifiableEntityException',
  });
});
