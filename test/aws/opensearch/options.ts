import { isBurstable } from './instance-types.ts';
import type { GivenOptions } from './shapes.ts';
import type { DomainOptions, OpenSearchCall, OptionName } from './state.ts';

/** What a domain has when its maker says nothing, from the API reference. */
function defaults(given: GivenOptions): DomainOptions {
  const type = given.ClusterConfig?.InstanceType ?? 'm4.large.search';
  return {
    ClusterConfig: {
      InstanceType: type,
      InstanceCount: 1,
      DedicatedMasterEnabled: false,
      ZoneAwarenessEnabled: false,
      WarmEnabled: false,
      ColdStorageOptions: { Enabled: false },
      MultiAZWithStandbyEnabled: false,
    },
    EBSOptions: { EBSEnabled: false },
    AccessPolicies: '',
    IPAddressType: 'ipv4',
    SnapshotOptions: { AutomatedSnapshotStartHour: 0 },
    CognitoOptions: { Enabled: false },
    EncryptionAtRestOptions: { Enabled: false },
    NodeToNodeEncryptionOptions: { Enabled: false },
    AdvancedOptions: {
      override_main_response_version: 'false',
      'rest.action.multi.allow_explicit_index': 'true',
    },
    LogPublishingOptions: {},
    DomainEndpointOptions: {
      EnforceHTTPS: false,
      TLSSecurityPolicy: 'Policy-Min-TLS-1-2-2019-07',
      CustomEndpointEnabled: false,
    },
    AdvancedSecurityOptions: {
      Enabled: false,
      InternalUserDatabaseEnabled: false,
      AnonymousAuthEnabled: false,
    },
    AutoTuneOptions: { DesiredState: isBurstable(type) ? 'DISABLED' : 'ENABLED', UseOffPeakWindow: false },
    OffPeakWindowOptions: {
      Enabled: true,
      OffPeakWindow: { WindowStartTime: { Hours: 22, Minutes: 0 } },
    },
    SoftwareUpdateOptions: { AutoSoftwareUpdateEnabled: false },
  };
}

/** `given` over what there is, member by member; master users are kept elsewhere, empty VPC options mean none. */
function over(base: DomainOptions, given: GivenOptions): DomainOptions {
  const merged: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const before = name === 'EBSOptions' ? volumesBefore(base, given) : merged[name];
    merged[name] = typeof value === 'object' && typeof before === 'object' ? { ...before, ...value } : value;
  }
  const { MasterUserOptions: _, ...security } = (merged.AdvancedSecurityOptions ?? {}) as {
    MasterUserOptions?: unknown;
  };
  return { ...(merged as unknown as DomainOptions), AdvancedSecurityOptions: security };
}

/** Speeds belong to a volume type: another type begins with its own. */
function volumesBefore({ EBSOptions: before = {} }: DomainOptions, { EBSOptions: given }: GivenOptions) {
  const { Iops: _iops, Throughput: _throughput, ...rest } = before;
  return given?.VolumeType === undefined || given.VolumeType === before.VolumeType ? before : rest;
}

/** Options of a new domain. */
export function newOptions(call: OpenSearchCall, given: GivenOptions): DomainOptions {
  return completed(call, over(defaults(given), given));
}

/** Options after a change. */
export function changedOptions(
  call: OpenSearchCall,
  before: DomainOptions,
  given: GivenOptions,
): DomainOptions {
  return completed(call, over(before, given));
}

/** AWS fills in its own key, and what gp3 begins with. */
function completed(call: OpenSearchCall, options: DomainOptions): DomainOptions {
  const { EncryptionAtRestOptions: encryption, EBSOptions: volumes } = options;
  const key = `arn:aws:kms:${call.region}:${call.account}:key/`;
  return {
    ...options,
    ...(encryption?.Enabled && {
      EncryptionAtRestOptions: {
        Enabled: true,
        KmsKeyId: encryption.KmsKeyId?.replace(/^(?!arn:)/, key) ?? key + call.world.ids.uuid(),
      },
    }),
    ...(volumes?.EBSEnabled &&
      (volumes.VolumeType ?? 'gp3') === 'gp3' && {
        EBSOptions: { VolumeType: 'gp3', Iops: 3000, Throughput: 125, ...volumes },
      }),
  };
}

/** Names of the options that differ. */
export function differences(before: DomainOptions, after: DomainOptions): OptionName[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof GivenOptions>;
  return [...names].filter((name) => canonical(before[name]) !== canonical(after[name]));
}

function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_key, each: unknown) =>
      typeof each === 'object' && each !== null && !Array.isArray(each)
        ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1)))
        : each,
    ) ?? ''
  );
}
