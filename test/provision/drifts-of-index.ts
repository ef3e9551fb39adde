import {
  DeleteDomainCommand,
  OpenSearchClient,
  UpdateDomainConfigCommand,
  type UpdateDomainConfigRequest,
} from '@aws-sdk/client-opensearch';
import type { Context } from '../../src/provision/context.ts';
import type { World } from '../aws/kernel/world.ts';
import { opensearch } from '../aws/opensearch/service.ts';
import { type DriftTable, tooMuch } from './drift-table.ts';

/** The domain and the roles inside it. */
export function indexDrifts(world: World, { clients, names, spec }: Context): DriftTable {
  const client = clients(OpenSearchClient);
  const { name: DomainName, arn } = names.domain;
  const stored = () => {
    const found = world.state(opensearch, spec.account, spec.region).domains.get(DomainName);
    if (found === undefined) throw new Error('no domain');
    return found;
  };
  const update = (change: Omit<UpdateDomainConfigRequest, 'DomainName'>) =>
    [
      () => client.send(new UpdateDomainConfigCommand({ DomainName, ...change })),
      'UpdateDomainConfig',
    ] as const;
  /** AWS lets nobody turn these off, and turns Auto-Tune on for no burstable instance. */
  const inDouble = (option: string, value: object) =>
    [() => Object.assign(stored().options, { [option]: value }), 'UpdateDomainConfig'] as const;
  const passwords = {
    InternalUserDatabaseEnabled: true,
    MasterUserOptions: { MasterUserName: 'eve', MasterUserPassword: 'Canary-1-secret' },
  };
  const rights = (name: string) =>
    [() => Object.assign(stored().roles.get(name) ?? {}, { cluster_permissions: ['*'] }), 'PutRole'] as const;
  const members = (name: string) =>
    [() => Object.assign(stored().mappings.get(name) ?? {}, { users: ['eve'] }), 'PutRolesMapping'] as const;
  return {
    [`domain ${DomainName}`]: {
      gone: () => client.send(new DeleteDomainCommand({ DomainName })),
      with: [`index-roles ${DomainName}`, 'index-address index.json'],
      fields: {
        nodes: update({ ClusterConfig: { InstanceCount: 2 } }),
        volume: update({ EBSOptions: { VolumeSize: 30 } }),
        encryptedAtRest: inDouble('EncryptionAtRestOptions', { Enabled: false }),
        encryptedBetweenNodes: inDouble('NodeToNodeEncryptionOptions', { Enabled: false }),
        endpoint: update({ DomainEndpointOptions: { TLSSecurityPolicy: 'Policy-Min-TLS-1-0-2019-07' } }),
        accessControl: update({ AdvancedSecurityOptions: passwords }),
        accessPolicy: update({ AccessPolicies: tooMuch('es:*', `${arn}/*`, '*') }),
        autoTune: inDouble('AutoTuneOptions', { DesiredState: 'ENABLED', UseOffPeakWindow: false }),
        softwareUpdates: update({ SoftwareUpdateOptions: { AutoSoftwareUpdateEnabled: false } }),
      },
    },
    [`index-roles ${DomainName}`]: {
      gone() {
        for (const name of ['rekback-writer', 'rekback-reader']) {
          stored().mappings.delete(name);
          stored().roles.delete(name);
        }
      },
      fields: {
        writerRights: rights('rekback-writer'),
        readerRights: rights('rekback-reader'),
        writerMembers: members('rekback-writer'),
        readerMembers: members('rekback-reader'),
      },
    },
  };
}
