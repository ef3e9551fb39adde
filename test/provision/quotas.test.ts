import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { DETECT_LABELS_QUOTA, readServiceQuota } from '../../src/aws/quotas.ts';
import { readQuotas } from '../../src/provision/quotas.ts';
import type { World } from '../aws/kernel/world.ts';
import { setQuota } from '../aws/quotas/service.ts';
import { startWorld } from '../aws/world.ts';
import { testContext } from './context.ts';

const WHERE = { account: '111122223333', region: 'eu-west-1' };

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(() => world.stop());

test("the account's own values are read", async () => {
  setQuota(world, WHERE, 'rekognition', 'L-E29B542B', 120);
  setQuota(world, WHERE, 'fargate', 'L-36FBB829', 64);
  setQuota(world, WHERE, 'fargate', 'L-3032A538', 32);
  setQuota(world, WHERE, 'es', 'L-076D529E', 3);
  const { lambdaConcurrency, ...quotas } = await readQuotas(testContext(world).clients);
  expect(quotas).toEqual({
    detectLabels: { value: 120, isDefault: false },
    fargateVcpus: { value: 32, isDefault: false },
    fargateSpotVcpus: { value: 64, isDefault: false },
    domains: { value: 3, isDefault: false },
  });
  expect(lambdaConcurrency).toMatchObject({ isDefault: false, value: expect.any(Number) });
});

test("an account's own value that can't be read gives way to AWS's, which is said", async () => {
  setQuota(world, WHERE, 'rekognition', 'L-E29B542B', 120);
  world.deny('servicequotas:GetServiceQuota');
  expect(await readServiceQuota(testContext(world).clients, DETECT_LABELS_QUOTA)).toEqual({
    value: 50,
    isDefault: true,
  });
});

test('what can not be read says why, and does not keep the others from being read', async () => {
  world.deny('servicequotas:*');
  const quotas = await readQuotas(testContext(world).clients);
  expect(quotas).toMatchObject({
    detectLabels: { unreadable: 'AccessDeniedException' },
    domains: { unreadable: 'AccessDeniedException' },
    lambdaConcurrency: { isDefault: false },
  });
  world.deny('lambda:GetAccountSettings');
  expect((await readQuotas(testContext(world).clients)).lambdaConcurrency).toEqual({
    unreadable: 'AccessDeniedException',
  });
});
