import {
  AddRoleToInstanceProfileCommand,
  AttachRolePolicyCommand,
  CreateInstanceProfileCommand,
  CreatePolicyCommand,
  CreateRoleCommand,
  DeleteRolePolicyCommand,
  IAMClient,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  TagRoleCommand,
  UntagRoleCommand,
  UpdateAssumeRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { policy } from '../../../src/provision/iam/policy.ts';
import { defineRole } from '../../../src/provision/iam/role.ts';
import { trustService } from '../../../src/provision/iam/trust.ts';
import type { AwsSpec } from '../../../src/stack/aws-spec.ts';
import { iam } from '../../aws/iam/service.ts';
import type { Role } from '../../aws/iam/state.ts';
import type { World } from '../../aws/kernel/world.ts';
import { startWorld } from '../../aws/world.ts';
import { testContext } from '../context.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(() => world.stop());

const RoleName = 'rekback-photos-eu-west-1-worker';

function workerRole(overrides: Partial<AwsSpec> = {}) {
  const context = testContext(world, overrides);
  return defineRole(context, {
    after: [],
    role: context.names.roles.worker,
    description: 'Labels images',
    trust: trustService('ecs-tasks.amazonaws.com', context.spec, 'arn:aws:ecs:eu-west-1:111122223333:*'),
    rights: policy({
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:PutObject'],
      Resource: ['arn:aws:s3:::b/*'],
    }),
  });
}

async function made(overrides: Partial<AwsSpec> = {}) {
  const role = workerRole(overrides);
  await role.ensure();
  world.journal.clear();
  return role;
}

const client = () => new IAMClient(world.client());
const mutations = () => world.journal.mutating().map(({ operation }) => operation);

function stored(): Role {
  const found = world.state(iam, '111122223333', '').roles.get(RoleName)?.latest();
  if (found === undefined) throw new Error('no role');
  return found;
}

async function managedPolicy(PolicyName: string): Promise<string> {
  const PolicyDocument = JSON.stringify(policy({ Effect: 'Allow', Action: '*', Resource: '*' }));
  const { Policy } = await client().send(new CreatePolicyCommand({ PolicyName, PolicyDocument }));
  return Policy?.Arn ?? '';
}

describe('role', () => {
  it('is made with path, trust, rights, boundary and tags, and left alone the second time', async () => {
    const permissionsBoundary = await managedPolicy('boundary');
    const chosen = { iamPath: '/teams/search/', permissionsBoundary, tags: { team: 'search' } };
    await made(chosen);
    const role = stored();
    expect(role).toMatchObject({
      path: '/teams/search/',
      description: 'Labels images',
      boundary: permissionsBoundary,
    });
    expect(Object.fromEntries(role.tags)).toEqual({ team: 'search', 'rekback:stack': 'photos' });
    expect(JSON.parse(role.trust).Statement).toMatchObject([
      { Principal: { Service: 'ecs-tasks.amazonaws.com' }, Action: 'sts:AssumeRole' },
    ]);
    expect(JSON.parse(role.inline.get('rights') ?? '').Statement).toMatchObject([
      { Effect: 'Allow', Action: ['s3:GetObject', 's3:PutObject'], Resource: 'arn:aws:s3:::b/*' },
    ]);
    await workerRole(chosen).ensure();
    expect(mutations()).toEqual([]);
  });

  it('gets its rights as soon as IAM finds it', async () => {
    world.delays.iamRead = 10_000;
    const role = workerRole();
    await role.ensure();
    expect(await role.inspect()).toEqual({ state: 'present' });
  });

  it('is waited for when an interrupted setup has just made it', async () => {
    world.delays.iamRead = 10_000;
    world.faults.stopAt({ call: 1, when: 'after', of: 'mutating' });
    await expect(workerRole().ensure()).rejects.toThrow();
    world.faults.resume();
    const role = workerRole();
    expect(await role.inspect()).toEqual({ state: 'absent' });
    await role.ensure();
    expect(await role.inspect()).toEqual({ state: 'present' });
  });

  it('is finished after a setup that ended between its two calls', async () => {
    world.faults.stopAt({ call: 1, when: 'after', of: 'mutating' });
    await expect(workerRole().ensure()).rejects.toThrow();
    world.faults.resume();
    const role = workerRole();
    expect(await role.inspect()).toMatchObject({ state: 'drifted', drift: [{ field: 'rights' }] });
    await role.ensure();
    expect(await role.inspect()).toEqual({ state: 'present' });
  });

  it.each<[string, string, () => Promise<unknown>]>([
    [
      'trust',
      'UpdateAssumeRolePolicy',
      () => client().send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: trustEverybody() })),
    ],
    [
      'rights',
      'PutRolePolicy',
      () => client().send(new DeleteRolePolicyCommand({ RoleName, PolicyName: 'rights' })),
    ],
    [
      'rights',
      'PutRolePolicy',
      () =>
        client().send(
          new PutRolePolicyCommand({
            RoleName,
            PolicyName: 'rights',
            PolicyDocument: JSON.stringify(policy({ Effect: 'Allow', Action: '*', Resource: '*' })),
          }),
        ),
    ],
    ['tags.team', 'TagRole', () => client().send(new UntagRoleCommand({ RoleName, TagKeys: ['team'] }))],
  ])('has its %s put right by %s alone', async (field, operation, change) => {
    const role = await made({ tags: { team: 'search' } });
    const before = world.dump();
    await change();
    world.journal.clear();
    expect(await role.inspect()).toMatchObject({ state: 'drifted', drift: [{ field }] });
    await role.ensure();
    expect(mutations()).toEqual([operation]);
    expect(world.dump()).toBe(before);
  });

  it('gets the boundary that a person chose, and keeps one that an account’s rule has put there', async () => {
    const role = await made();
    const PermissionsBoundary = await managedPolicy('company');
    await client().send(new PutRolePermissionsBoundaryCommand({ RoleName, PermissionsBoundary }));
    expect(await role.inspect()).toEqual({ state: 'present' });
    const chosen = await managedPolicy('chosen');
    await workerRole({ permissionsBoundary: chosen }).ensure();
    expect(stored().boundary).toBe(chosen);
  });

  it('keeps tags of others', async () => {
    const role = await made();
    await client().send(new TagRoleCommand({ RoleName, Tags: [{ Key: 'other', Value: 'kept' }] }));
    expect(await role.inspect()).toEqual({ state: 'present' });
  });

  it.each([[undefined], ['somebody-else']])('is never touched with the stack tag %s', async (owner) => {
    const Tags = owner === undefined ? [] : [{ Key: 'rekback:stack', Value: owner }];
    await client().send(
      new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trustEverybody(), Tags }),
    );
    world.journal.clear();
    const role = workerRole();
    expect(await role.inspect()).toMatchObject({ state: 'foreign' });
    await expect(role.ensure()).rejects.toMatchObject({ code: 'foreign' });
    await role.remove();
    expect(mutations()).toEqual([]);
  });

  it('is removed with all that was added to it, and removed again without a call', async () => {
    const PolicyArn = await managedPolicy('company');
    const InstanceProfileName = 'profile';
    await client().send(new CreateInstanceProfileCommand({ InstanceProfileName }));
    const before = world.dump();
    const role = await made();
    const PolicyDocument = JSON.stringify(policy({ Effect: 'Deny', Action: '*', Resource: '*' }));
    await client().send(new PutRolePolicyCommand({ RoleName, PolicyName: 'more', PolicyDocument }));
    await client().send(new AttachRolePolicyCommand({ RoleName, PolicyArn }));
    await client().send(new AddRoleToInstanceProfileCommand({ RoleName, InstanceProfileName }));
    await role.remove();
    expect(world.dump()).toBe(before);
    expect(await role.inspect()).toEqual({ state: 'absent' });
    world.journal.clear();
    await role.remove();
    expect(mutations()).toEqual([]);
  });

  it('is not taken for missing when it may not be seen', async () => {
    const role = await made();
    world.deny('iam:GetRole');
    await expect(role.inspect()).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(role.ensure()).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(role.remove()).rejects.toMatchObject({ name: 'AccessDenied' });
    expect(mutations()).toEqual([]);
  });
});

function trustEverybody(): string {
  return JSON.stringify(
    policy({ Effect: 'Allow', Principal: { AWS: '444455556666' }, Action: 'sts:AssumeRole' }),
  );
}
