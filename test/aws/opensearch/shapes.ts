import { bool, int, list, map, need, type Shape, str, struct, tag, time } from '../kernel/shape.ts';
import { INSTANCE_TYPES, WARM_TYPES } from './instance-types.ts';

export const domainName = str({ min: 3, max: 28, pattern: /^[a-z][a-z0-9-]+$/ });
export const engineVersion = str({
  min: 14,
  max: 18,
  pattern: /^(Elasticsearch_[0-9]\.[0-9]{1,2}|OpenSearch_[0-9]{1,2}\.[0-9]{1,2})$/,
});
export const arn = str({ min: 20, max: 2048 });
export const tagList = list(tag());
export const instanceType = str({ oneOf: INSTANCE_TYPES });

/** Options that a domain is made with and that can be changed, by their names in the API. */
export const options = {
  ClusterConfig: struct({
    InstanceType: instanceType,
    InstanceCount: int(),
    DedicatedMasterEnabled: bool(),
    DedicatedMasterType: instanceType,
    DedicatedMasterCount: int(),
    ZoneAwarenessEnabled: bool(),
    ZoneAwarenessConfig: struct({ AvailabilityZoneCount: int() }),
    WarmEnabled: bool(),
    WarmType: str({ oneOf: WARM_TYPES }),
    WarmCount: int(),
    ColdStorageOptions: struct({ Enabled: need(bool()) }),
    MultiAZWithStandbyEnabled: bool(),
  }),
  EBSOptions: struct({
    EBSEnabled: bool(),
    VolumeType: str({ oneOf: ['standard', 'gp2', 'io1', 'gp3'] }),
    VolumeSize: int(),
    Iops: int(),
    Throughput: int(),
  }),
  AccessPolicies: str({ max: 102_400 }),
  IPAddressType: str({ oneOf: ['ipv4', 'dualstack'] }),
  SnapshotOptions: struct({ AutomatedSnapshotStartHour: int(0, 23) }),
  VPCOptions: struct({ SubnetIds: list(str()), SecurityGroupIds: list(str()) }),
  CognitoOptions: struct({ Enabled: bool() }),
  EncryptionAtRestOptions: struct({ Enabled: bool(), KmsKeyId: str({ min: 1, max: 500 }) }),
  NodeToNodeEncryptionOptions: struct({ Enabled: bool() }),
  AdvancedOptions: map(str()),
  LogPublishingOptions: map(struct({ CloudWatchLogsLogGroupArn: arn, Enabled: bool() })),
  DomainEndpointOptions: struct({
    EnforceHTTPS: bool(),
    TLSSecurityPolicy: str({
      oneOf: [
        'Policy-Min-TLS-1-0-2019-07',
        'Policy-Min-TLS-1-2-2019-07',
        'Policy-Min-TLS-1-2-PFS-2023-10',
        'Policy-Min-TLS-1-2-RFC9151-FIPS-2024-08',
        'Policy-Min-TLS-1-2-FIPS-PQ-2026-10',
      ],
    }),
    CustomEndpointEnabled: bool(),
  }),
  AdvancedSecurityOptions: struct({
    Enabled: bool(),
    InternalUserDatabaseEnabled: bool(),
    MasterUserOptions: struct({
      MasterUserARN: arn,
      MasterUserName: str({ min: 1, max: 64 }),
      MasterUserPassword: str({ min: 8, max: 128 }),
    }),
    AnonymousAuthEnabled: bool(),
  }),
  AutoTuneOptions: struct({
    DesiredState: str({ oneOf: ['ENABLED', 'DISABLED'] }),
    MaintenanceSchedules: list(
      struct({
        StartAt: time(),
        Duration: struct({ Value: int(1, 24), Unit: str({ oneOf: ['HOURS'] }) }),
        CronExpressionForRecurrence: str(),
      }),
      { max: 100 },
    ),
    UseOffPeakWindow: bool(),
  }),
  OffPeakWindowOptions: struct({
    Enabled: bool(),
    OffPeakWindow: struct({
      WindowStartTime: struct({ Hours: need(int(0, 23)), Minutes: need(int(0, 59)) }),
    }),
  }),
  SoftwareUpdateOptions: struct({ AutoSoftwareUpdateEnabled: bool() }),
};

type Value<S> = S extends Shape<infer T> ? T : never;
/** What a request gives of the options. */
export type GivenOptions = { [K in keyof typeof options]?: Value<(typeof options)[K]> | undefined };

export const LOG_TYPES = ['INDEX_SLOW_LOGS', 'SEARCH_SLOW_LOGS', 'ES_APPLICATION_LOGS', 'AUDIT_LOGS'];
