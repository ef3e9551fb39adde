import {
  hasOwnDisks,
  isBurstable,
  isWithoutEncryption,
  maximumCount,
  mayHaveVolume,
  volumeLimits,
} from './instance-types.ts';
import { conflict, type DomainOptions, invalid } from './state.ts';

/** Nodes, zones and volumes that fit together; throws what is wrong first. */
export function checkCluster(options: DomainOptions): void {
  const { ClusterConfig: cluster } = options;
  const { InstanceType: type, InstanceCount: count } = cluster;
  if (count < 1) throw invalid('Instance count must be at least 1.');
  if (count > maximumCount(type)) {
    throw conflict(
      'LimitExceededException',
      `Instance count must be between 1 and ${maximumCount(type)} for ${type} instance type`,
    );
  }
  checkZones(options);
  checkMasters(options);
  if (cluster.WarmEnabled && (!cluster.WarmType || !cluster.WarmCount)) {
    throw invalid('You must specify the type and number of warm nodes.');
  }
  if (cluster.ColdStorageOptions?.Enabled && !cluster.WarmEnabled) {
    throw invalid('You must enable warm storage to enable cold storage.');
  }
  checkVolumes(options);
  if (isBurstable(type) && options.AutoTuneOptions?.DesiredState === 'ENABLED') {
    throw invalid('Autotune is not supported in t2/t3 instance types. Disable autotune to continue.');
  }
  if (isWithoutEncryption(type) && options.EncryptionAtRestOptions?.Enabled) {
    throw invalid(`Encryption at rest is not supported with ${type}`);
  }
}

/** How many zones the data nodes are in. */
export function zoneCount({ ClusterConfig: cluster }: DomainOptions): number {
  return cluster.ZoneAwarenessEnabled ? (cluster.ZoneAwarenessConfig?.AvailabilityZoneCount ?? 2) : 1;
}

function checkZones(options: DomainOptions): void {
  const { ClusterConfig: cluster } = options;
  const zones = zoneCount(options);
  if (cluster.MultiAZWithStandbyEnabled && (zones !== 3 || isBurstable(cluster.InstanceType))) {
    throw invalid(
      'Multi-AZ with Standby needs three Availability Zones and instances that are not burstable.',
    );
  }
  if (!cluster.ZoneAwarenessEnabled) return;
  if (zones !== 2 && zones !== 3) throw invalid('The number of Availability Zones must be two or three.');
  if (zones === 2 && cluster.InstanceCount % 2 !== 0) {
    throw invalid('You must select an even number of data nodes if zone awareness is enabled.');
  }
  if (zones === 3 && cluster.InstanceCount < 3) {
    throw invalid('You must choose a minimum of three data nodes for a three Availability Zone deployment');
  }
}

function checkMasters({ ClusterConfig: cluster }: DomainOptions): void {
  const { DedicatedMasterEnabled: enabled, DedicatedMasterCount: count, DedicatedMasterType: type } = cluster;
  if (!enabled) {
    if (count || type) throw invalid('Dedicated master nodes are given but not enabled.');
    return;
  }
  if (!type) throw invalid('You must specify the type of the dedicated master nodes.');
  if (count !== 3 && count !== 5) throw invalid('You must choose three or five dedicated master nodes.');
}

function checkVolumes({
  ClusterConfig: { InstanceType: type },
  EBSOptions: volumes = {},
}: DomainOptions): void {
  const { EBSEnabled: enabled, VolumeType: volumeType = 'gp3', VolumeSize: size, Iops, Throughput } = volumes;
  if (!enabled) {
    if (!hasOwnDisks(type) && !mayHaveVolume(type)) throw invalid(`EBS storage must be selected for ${type}`);
    return;
  }
  if (hasOwnDisks(type)) throw invalid(`EBS storage is not supported for ${type}`);
  if (size === undefined) throw invalid('You must specify the size of the EBS volumes.');
  const { min, max } = volumeLimits(type, volumeType);
  if (size < min || size > max) {
    throw conflict(
      'LimitExceededException',
      `Volume size must be between ${min} and ${max} for ${type} instance type and ${volumeType} volumes`,
    );
  }
  if (Iops !== undefined && volumeType !== 'gp3' && volumeType !== 'io1') {
    throw invalid(`IOPS is not a valid setting for ${volumeType} volumes`);
  }
  if (volumeType === 'io1' && Iops === undefined) throw invalid('IOPS is required for io1 volumes');
  if (Throughput !== undefined && volumeType !== 'gp3') {
    throw invalid(`Throughput is not a valid setting for ${volumeType} volumes`);
  }
  if (volumeType === 'gp3') {
    // gp3 begins with 3,000 IOPS and 125 MiB/s; both can only be more.
    if (Iops !== undefined && (Iops < 3000 || Iops > 16_000)) {
      throw invalid('IOPS must be between 3000 and 16000 for gp3 volumes');
    }
    if (Throughput !== undefined && (Throughput < 125 || Throughput > 1000)) {
      throw invalid('Throughput must be between 125 and 1000 for gp3 volumes');
    }
  }
}
