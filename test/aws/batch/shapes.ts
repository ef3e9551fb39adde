import { bool, int, list, map, need, type Shape, str, struct } from '../kernel/shape.ts';

/** Members and enumerations of the API model (2016-08-10). EKS, multi-node and SageMaker members are left out: 501. */
type Value<S> = S extends Shape<infer T> ? T : never;

export const tags = map(str({ max: 256 }), { max: 50 });
export const state = str({ oneOf: ['ENABLED', 'DISABLED'] });
export const names = list(str());
export const paging = { maxResults: int(), nextToken: str() };

const launchTemplate = struct({ launchTemplateId: str(), launchTemplateName: str(), version: str() });
const ec2Configuration = list(
  struct({ imageType: need(str({ min: 1, max: 256 })), imageIdOverride: str({ min: 1, max: 256 }) }),
);
const scalingPolicy = struct({ minScaleDownDelayMinutes: int() });
const ALLOCATION = [
  'BEST_FIT_PROGRESSIVE',
  'BEST_FIT_PROGRESSIVE_ORDERED',
  'SPOT_CAPACITY_OPTIMIZED',
  'SPOT_PRICE_CAPACITY_OPTIMIZED',
  'SPOT_CAPACITY_OPTIMIZED_PRIORITIZED',
] as const;
const kind = str({ oneOf: ['EC2', 'SPOT', 'FARGATE', 'FARGATE_SPOT'] });
const changeable = {
  minvCpus: int(),
  desiredvCpus: int(),
  subnets: list(str()),
  securityGroupIds: list(str()),
  instanceTypes: list(str()),
  ec2KeyPair: str(),
  instanceRole: str(),
  tags: map(str()),
  placementGroup: str(),
  bidPercentage: int(),
  launchTemplate,
  ec2Configuration,
  imageId: str(),
  scalingPolicy,
};
export const computeResources = struct({
  ...changeable,
  type: need(kind),
  // The model requires it; that it is missing is Batch's to say.
  maxvCpus: int(),
  allocationStrategy: str({ oneOf: ['BEST_FIT', ...ALLOCATION] }),
  spotIamFleetRole: str(),
});
export type ComputeResources = Value<typeof computeResources>;
export const computeResourcesUpdate = struct({
  ...changeable,
  type: kind,
  maxvCpus: int(),
  allocationStrategy: str({ oneOf: ALLOCATION }),
  updateToLatestImageVersion: bool(),
});
export type ComputeResourcesUpdate = Value<typeof computeResourcesUpdate>;
export const updatePolicy = struct({
  terminateJobsOnUpdate: bool(),
  jobExecutionTimeoutMinutes: int(1, 7200),
});

const environment = list(struct({ name: str(), value: str() }));
const resourceRequirements = list(
  struct({ value: need(str()), type: need(str({ oneOf: ['GPU', 'VCPU', 'MEMORY'] })) }),
);
const secrets = list(struct({ name: need(str()), valueFrom: need(str()) }));
const networkConfiguration = struct({ assignPublicIp: state });
const ephemeralStorage = struct({ sizeInGiB: need(int()) });
const runtimePlatform = struct({ operatingSystemFamily: str(), cpuArchitecture: str() });
const volumes = list(struct({ host: struct({ sourcePath: str() }), name: str() }));
/** What a container has in both forms of a job definition. */
const containerMembers = {
  command: list(str()),
  environment,
  resourceRequirements,
  secrets,
  mountPoints: list(struct({ containerPath: str(), readOnly: bool(), sourceVolume: str() })),
  readonlyRootFilesystem: bool(),
  privileged: bool(),
  user: str(),
  ulimits: list(struct({ hardLimit: need(int()), name: need(str()), softLimit: need(int()) })),
  linuxParameters: struct({
    devices: list(
      struct({
        hostPath: need(str()),
        containerPath: str(),
        permissions: list(str({ oneOf: ['READ', 'WRITE', 'MKNOD'] })),
      }),
    ),
    initProcessEnabled: bool(),
    sharedMemorySize: int(),
    tmpfs: list(struct({ containerPath: need(str()), size: need(int()), mountOptions: list(str()) })),
    maxSwap: int(),
    swappiness: int(),
  }),
  logConfiguration: struct({
    logDriver: need(
      str({
        oneOf: ['json-file', 'syslog', 'journald', 'gelf', 'fluentd', 'awslogs', 'splunk', 'awsfirelens'],
      }),
    ),
    options: map(str()),
    secretOptions: secrets,
  }),
  repositoryCredentials: struct({ credentialsParameter: need(str()) }),
};
export const containerProperties = struct({
  ...containerMembers,
  image: str(),
  vcpus: int(),
  memory: int(),
  jobRoleArn: str(),
  executionRoleArn: str(),
  instanceType: str(),
  volumes,
  networkConfiguration,
  fargatePlatformConfiguration: struct({ platformVersion: str() }),
  enableExecuteCommand: bool(),
  ephemeralStorage,
  runtimePlatform,
});
export type ContainerProperties = Value<typeof containerProperties>;
export const ecsProperties = struct({
  taskProperties: need(
    list(
      struct({
        containers: need(
          list(
            struct({
              ...containerMembers,
              image: need(str()),
              name: str(),
              essential: bool(),
              dependsOn: list(struct({ containerName: str(), condition: str() })),
              startTimeout: int(),
              stopTimeout: int(),
            }),
          ),
        ),
        ephemeralStorage,
        executionRoleArn: str(),
        taskRoleArn: str(),
        platformVersion: str(),
        ipcMode: str(),
        pidMode: str(),
        networkConfiguration,
        runtimePlatform,
        volumes,
        enableExecuteCommand: bool(),
      }),
    ),
  ),
});
export type EcsProperties = Value<typeof ecsProperties>;
export type Task = EcsProperties['taskProperties'][number];
export type TaskContainer = Task['containers'][number];

export const containerOverrides = struct({
  vcpus: int(),
  memory: int(),
  command: list(str()),
  instanceType: str(),
  environment,
  resourceRequirements,
});
export type ContainerOverrides = Value<typeof containerOverrides>;
export const ecsPropertiesOverride = struct({
  taskProperties: list(
    struct({
      containers: list(struct({ command: list(str()), environment, name: str(), resourceRequirements })),
    }),
  ),
});
export type EcsPropertiesOverride = Value<typeof ecsPropertiesOverride>;

export const retryStrategy = struct({
  attempts: int(),
  evaluateOnExit: list(
    struct({
      onStatusReason: str(),
      onReason: str(),
      onExitCode: str(),
      action: need(str({ oneOf: ['RETRY', 'EXIT'] })),
    }),
  ),
});
export const timeout = struct({ attemptDurationSeconds: int() });
