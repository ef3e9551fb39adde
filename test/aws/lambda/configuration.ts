import { securityGroupById, subnetById } from '../ec2/reach.ts';
import { roleMay } from '../iam/permissions.ts';
import { assumable } from '../iam/reach.ts';
import { queueByArn } from '../sqs/reach.ts';
import type { FunctionSettings } from './shapes.ts';
import { invalidParameter, type LambdaCall, type LambdaFunction, lambdaError } from './state.ts';

/** Node runtimes that functions can be created with or changed to (Lambda runtimes page; nodejs20.x ended in 2026). */
const RUNTIMES = ['nodejs22.x', 'nodejs24.x'];
/** Variables that Lambda sets itself (Lambda environment variables page). */
const RESERVED = [
  '_HANDLER',
  '_X_AMZN_TRACE_ID',
  'AWS_DEFAULT_REGION',
  'AWS_REGION',
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_FUNCTION_NAME',
  'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
  'AWS_LAMBDA_FUNCTION_VERSION',
  'AWS_LAMBDA_INITIALIZATION_TYPE',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_ACCESS_KEY',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_LAMBDA_RUNTIME_API',
  'LAMBDA_TASK_ROOT',
  'LAMBDA_RUNTIME_DIR',
];
const ENVIRONMENT_BYTES = 4096;

/** Throws unless Lambda can act as the role and the caller may hand it over. */
export function checkRole(call: LambdaCall, role: string, functionArn: string): void {
  const permitted = call.world.permits(call.principal, 'iam:PassRole', role);
  if (permitted !== true) throw lambdaError('AccessDeniedException', 403, permitted);
  if (assumable(call.world, role, 'lambda.amazonaws.com', functionArn) !== 'yes') {
    throw invalidParameter('The role defined for the function cannot be assumed by Lambda.');
  }
}

/** Throws what Lambda answers to a configuration that it cannot use. */
export function checkSettings(
  call: LambdaCall,
  packageType: 'Zip' | 'Image',
  role: string,
  settings: FunctionSettings,
): void {
  if (packageType === 'Zip') checkZipSettings(settings);
  else if ([settings.Runtime, settings.Handler, settings.Layers].some((each) => each !== undefined)) {
    throw invalidParameter(
      "Please don't provide Handler or Runtime or Layer when the intended function PackageType is Image.",
    );
  }
  checkEnvironment(settings.Environment?.Variables ?? {});
  const { LogFormat, ApplicationLogLevel, SystemLogLevel } = settings.LoggingConfig ?? {};
  if (LogFormat !== 'JSON' && (ApplicationLogLevel ?? SystemLogLevel) !== undefined) {
    throw invalidParameter(
      'To configure ApplicationLogLevel or SystemLogLevel, LogFormat must be set to JSON.',
    );
  }
  checkTargets(call, role, settings);
}

function checkZipSettings({ Runtime, Handler, ImageConfig }: FunctionSettings): void {
  if (Runtime === undefined || Handler === undefined) {
    throw invalidParameter(
      'Runtime and Handler are mandatory parameters for functions created with deployment packages.',
    );
  }
  if (!RUNTIMES.includes(Runtime)) {
    throw invalidParameter(
      `The runtime parameter of ${Runtime} is no longer supported for creating or updating AWS Lambda functions. We recommend you use a supported runtime while creating or updating functions.`,
    );
  }
  if (ImageConfig !== undefined) {
    throw invalidParameter('ImageConfig is not supported for functions with packageType Zip.');
  }
}

function checkEnvironment(variables: Readonly<Record<string, string>>): void {
  const start =
    'Lambda was unable to configure your environment variables because the environment variables you have provided';
  const reserved = Object.keys(variables).filter((name) => RESERVED.includes(name));
  if (reserved.length > 0) {
    throw invalidParameter(
      `${start} contains reserved keys that are currently not supported for modification. Reserved keys used in this request: ${reserved.join(', ')}`,
    );
  }
  const odd = Object.keys(variables).find((name) => !/^[a-zA-Z]\w+$/.test(name));
  if (odd !== undefined) {
    throw lambdaError(
      'ValidationException',
      400,
      `1 validation error detected: Value at 'environment.variables' failed to satisfy constraint: Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+] (${odd})`,
    );
  }
  if (Buffer.byteLength(JSON.stringify(variables)) > ENVIRONMENT_BYTES) {
    throw invalidParameter(`${start} exceeded the 4KB limit.`);
  }
}

function checkTargets(call: LambdaCall, role: string, settings: FunctionSettings): void {
  const { world } = call;
  const target = settings.DeadLetterConfig?.TargetArn;
  if (target) {
    if (!queueByArn(world, target)) {
      throw invalidParameter(`The dead letter target ${target} does not exist.`);
    }
    if (!roleMay(world, role, 'sqs:SendMessage', target)) {
      throw invalidParameter(
        'The provided execution role does not have permissions to call SendMessage on SQS',
      );
    }
  }
  const { SubnetIds = [], SecurityGroupIds = [] } = settings.VpcConfig ?? {};
  if (SubnetIds.length === 0 && SecurityGroupIds.length === 0) return;
  if (SubnetIds.length === 0 || SecurityGroupIds.length === 0) {
    throw invalidParameter('SubnetIds and SecurityIds must coexist or be both empty list.');
  }
  if (!roleMay(world, role, 'ec2:CreateNetworkInterface', '*')) {
    throw invalidParameter(
      'The provided execution role does not have permissions to call CreateNetworkInterface on EC2',
    );
  }
  const missing = (request: string, code: string, what: string, id: string) =>
    invalidParameter(
      `Error occurred while ${request}. EC2 Error Code: ${code}.NotFound. EC2 Error Message: The ${what} '${id}' does not exist`,
    );
  const subnet = SubnetIds.find((id) => !subnetById(world, call, id));
  if (subnet) throw missing('DescribeSubnets', 'InvalidSubnetID', 'subnet ID', subnet);
  const group = SecurityGroupIds.find((id) => !securityGroupById(world, call, id));
  if (group) throw missing('DescribeSecurityGroups', 'InvalidSecurityGroupID', 'security group', group);
}

/** The VPC of a function's subnets; empty without any. */
export function vpcOf(call: LambdaCall, { VpcConfig }: FunctionSettings): string {
  const [first] = VpcConfig?.SubnetIds ?? [];
  return (first && subnetById(call.world, call, first)?.vpcId) || '';
}

/** A function as the API describes it; `during`: while the answered call is still taking effect. */
export function describe(
  found: LambdaFunction,
  now: number,
  during: 'creation' | 'update' | undefined = undefined,
) {
  const { settings, code } = found;
  const pending = during === 'creation' || now < found._activeAt;
  const updating = during === 'update' || now < found._updatedAt;
  const logging = settings.LoggingConfig;
  return {
    FunctionName: found.name,
    FunctionArn: found.arn,
    Runtime: settings.Runtime,
    Role: found.role,
    Handler: settings.Handler,
    CodeSize: code.size,
    Description: settings.Description ?? '',
    Timeout: settings.Timeout ?? 3,
    MemorySize: settings.MemorySize ?? 128,
    LastModified: stamp(found.modified),
    CodeSha256: code.sha256,
    Version: '$LATEST',
    VpcConfig: settings.VpcConfig && {
      SubnetIds: [],
      SecurityGroupIds: [],
      Ipv6AllowedForDualStack: false,
      VpcId: found.vpcId,
      ...settings.VpcConfig,
    },
    DeadLetterConfig: settings.DeadLetterConfig?.TargetArn ? settings.DeadLetterConfig : undefined,
    Environment: settings.Environment && { Variables: settings.Environment.Variables ?? {} },
    KMSKeyArn: settings.KMSKeyArn || undefined,
    TracingConfig: { Mode: settings.TracingConfig?.Mode ?? 'PassThrough' },
    RevisionId: found.revision,
    Layers: settings.Layers?.map((Arn) => ({ Arn, CodeSize: 0 })),
    State: pending ? 'Pending' : 'Active',
    ...(pending && { StateReason: 'The function is being created.', StateReasonCode: 'Creating' }),
    // A new function has no update yet while it is being created.
    ...(!pending && { LastUpdateStatus: updating ? 'InProgress' : 'Successful' }),
    ...(!pending &&
      updating && {
        LastUpdateStatusReason: 'The function is being created.',
        LastUpdateStatusReasonCode: 'Creating',
      }),
    PackageType: found.packageType,
    ImageConfigResponse: settings.ImageConfig && { ImageConfig: settings.ImageConfig },
    Architectures: [found.architecture],
    EphemeralStorage: { Size: settings.EphemeralStorage?.Size ?? 512 },
    SnapStart: { ApplyOn: settings.SnapStart?.ApplyOn ?? 'None', OptimizationStatus: 'Off' },
    LoggingConfig: {
      LogFormat: logging?.LogFormat ?? 'Text',
      ...(logging?.LogFormat === 'JSON' && {
        ApplicationLogLevel: logging.ApplicationLogLevel ?? 'INFO',
        SystemLogLevel: logging.SystemLogLevel ?? 'INFO',
      }),
      LogGroup: logGroupOf(found),
    },
  };
}

export function logGroupOf(found: LambdaFunction): string {
  return found.settings.LoggingConfig?.LogGroup ?? `/aws/lambda/${found.name}`;
}

/** Lambda's own form of a time: `2026-01-02T03:04:05.678+0000`. */
function stamp(date: Date): string {
  return date.toISOString().replace('Z', '+0000');
}
