import { Http, operations } from '../kernel/operation.ts';
import { bool, inPath, inQuery, int, need, str, struct } from '../kernel/shape.ts';
import { readCode } from './code.ts';
import { checkRole, checkSettings, describe, vpcOf } from './configuration.ts';
import {
  Architectures,
  codeMembers,
  FunctionName,
  functionName,
  Qualifier,
  roleArn,
  settingMembers,
  tags,
} from './shapes.ts';
import {
  conflict,
  functionArn,
  functionNamed,
  invalidParameter,
  type LambdaCall,
  type LambdaFunction,
  type LambdaState,
  lambdaError,
  nameOf,
  settledFunction,
} from './state.ts';

const op = operations<LambdaState>();
export const about = {
  resource: ({ FunctionName: name }: { FunctionName: string }, call: LambdaCall) =>
    functionArn(call, nameOf(name)),
};

/** A version is made only when something has changed since the last one. */
function publish(found: LambdaFunction): string {
  const last = found.versions.at(-1);
  if (last?.sha256 === found.code.sha256 && last.modified === found.modified) return last.version;
  const version = String(Number(last?.version ?? 0) + 1);
  found.versions.push({ version, sha256: found.code.sha256, modified: found.modified });
  return version;
}

function checkRevision(found: LambdaFunction, revision: string | undefined): void {
  if (revision === undefined || revision === found.revision) return;
  throw lambdaError(
    'PreconditionFailedException',
    412,
    'The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id',
  );
}

/** The function has been changed: a new revision, and an update that takes its time. */
function changed(call: LambdaCall, found: LambdaFunction): void {
  found.modified = call.now();
  found.revision = call.world.ids.uuid();
  found._updatedAt = call.world.clock.now() + call.world.delays.lambdaFunction;
}

export const functionOperations = [
  op(
    'CreateFunction',
    'Write',
    struct({
      FunctionName: need(functionName),
      Role: need(roleArn),
      Code: need(struct(codeMembers)),
      Publish: bool(),
      PackageType: str({ oneOf: ['Zip', 'Image'] }),
      Tags: tags,
      Architectures,
      ...settingMembers,
    }),
    (call, input) => {
      const { FunctionName: given, Role, Code, Publish, PackageType = 'Zip', Tags = {}, ...rest } = input;
      const { Architectures: architectures, ...settings } = rest;
      const name = nameOf(given);
      const arn = functionArn(call, name);
      if (name.length > 64) throw invalidParameter(`Function name ${name} is longer than 64 characters`);
      if (call.state.functions.has(name)) throw conflict(`Function already exist: ${name}`);
      checkSettings(call, PackageType, Role, settings);
      const code = readCode(call, PackageType, Code);
      checkRole(call, Role, arn);
      const now = call.world.clock.now();
      const created: LambdaFunction = {
        name,
        arn,
        account: call.account,
        region: call.region,
        packageType: PackageType,
        role: Role,
        architecture: architectures?.[0] ?? 'x86_64',
        vpcId: vpcOf(call, settings),
        settings,
        code,
        modified: call.now(),
        revision: call.world.ids.uuid(),
        tags: new Map(Object.entries(Tags)),
        versions: [],
        policy: new Map(),
        reserved: undefined,
        eventInvoke: undefined,
        _activeAt: now + call.world.delays.lambdaFunction,
        _updatedAt: now,
        _running: 0,
      };
      call.state.functions.set(name, created);
      const version = Publish ? publish(created) : '$LATEST';
      const value = { ...describe(created, now, 'creation'), Version: version };
      return new Http({ status: 201, document: { root: '', value } });
    },
    { http: 'POST /2015-03-31/functions', ...about },
  ),
  op(
    'GetFunction',
    'Read',
    struct({ FunctionName, Qualifier }),
    (call, input) => {
      const found = functionNamed(call, input.FunctionName);
      const { code } = found;
      return {
        Configuration: describe(found, call.world.clock.now()),
        Code:
          found.packageType === 'Zip'
            ? { RepositoryType: 'S3', Location: `${call.origin}/snapshots/${found.name}-${found.revision}` }
            : { RepositoryType: 'ECR', ImageUri: code.imageUri, ResolvedImageUri: code.resolvedImageUri },
        ...(found.tags.size > 0 && { Tags: Object.fromEntries(found.tags) }),
        ...(found.reserved !== undefined && {
          Concurrency: { ReservedConcurrentExecutions: found.reserved },
        }),
      };
    },
    { http: 'GET /2015-03-31/functions/{FunctionName}', ...about },
  ),
  op(
    'GetFunctionConfiguration',
    'Read',
    struct({ FunctionName, Qualifier }),
    (call, input) => describe(functionNamed(call, input.FunctionName), call.world.clock.now()),
    { http: 'GET /2015-03-31/functions/{FunctionName}/configuration', ...about },
  ),
  op(
    'ListFunctions',
    'List',
    struct({ Marker: inQuery('Marker', str()), MaxItems: inQuery('MaxItems', int(1, 10_000)) }),
    (call, { Marker = '', MaxItems = 50 }) => {
      const now = call.world.clock.now();
      const rest = [...call.state.functions.values()]
        .filter(({ name }) => name > Marker)
        .sort((a, b) => (a.name < b.name ? -1 : 1));
      const page = rest.slice(0, Math.min(MaxItems, 50));
      return {
        Functions: page.map((each) => describe(each, now)),
        ...(rest.length > page.length && { NextMarker: page.at(-1)?.name }),
      };
    },
    { http: 'GET /2015-03-31/functions' },
  ),
  op(
    'UpdateFunctionCode',
    'Write',
    struct({
      FunctionName,
      ...codeMembers,
      Architectures,
      Publish: bool(),
      DryRun: bool(),
      RevisionId: str(),
    }),
    (call, input) => {
      const found = settledFunction(call, input.FunctionName);
      checkRevision(found, input.RevisionId);
      const { ZipFile, S3Bucket, S3Key, S3ObjectVersion, ImageUri } = input;
      const code = readCode(call, found.packageType, { ZipFile, S3Bucket, S3Key, S3ObjectVersion, ImageUri });
      const architecture = input.Architectures?.[0] ?? found.architecture;
      const now = call.world.clock.now();
      if (input.DryRun) return describe({ ...found, code, architecture }, now);
      Object.assign(found, { code, architecture });
      changed(call, found);
      const version = input.Publish ? publish(found) : '$LATEST';
      return { ...describe(found, now, 'update'), Version: version };
    },
    { http: 'PUT /2015-03-31/functions/{FunctionName}/code', ...about },
  ),
  op(
    'UpdateFunctionConfiguration',
    'Write',
    struct({ FunctionName, Role: roleArn, RevisionId: str(), ...settingMembers }),
    (call, input) => {
      const { FunctionName: name, Role, RevisionId, ...given } = input;
      const found = settledFunction(call, name);
      checkRevision(found, RevisionId);
      const settings = { ...found.settings, ...given };
      checkSettings(call, found.packageType, Role ?? found.role, settings);
      if (Role !== undefined) checkRole(call, Role, found.arn);
      Object.assign(found, { settings, role: Role ?? found.role, vpcId: vpcOf(call, settings) });
      changed(call, found);
      return describe(found, call.world.clock.now(), 'update');
    },
    { http: 'PUT /2015-03-31/functions/{FunctionName}/configuration', ...about },
  ),
  op(
    'DeleteFunction',
    'Write',
    struct({ FunctionName: inPath(functionName), Qualifier }),
    (call, input) => {
      call.state.functions.delete(functionNamed(call, input.FunctionName).name);
      return new Http({ status: 204 });
    },
    { http: 'DELETE /2015-03-31/functions/{FunctionName}', ...about },
  ),
];
