import {
  DescribeEffectivePolicyCommand,
  DescribeOrganizationCommand,
  OrganizationsClient,
} from '@aws-sdk/client-organizations';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { World } from '../kernel/world.ts';
import { startWorld } from '../world.ts';
import { setOrganization } from './reach.ts';

let world: World;
const management = '444455556666';
const member = '111122223333';
beforeAll(async () => {
  world = await startWorld();
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(async () => {
  await world.stop();
});
const as = (account: string) => new OrganizationsClient(world.client({ account }));
const policy = async (account: string, TargetId?: string) => {
  const { EffectivePolicy } = await as(account).send(
    new DescribeEffectivePolicyCommand({ PolicyType: 'AISERVICES_OPT_OUT_POLICY', TargetId }),
  );
  return EffectivePolicy?.PolicyContent;
};
const organization = (account: string) => as(account).send(new DescribeOrganizationCommand({}));

test('an account is in no organization by default', async () => {
  await expect(organization(member)).rejects.toMatchObject({ name: 'AWSOrganizationsNotInUseException' });
  await expect(policy(member)).rejects.toMatchObject({ name: 'AWSOrganizationsNotInUseException' });
});

test('members see the organization, and are refused its policies unless they may read them', async () => {
  setOrganization(world, { management, members: [member], aiOptOut: ['rekognition'] });
  expect((await organization(member)).Organization).toMatchObject({
    MasterAccountId: management,
    Arn: expect.stringMatching(/^arn:aws:organizations::444455556666:organization\/o-[0-9a-f]{10}$/),
  });
  await expect(policy(member)).rejects.toMatchObject({ name: 'AccessDeniedException' });
  expect(await policy(management, member)).toBe('{"services":{"rekognition":{"opt_out_policy":"optOut"}}}');
  await expect(policy(management, '999999999999')).rejects.toMatchObject({ name: 'TargetNotFoundException' });
  setOrganization(world, { management, members: [member], readers: [member], aiOptOut: ['default'] });
  expect(await policy(member)).toContain('default');
  await expect(policy(member, management)).rejects.toMatchObject({ name: 'AccessDeniedException' });
});

test('an organization can be without an opt-out policy', async () => {
  setOrganization(world, { management, members: [member] });
  await expect(policy(management)).rejects.toMatchObject({ name: 'EffectivePolicyNotFoundException' });
});
