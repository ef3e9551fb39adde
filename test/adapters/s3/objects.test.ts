import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openS3Objects } from '../../../src/adapters/s3/objects.ts';
import { createClients } from '../../../src/aws/clients.ts';
import type { ObjectStore } from '../../../src/runtime/ports.ts';
import type { World } from '../../aws/kernel/world.ts';
import { startWorld } from '../../aws/world.ts';
import { objectStoreContract } from '../../contracts/object-store.ts';

const ACCOUNT = '111122223333';
const BUCKET = 'rekback-photos-111122223333-eu-west-1';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(() => world.stop());

const session = () => {
  const { credentials, ...client } = world.client({ account: ACCOUNT, region: 'eu-west-1' });
  return createClients({ ...client, credentials: async () => credentials });
};

async function open(): Promise<ObjectStore> {
  const clients = session();
  await clients(S3Client).send(
    new CreateBucketCommand({
      Bucket: BUCKET,
      CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' },
    }),
  );
  return openS3Objects(clients, { bucket: BUCKET, account: ACCOUNT });
}

objectStoreContract('S3', open);

describe('S3 objects', () => {
  it('knows its own object again when the answer to a conditional put was lost', async () => {
    const objects = await open();
    world.faults.add({ service: 's3', operation: 'PutObject', nth: 1, effect: { lostAnswer: true } });
    const put = await objects.put('leases/run.json', Buffer.from('mine'), { ifAbsent: true });
    expect(put).toEqual({ version: (await objects.get('leases/run.json'))?.version });
    expect(await objects.put('leases/run.json', Buffer.from('other'), { ifAbsent: true })).toBe('conflict');
  });

  it('does not take a missing bucket for a missing object’s conflict', async () => {
    const objects = openS3Objects(session(), { bucket: 'rekback-nothing-here', account: ACCOUNT });
    await expect(objects.put('a', Buffer.from('1'), { ifVersion: '"1"' })).rejects.toThrow(/bucket/i);
  });

  it('says only the owner’s bucket is its own', async () => {
    await open();
    const others = openS3Objects(session(), { bucket: BUCKET, account: '999900001111' });
    await expect(others.get('a')).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
  });
});
