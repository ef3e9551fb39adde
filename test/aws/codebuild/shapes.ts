import { bool, int, list, need, type Shape, str, struct } from '../kernel/shape.ts';

export const name = str({ min: 2, max: 150, pattern: /^[A-Za-z0-9][A-Za-z0-9\-_]{1,149}$/ });
const tagText = /^[\p{L}\p{Z}\p{N}_.:/=@+-]*$/u;
const location = str();

const computeType = str({
  oneOf: [
    'BUILD_GENERAL1_SMALL',
    'BUILD_GENERAL1_MEDIUM',
    'BUILD_GENERAL1_LARGE',
    'BUILD_GENERAL1_XLARGE',
    'BUILD_GENERAL1_2XLARGE',
  ],
});
const environmentType = str({ oneOf: ['LINUX_CONTAINER', 'ARM_CONTAINER'] });
const variables = list(
  struct({
    name: need(str({ min: 1 })),
    value: need(str()),
    type: str({ oneOf: ['PLAINTEXT', 'PARAMETER_STORE', 'SECRETS_MANAGER'] }),
  }),
);
const logsConfig = struct({
  cloudWatchLogs: struct({
    status: need(str({ oneOf: ['ENABLED', 'DISABLED'] })),
    groupName: str(),
    streamName: str(),
  }),
  s3Logs: struct({ status: need(str({ oneOf: ['DISABLED'] })) }),
});

/** A project's members as far as builds of S3 sources use them; others of the model are not known here. */
export const projectMembers = {
  description: str({ max: 255 }),
  source: struct({
    type: need(str({ oneOf: ['S3', 'NO_SOURCE'] })),
    location,
    buildspec: str(),
    insecureSsl: bool(),
  }),
  sourceVersion: str(),
  artifacts: struct({
    type: need(str({ oneOf: ['S3', 'NO_ARTIFACTS'] })),
    location,
    path: str(),
    name: str(),
    namespaceType: str({ oneOf: ['NONE', 'BUILD_ID'] }),
    packaging: str({ oneOf: ['NONE', 'ZIP'] }),
    encryptionDisabled: bool(),
  }),
  cache: struct({
    type: need(str({ oneOf: ['NO_CACHE', 'S3', 'LOCAL'] })),
    location,
    modes: list(str({ oneOf: ['LOCAL_DOCKER_LAYER_CACHE', 'LOCAL_SOURCE_CACHE', 'LOCAL_CUSTOM_CACHE'] })),
  }),
  environment: struct({
    type: need(environmentType),
    image: need(str({ min: 1 })),
    computeType: need(computeType),
    environmentVariables: variables,
    privilegedMode: bool(),
    imagePullCredentialsType: str({ oneOf: ['CODEBUILD', 'SERVICE_ROLE'] }),
  }),
  serviceRole: str({ min: 1 }),
  timeoutInMinutes: int(5, 2160),
  queuedTimeoutInMinutes: int(5, 480),
  encryptionKey: str({ min: 1 }),
  tags: list(
    struct({
      key: str({ min: 1, max: 127, pattern: tagText }),
      value: str({ max: 255, pattern: tagText }),
    }),
    { max: 50 },
  ),
  vpcConfig: struct({
    vpcId: str({ min: 1 }),
    subnets: list(str({ min: 1 }), { max: 16 }),
    securityGroupIds: list(str({ min: 1 }), { max: 5 }),
  }),
  badgeEnabled: bool(),
  logsConfig,
  concurrentBuildLimit: int(1),
};
const project = struct(projectMembers);
type Value<S> = S extends Shape<infer T> ? T : never;
export type ProjectSettings = Value<typeof project>;

export const startMembers = {
  projectName: need(str({ min: 1 })),
  sourceVersion: str(),
  sourceTypeOverride: str({ oneOf: ['S3', 'NO_SOURCE'] }),
  sourceLocationOverride: location,
  buildspecOverride: str(),
  environmentVariablesOverride: variables,
  environmentTypeOverride: environmentType,
  imageOverride: str({ min: 1 }),
  computeTypeOverride: computeType,
  privilegedModeOverride: bool(),
  serviceRoleOverride: str({ min: 1 }),
  timeoutInMinutesOverride: int(5, 2160),
  queuedTimeoutInMinutesOverride: int(5, 480),
  logsConfigOverride: logsConfig,
  idempotencyToken: str(),
};
const start = struct(startMembers);
export type Start = Value<typeof start>;
