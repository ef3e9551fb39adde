import {
  GetAWSDefaultServiceQuotaCommand,
  GetServiceQuotaCommand,
  ListServiceQuotasCommand,
  ServiceQuotasClient,
} from '@aws-sdk/client-service-quotas';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { World } from '../kernel/world.ts';
import { startWorld } from '../world.ts';
import { setQuota } from './service.ts';

let world: World;
const DETECT_LABELS = { ServiceCode: 'rekognition', QuotaCode: 'L-E29B542B' };
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

test('the quota of DetectLabels differs between Regions and can be raised for an account', async () => {
  const value = async (region: string) => {
    const client = new ServiceQuotasClient(world.client({ region }));
    return (await client.send(new GetServiceQuotaCommand(DETECT_LABELS))).Quota?.Value;
  };
  expect([await value('eu-west-1'), await value('eu-south-1')]).toEqual([50, 5]);
  setQuota(world, { account: '111122223333', region: 'eu-south-1' }, 'rekognition', 'L-E29B542B', 80);
  expect(await value('eu-south-1')).toBe(80);
  const client = new ServiceQuotasClient(world.client({ region: 'eu-south-1' }));
  const byDefault = await client.send(new GetAWSDefaultServiceQuotaCommand(DETECT_LABELS));
  expect(byDefault.Quota?.Value).toBe(5);
});

test('quotas are listed by service; unknown ones are told as such', async () => {
  const client = new ServiceQuotasClient(world.client());
  const { Quotas } = await client.send(new ListServiceQuotasCommand({ ServiceCode: 'fargate' }));
  expect(Quotas?.map((each) => each.QuotaCode)).toEqual(['L-3032A538', 'L-36FBB829']);
  const unknown = client.send(
    new GetServiceQuotaCommand({ ServiceCode: 'rekognition', QuotaCode: 'L-00000000' }),
  );
  await expect(unknown).rejects.toMatchObject({ name: 'NoSuchResourceException' });
});
