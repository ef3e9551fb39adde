import type { World } from '../kernel/world.ts';
import { endpointFor } from './endpoint.ts';
import type { Domain, OptionName } from './state.ts';

/** Where a domain is reached, once it is ready: a host name, in a VPC under `vpc`. */
function endpoints(world: World, domain: Domain) {
  if (!domain._ready) return {};
  const endpoint = endpointFor(world) ?? domain._host;
  return domain.network ? { Endpoints: { vpc: endpoint } } : { Endpoint: endpoint };
}

function vpcOptions({ network, options }: Domain) {
  if (!network) return {};
  const { SubnetIds, SecurityGroupIds } = options.VPCOptions ?? {};
  return { VPCId: network.vpcId, SubnetIds, SecurityGroupIds, AvailabilityZones: network.zones };
}

function isProcessing({ _status: status }: Domain): boolean {
  return status !== 'Active';
}

/** `DomainStatus`. The master user is never told. */
export function describe(world: World, domain: Domain) {
  const { AutoTuneOptions: tune, VPCOptions: _vpc, ...options } = domain.options;
  const account = domain.arn.split(':')[4];
  return {
    ...options,
    DomainId: `${account}/${domain.name}`,
    DomainName: domain.name,
    ARN: domain.arn,
    Created: true,
    Deleted: domain._status === 'Deleting',
    ...endpoints(world, domain),
    Processing: isProcessing(domain),
    UpgradeProcessing: domain._status === 'UpgradingEngineVersion',
    DomainProcessingStatus: domain._status,
    EngineVersion: domain.version,
    ...(domain.network && { VPCOptions: vpcOptions(domain) }),
    AutoTuneOptions: { State: tune?.DesiredState, UseOffPeakWindow: tune?.UseOffPeakWindow ?? false },
    ServiceSoftwareOptions: {
      CurrentVersion: `${domain.version.replace('.', '_')}_R20261001`,
      NewVersion: '',
      UpdateAvailable: false,
      Cancellable: false,
      UpdateStatus: 'COMPLETED',
      Description: 'There is no software update available for this domain.',
      AutomatedUpdateDate: new Date(0),
      OptionalDeployment: true,
    },
    ModifyingProperties: [],
  };
}

/** `DomainConfig`: every option with the state of its last change. */
export function describeConfig(domain: Domain) {
  const status = (name: string) => {
    const { date, version } = domain._updates.get(name) ?? { date: domain._created, version: 1 };
    return {
      CreationDate: domain._created,
      UpdateDate: date,
      UpdateVersion: version,
      State: domain._pending.has(name) || domain._status === 'Creating' ? 'Processing' : 'Active',
      PendingDeletion: domain._status === 'Deleting',
    };
  };
  const option = (name: OptionName, value: unknown) => [name, { Options: value, Status: status(name) }];
  const { AutoTuneOptions: tune, VPCOptions: _vpc, ...options } = domain.options;
  return {
    ...Object.fromEntries(Object.entries(options).map(([name, value]) => option(name as OptionName, value))),
    ...Object.fromEntries([
      option('EngineVersion', domain.version),
      ...(domain.network ? [option('VPCOptions', vpcOptions(domain))] : []),
    ]),
    AutoTuneOptions: { Options: tune, Status: { ...status('AutoTuneOptions'), State: tune?.DesiredState } },
    ModifyingProperties: [],
  };
}
