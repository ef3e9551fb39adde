import { bool, inPath, inQuery, int, list, map, need, type Shape, str, struct } from '../kernel/shape.ts';

const REGION = '((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?';
const functionNamePattern = new RegExp(
  `^(arn:(aws[a-zA-Z-]*)?:lambda:)?${REGION}(\\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?$`,
);
export const functionName = str({ min: 1, max: 140, pattern: functionNamePattern });
/** `{FunctionName}` of a path. */
export const FunctionName = inPath(functionName);
/** The double keeps no older versions to be asked for. */
export const Qualifier = inQuery('Qualifier', str({ oneOf: ['$LATEST'] }));
const arn = str({ max: 10_000, pattern: /^(arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*)?$/ });
const tagValue = str({ max: 256, pattern: /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u });
export const tags = map(tagValue, { max: 50 });
export const roleArn = str({ pattern: /^arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role\/?[a-zA-Z_0-9+=,.@\-_/]+$/ });
export const Architectures = list(str({ oneOf: ['x86_64', 'arm64'] }), { min: 1, max: 1 });

/** Where code comes from, in CreateFunction and UpdateFunctionCode. */
export const codeMembers = {
  ZipFile: zipFile(),
  S3Bucket: str({ min: 3, max: 63, pattern: /^[0-9A-Za-z.\-_]*(?<!\.)$/ }),
  S3Key: str({ min: 1, max: 1024 }),
  S3ObjectVersion: str({ min: 1, max: 1024 }),
  ImageUri: str(),
};

/** Base64, whose decoded form is what counts. */
function zipFile(): Shape<Buffer> {
  const text = str();
  return { read: (value, path, isText) => Buffer.from(text.read(value, path, isText), 'base64') };
}

/** What CreateFunction and UpdateFunctionConfiguration share. Runtimes: the Node ones of the model. */
export const settingMembers = {
  Runtime: str({
    oneOf: [
      'nodejs12.x',
      'nodejs14.x',
      'nodejs16.x',
      'nodejs18.x',
      'nodejs20.x',
      'nodejs22.x',
      'nodejs24.x',
      'nodejs26.x',
    ],
  }),
  Handler: str({ max: 128, pattern: /^[^\s]+$/ }),
  Description: str({ max: 256 }),
  // The model goes up to 5,400 s and 32,768 MB, which only durable functions and managed instances have.
  Timeout: int(1, 900),
  MemorySize: int(128, 10_240),
  VpcConfig: struct({
    SubnetIds: list(str({ max: 1024, pattern: /^subnet-[0-9a-z]*$/ }), { max: 16 }),
    SecurityGroupIds: list(str({ max: 1024, pattern: /^sg-[0-9a-zA-Z]*$/ }), { max: 5 }),
    Ipv6AllowedForDualStack: bool(),
  }),
  DeadLetterConfig: struct({ TargetArn: arn }),
  Environment: struct({ Variables: map(str()) }),
  KMSKeyArn: arn,
  TracingConfig: struct({ Mode: str({ oneOf: ['Active', 'PassThrough'] }) }),
  Layers: list(str({ min: 1, max: 2048, pattern: /^arn:[a-zA-Z0-9-]+:lambda:.*$/ }), { max: 5 }),
  ImageConfig: struct({
    EntryPoint: list(str(), { max: 1500 }),
    Command: list(str(), { max: 1500 }),
    WorkingDirectory: str({ max: 1000 }),
  }),
  EphemeralStorage: struct({ Size: need(int(512, 10_240)) }),
  SnapStart: struct({ ApplyOn: str({ oneOf: ['PublishedVersions', 'None'] }) }),
  LoggingConfig: struct({
    LogFormat: str({ oneOf: ['JSON', 'Text'] }),
    ApplicationLogLevel: str({ oneOf: ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'] }),
    SystemLogLevel: str({ oneOf: ['DEBUG', 'INFO', 'WARN'] }),
    LogGroup: str({ min: 1, max: 512, pattern: /^[.\-_/#A-Za-z0-9]+$/ }),
  }),
};
const settings = struct(settingMembers);
type Value<S> = S extends Shape<infer T> ? T : never;
/** A function's configuration as it was asked for, by the API's names. */
export type FunctionSettings = Value<typeof settings>;

const codeShape = struct(codeMembers);
export type GivenCode = Value<typeof codeShape>;
