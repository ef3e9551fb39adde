import { DeleteRoleCommand, DeleteRolePolicyCommand, IAMClient } from '@aws-sdk/client-iam';
import {
  OpenSearchClient,
  UpdateDomainConfigCommand,
  type UpdateDomainConfigRequest,
  UpgradeDomainCommand,
} from '@aws-sdk/client-opensearch';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { searchRole } from '../../../src/provision/iam/search-role.ts';
import { domain } from '../../../src/provision/opensearch/domain.ts';
import type { World } from '../../aws/kernel/world.ts';
import { startWorld } from '../../aws/world.ts';
import { testContext } from '../context.ts';
import { makeDomain, storedDomain } from './stack-domain.ts';

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

/** A person's change at the console. */
async function change(parts: Omit<UpdateDomainConfigRequest, 'DomainName'>) {
  const client = new OpenSearchClient(world.client());
  await client.send(new UpdateDomainConfigCommand({ DomainName: 'rekback-photos', ...parts }));
  await world.clock.advance(20 * MINUTE);
  world.journal.clear();
}

describe('a domain that was changed', () => {
  it.each<[string, Omit<UpdateDomainConfigRequest, 'DomainName'>, string]>([
    ['nodes', { ClusterConfig: { InstanceCount: 2 } }, 'ClusterConfig'],
    ['nodes', { ClusterConfig: { InstanceType: 't3.medium.search' } }, 'ClusterConfig'],
    ['volume', { EBSOptions: { VolumeSize: 30 } }, 'EBSOptions'],
    [
      'endpoint',
      { DomainEndpointOptions: { TLSSecurityPolicy: 'Policy-Min-TLS-1-0-2019-07' } },
      'DomainEndpointOptions',
    ],
    [
      'accessControl',
      {
        AdvancedSecurityOptions: {
          InternalUserDatabaseEnabled: true,
          MasterUserOptions: { MasterUserName: 'eve', MasterUserPassword: 'Canary-1-secret' },
        },
      },
      'AdvancedSecurityOptions',
    ],
    ['accessPolicy', { AccessPolicies: openPolicy() }, 'AccessPolicies'],
    [
      'softwareUpdates',
      { SoftwareUpdateOptions: { AutoSoftwareUpdateEnabled: false } },
      'SoftwareUpdateOptions',
    ],
  ])('puts a changed %s right, and sends nothing else', async (field, parts, part) => {
    const { resource } = await makeDomain(world);
    const before = world.dump();
    await change(parts);
    expect(await resource.inspect()).toMatchObject({ state: 'drifted', drift: [{ field }] });
    await resource.ensure();
    const [update, ...more] = mutations();
    expect(more).toEqual([]);
    expect(update?.operation).toBe('UpdateDomainConfig');
    expect(Object.keys(update?.input as object).sort()).toEqual(['DomainName', part].sort());
    expect(await resource.inspect()).toEqual({ state: 'present' });
    expect(world.dump()).toBe(before);
  });

  it.each([
    ['encryptedAtRest', 'EncryptionAtRestOptions'],
    ['encryptedBetweenNodes', 'NodeToNodeEncryptionOptions'],
  ] as const)('turns %s on, which nobody can turn off', async (field, option) => {
    const { resource } = await makeDomain(world);
    storedDomain(world).options[option] = { Enabled: false };
    expect(await resource.inspect()).toMatchObject({ state: 'drifted', drift: [{ field }] });
    await resource.ensure();
    expect(storedDomain(world).options[option]).toMatchObject({ Enabled: true });
  });

  it('turns Auto-Tune on again where the nodes can have it', async () => {
    const nodes = { engineVersion: 'OpenSearch_3.1', instanceType: 'r6g.large.search', instances: 1 };
    const { resource } = await makeDomain(world, { domain: { ...nodes, volumeGiB: 20 } });
    await change({ AutoTuneOptions: { DesiredState: 'DISABLED' } });
    expect(await resource.inspect()).toMatchObject({ state: 'drifted', drift: [{ field: 'autoTune' }] });
    await resource.ensure();
    expect(Object.keys(mutations()[0]?.input as object).sort()).toEqual(['AutoTuneOptions', 'DomainName']);
    expect(await resource.inspect()).toEqual({ state: 'present' });
  });

  it('follows what the operator chooses anew, in one request', async () => {
    await makeDomain(world);
    const chosen = {
      engineVersion: 'OpenSearch_3.5',
      instanceType: 'r6g.large.search',
      instances: 2,
      volumeGiB: 50,
    };
    await domain(testContext(world, { domain: chosen }), []).ensure();
    expect(mutations()).toEqual([
      {
        operation: 'UpdateDomainConfig',
        input: {
          DomainName: 'rekback-photos',
          ClusterConfig: {
            InstanceType: 'r6g.large.search',
            InstanceCount: 2,
            ZoneAwarenessEnabled: true,
            ZoneAwarenessConfig: { AvailabilityZoneCount: 2 },
          },
          EBSOptions: { EBSEnabled: true, VolumeType: 'gp3', VolumeSize: 50 },
          AutoTuneOptions: { DesiredState: 'ENABLED', UseOffPeakWindow: true },
        },
      },
    ]);
    expect(storedDomain(world).version).toBe('OpenSearch_3.1');
  });

  it('is no drift when the operator has upgraded its engine', async () => {
    const { resource } = await makeDomain(world);
    const client = new OpenSearchClient(world.client());
    const upgrade = { DomainName: 'rekback-photos', TargetVersion: 'OpenSearch_3.5' };
    await client.send(new UpgradeDomainCommand(upgrade));
    expect(await resource.inspect()).toEqual({ state: 'pending' });
    await world.clock.advance(20 * MINUTE);
    expect(await resource.inspect()).toEqual({ state: 'present' });
  });

  it('is pending from an upgrade’s first check on, when nothing is Processing yet', async () => {
    const { context, resource } = await makeDomain(world);
    context.clients(OpenSearchClient).middlewareStack.add(
      (next) => async (args) => {
        const { output, ...rest } = await next(args);
        if (!('DomainStatus' in output)) return { output, ...rest };
        return {
          ...rest,
          output: { ...output, DomainStatus: { ...output.DomainStatus, UpgradeProcessing: true } },
        };
      },
      { step: 'initialize' },
    );
    expect(await resource.inspect()).toEqual({ state: 'pending' });
  });

  it('tells what AWS can’t change', async () => {
    const { resource } = await makeDomain(world);
    storedDomain(world).network = { vpcId: 'vpc-0a', zones: ['eu-west-1a'] };
    expect(await resource.inspect()).toMatchObject({ state: 'drifted', drift: [{ field: 'network' }] });
    await expect(resource.ensure()).rejects.toMatchObject({ code: 'fixed-setting' });
    expect(mutations()).toEqual([]);
  });

  it('adds tags that are missing and keeps others', async () => {
    const { resource } = await makeDomain(world, { tags: { team: 'search' } });
    storedDomain(world).tags.delete('team');
    storedDomain(world).tags.set('other', 'kept');
    expect(await resource.inspect()).toMatchObject({ state: 'drifted', drift: [{ field: 'tags.team' }] });
    await resource.ensure();
    expect(mutations().map(({ operation }) => operation)).toEqual(['AddTags']);
    expect(Object.fromEntries(storedDomain(world).tags)).toMatchObject({ team: 'search', other: 'kept' });
  });

  it('names its roles again when one was made anew', async () => {
    const { context, resource } = await makeDomain(world);
    const iam = new IAMClient(world.client());
    const RoleName = context.names.roles.search.name;
    await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: 'rights' }));
    await iam.send(new DeleteRoleCommand({ RoleName }));
    // AWS then shows the id of the role that is gone in place of its ARN.
    storedDomain(world).options.AccessPolicies = storedDomain(world).options.AccessPolicies?.replace(
      context.names.roles.search.arn,
      'AROADOUBLE0000000000',
    );
    await searchRole(context, []).ensure();
    await resource.ensure();
    expect(await resource.inspect()).toEqual({ state: 'present' });
  });
});

function openPolicy(): string {
  const statement = { Effect: 'Allow', Principal: { AWS: '*' }, Action: 'es:*', Resource: '*' };
  return JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
}
