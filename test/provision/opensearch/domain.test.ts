import { CreateDomainCommand, OpenSearchClient } from '@aws-sdk/client-opensearch';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { domain } from '../../../src/provision/opensearch/domain.ts';
import type { World } from '../../aws/kernel/world.ts';
import { startWorld } from '../../aws/world.ts';
import { testContext } from '../context.ts';
import { makeDomain, makeRoles, storedDomain } from './stack-domain.ts';

const MINUTE = 60_000;

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
beforeEach(() => {
  world.delays.openSearchDomain = 20 * MINUTE;
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(() => world.stop());

const mutations = () => world.journal.mutating().map(({ operation, input }) => ({ operation, input }));

describe('domain', () => {
  it('is made with everything encrypted, in nobody’s reach but the stack’s roles’', async () => {
    const context = testContext(world);
    await makeRoles(context);
    await domain(context, []).ensure();

    const [create] = world.journal.of('es', 'CreateDomain');
    const input = create?.input as Record<string, unknown>;
    expect(input).toMatchObject({
      DomainName: 'rekback-photos',
      EngineVersion: 'OpenSearch_3.1',
      ClusterConfig: { InstanceType: 't3.small.search', InstanceCount: 1, ZoneAwarenessEnabled: false },
      EBSOptions: { EBSEnabled: true, VolumeType: 'gp3', VolumeSize: 10 },
      EncryptionAtRestOptions: { Enabled: true },
      NodeToNodeEncryptionOptions: { Enabled: true },
      DomainEndpointOptions: { EnforceHTTPS: true, TLSSecurityPolicy: 'Policy-Min-TLS-1-2-PFS-2023-10' },
      AdvancedSecurityOptions: {
        Enabled: true,
        InternalUserDatabaseEnabled: false,
        MasterUserOptions: { MasterUserARN: context.names.roles.admin.arn },
      },
      AutoTuneOptions: { DesiredState: 'DISABLED' },
      SoftwareUpdateOptions: { AutoSoftwareUpdateEnabled: true },
      TagList: [
        { Key: 'rekback:stack', Value: 'photos' },
        { Key: 'rekback:images', Value: 'images' },
      ],
    });
    expect(input).not.toHaveProperty('VPCOptions');

    const { Statement: statements } = JSON.parse(String(input.AccessPolicies));
    const rights = new Map<string, string[]>();
    for (const { Effect, Principal, Action, Resource } of statements) {
      expect(Effect).toBe('Allow');
      expect(Resource).toBe(`${context.names.domain.arn}/*`);
      for (const arn of [Principal.AWS].flat()) rights.set(arn, [Action].flat().sort());
    }
    const { admin, worker, live, search } = context.names.roles;
    const read = ['es:ESHttpGet', 'es:ESHttpHead', 'es:ESHttpPost'];
    expect(Object.fromEntries(rights)).toEqual({
      [admin.arn]: ['es:ESHttpDelete', ...read, 'es:ESHttpPut'],
      [worker.arn]: [...read, 'es:ESHttpPut'],
      [live.arn]: [...read, 'es:ESHttpPut'],
      [search.arn]: read,
    });
  });

  it('is waited for, tells its address, and is left alone by a second setup', async () => {
    const { context, resource } = await makeDomain(world);
    expect(context.outputs.indexEndpoint).toBe(`https://${storedDomain(world)._host}`);
    expect(await resource.inspect()).toEqual({ state: 'present' });
    const again = testContext(world);
    await domain(again, []).ensure();
    expect(mutations()).toEqual([]);
    expect(again.outputs.indexEndpoint).toBe(context.outputs.indexEndpoint);
  });

  it('goes on with one that an interrupted setup began', async () => {
    const context = testContext(world);
    await makeRoles(context);
    world.faults.stopAt({ call: 1, when: 'after', of: 'mutating' });
    await expect(domain(context, []).ensure()).rejects.toThrow();
    world.faults.resume();
    world.journal.clear();
    const resource = domain(testContext(world), []);
    expect(await resource.inspect()).toEqual({ state: 'pending' });
    await resource.ensure();
    expect(mutations()).toEqual([]);
    expect(await resource.inspect()).toEqual({ state: 'present' });
  });

  it('waits for the roles that it names, and for the one before it to be gone', async () => {
    world.delays.iamPropagation = 30_000;
    const context = testContext(world);
    await makeRoles(context);
    const resource = domain(context, []);
    await resource.ensure();
    expect(await resource.inspect()).toEqual({ state: 'present' });

    const answers = ['Domain is still being deleted', 'A change/update is in progress. Please wait.'];
    await resource.remove();
    for (const [index, message] of answers.entries()) {
      const effect = { error: { code: 'ValidationException', message, status: 400 } };
      world.faults.add({ service: 'es', operation: 'CreateDomain', nth: index + 1, effect });
    }
    await resource.ensure();
    expect(await resource.inspect()).toEqual({ state: 'present' });
  });

  it('gives up on what does not pass', async () => {
    const context = testContext(world, {
      domain: {
        engineVersion: 'OpenSearch_3.1',
        instanceType: 't2.small.search',
        instances: 1,
        volumeGiB: 10,
      },
    });
    await makeRoles(context);
    const before = world.clock.now();
    await expect(domain(context, []).ensure()).rejects.toMatchObject({ name: 'ValidationException' });
    expect(world.clock.now()).toBe(before);
  });

  it.each([
    [1, { ZoneAwarenessEnabled: false }],
    [2, { ZoneAwarenessEnabled: true, ZoneAwarenessConfig: { AvailabilityZoneCount: 2 } }],
    [3, { ZoneAwarenessEnabled: true, ZoneAwarenessConfig: { AvailabilityZoneCount: 3 } }],
    [4, { ZoneAwarenessEnabled: true, ZoneAwarenessConfig: { AvailabilityZoneCount: 2 } }],
    [5, { ZoneAwarenessEnabled: false }],
  ])('spreads %i nodes over as many zones as come out even', async (instances, zones) => {
    const shape = { engineVersion: 'OpenSearch_3.1', instanceType: 'r6g.large.search', volumeGiB: 20 };
    const { resource } = await makeDomain(world, { domain: { ...shape, instances } });
    expect(storedDomain(world).options.ClusterConfig).toMatchObject(zones);
    expect(storedDomain(world).options.AutoTuneOptions).toMatchObject({ DesiredState: 'ENABLED' });
    expect(await resource.inspect()).toEqual({ state: 'present' });
  });

  it('never touches one without the stack’s tag', async () => {
    const context = testContext(world);
    const client = new OpenSearchClient(world.client());
    const foreign = {
      DomainName: 'rekback-photos',
      ClusterConfig: { InstanceType: 't3.small.search' as const },
      EBSOptions: { EBSEnabled: true, VolumeSize: 10 },
    };
    await client.send(new CreateDomainCommand(foreign));
    await world.clock.advance(20 * MINUTE);
    world.journal.clear();
    const resource = domain(context, []);
    expect(await resource.inspect()).toMatchObject({ state: 'foreign' });
    await expect(resource.ensure()).rejects.toMatchObject({ code: 'foreign' });
    await resource.remove();
    expect(mutations()).toEqual([]);
  });

  it('is removed, waited for, and removed again without a call', async () => {
    const { resource } = await makeDomain(world);
    await resource.remove();
    expect(mutations().map(({ operation }) => operation)).toEqual(['DeleteDomain']);
    expect(await resource.inspect()).toEqual({ state: 'absent' });
    world.journal.clear();
    await resource.remove();
    expect(mutations()).toEqual([]);
  });

  it('is removed when an endpoint is given, which is used instead', async () => {
    await makeDomain(world);
    const context = testContext(world, { indexEndpoint: 'https://index.example.com' });
    const resource = domain(context, []);
    expect(resource.isWanted()).toBe(false);
    await resource.ensure();
    expect(await resource.inspect()).toEqual({ state: 'absent' });
    expect(context.outputs.indexEndpoint).toBe('https://index.example.com');
  });

  it('says what it waited for in vain', async () => {
    world.delays.openSearchDomain = 24 * 60 * MINUTE;
    const context = testContext(world);
    await makeRoles(context);
    await expect(domain(context, []).ensure()).rejects.toMatchObject({
      code: 'aws-wait',
      message: expect.stringContaining('domain rekback-photos'),
    });
  });
});
