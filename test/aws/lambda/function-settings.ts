import { Http, operations } from '../kernel/operation.ts';
import { inPath, inQuery, int, list, need, str, struct } from '../kernel/shape.ts';
import { about } from './functions.ts';
import { FunctionName, Qualifier, tags } from './shapes.ts';
import {
  concurrencyLimit,
  functionNamed,
  invalidParameter,
  type LambdaCall,
  type LambdaFunction,
  type LambdaState,
  notFound,
  reservedConcurrency,
  settledFunction,
} from './state.ts';

const op = operations<LambdaState>();
const destination = struct({ Destination: str({ max: 350, pattern: /^$|^arn:.*$/ }) });
const noContent = () => new Http({ status: 204 });

/** Concurrency that no reservation may take; all of it in an account that has less. */
const UNRESERVED = 100;

function taggedResource(call: LambdaCall, arn: string): { tags: Map<string, string> } {
  const found =
    [...call.state.functions.values()].find((each) => each.arn === arn) ??
    [...call.state.mappings.values()].find((each) => each.arn === arn);
  if (!found) throw notFound(`The resource you requested does not exist: ${arn}`);
  return found;
}
const Resource = inPath(
  str({
    pattern:
      /^arn:(aws[a-zA-Z-]*):lambda:[a-z0-9-]+:\d{12}:(function:[a-zA-Z0-9-_]+|event-source-mapping:[0-9a-f-]{36})$/,
  }),
);
const aboutResource = { resource: ({ Resource: arn }: { Resource: string }) => arn };

function eventInvokeOf(found: LambdaFunction) {
  const { eventInvoke: config } = found;
  if (!config) throw notFound(`The function ${found.arn}:$LATEST doesn't have an EventInvokeConfig`);
  const { modified, ...rest } = config;
  return { LastModified: modified, FunctionArn: `${found.arn}:$LATEST`, ...rest };
}

/** Concurrency, asynchronous invocation, tags, and the account's settings. */
export const functionSettingOperations = [
  op(
    'PutFunctionConcurrency',
    'Write',
    struct({ FunctionName, ReservedConcurrentExecutions: need(int(0)) }),
    (call, input) => {
      const found = settledFunction(call, input.FunctionName);
      const { ReservedConcurrentExecutions: wanted } = input;
      const limit = concurrencyLimit(call.state);
      const least = Math.min(UNRESERVED, limit);
      if (limit - reservedConcurrency(call.state, found) - wanted < least) {
        throw invalidParameter(
          `Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [${least}].`,
        );
      }
      found.reserved = wanted;
      return { ReservedConcurrentExecutions: wanted };
    },
    { http: 'PUT /2017-10-31/functions/{FunctionName}/concurrency', ...about },
  ),
  op(
    'GetFunctionConcurrency',
    'Read',
    struct({ FunctionName }),
    (call, input) => ({ ReservedConcurrentExecutions: functionNamed(call, input.FunctionName).reserved }),
    { http: 'GET /2019-09-30/functions/{FunctionName}/concurrency', ...about },
  ),
  op(
    'DeleteFunctionConcurrency',
    'Write',
    struct({ FunctionName }),
    (call, input) => {
      settledFunction(call, input.FunctionName).reserved = undefined;
      return noContent();
    },
    { http: 'DELETE /2017-10-31/functions/{FunctionName}/concurrency', ...about },
  ),
  op(
    'PutFunctionEventInvokeConfig',
    'Write',
    struct({
      FunctionName,
      Qualifier,
      MaximumRetryAttempts: int(0, 2),
      MaximumEventAgeInSeconds: int(60, 21_600),
      DestinationConfig: struct({ OnSuccess: destination, OnFailure: destination }),
    }),
    (call, input) => {
      const found = settledFunction(call, input.FunctionName);
      found.eventInvoke = {
        modified: call.now(),
        MaximumRetryAttempts: input.MaximumRetryAttempts,
        MaximumEventAgeInSeconds: input.MaximumEventAgeInSeconds,
        DestinationConfig: input.DestinationConfig ?? { OnSuccess: {}, OnFailure: {} },
      };
      return eventInvokeOf(found);
    },
    { http: 'PUT /2019-09-25/functions/{FunctionName}/event-invoke-config', ...about },
  ),
  op(
    'GetFunctionEventInvokeConfig',
    'Read',
    struct({ FunctionName, Qualifier }),
    (call, input) => eventInvokeOf(functionNamed(call, input.FunctionName)),
    { http: 'GET /2019-09-25/functions/{FunctionName}/event-invoke-config', ...about },
  ),
  op(
    'DeleteFunctionEventInvokeConfig',
    'Write',
    struct({ FunctionName, Qualifier }),
    (call, input) => {
      const found = functionNamed(call, input.FunctionName);
      eventInvokeOf(found);
      found.eventInvoke = undefined;
      return noContent();
    },
    { http: 'DELETE /2019-09-25/functions/{FunctionName}/event-invoke-config', ...about },
  ),
  op(
    'ListTags',
    'Read',
    struct({ Resource }),
    (call, input) => ({ Tags: Object.fromEntries(taggedResource(call, input.Resource).tags) }),
    { http: 'GET /2017-03-31/tags/{Resource}', ...aboutResource },
  ),
  op(
    'TagResource',
    'Tagging',
    struct({ Resource, Tags: need(tags) }),
    (call, input) => {
      const { tags: there } = taggedResource(call, input.Resource);
      for (const [key, value] of Object.entries(input.Tags)) there.set(key, value);
      return noContent();
    },
    { http: 'POST /2017-03-31/tags/{Resource}', ...aboutResource },
  ),
  op(
    'UntagResource',
    'Tagging',
    struct({ Resource, TagKeys: need(inQuery('tagKeys', list(str({ min: 1, max: 128 }), { flat: true }))) }),
    (call, input) => {
      const { tags: there } = taggedResource(call, input.Resource);
      for (const key of input.TagKeys) there.delete(key);
      return noContent();
    },
    { http: 'DELETE /2017-03-31/tags/{Resource}', ...aboutResource },
  ),
  op(
    'GetAccountSettings',
    'Read',
    struct({}),
    ({ state }) => ({
      AccountLimit: {
        TotalCodeSize: 80_530_636_800,
        CodeSizeUnzipped: 262_144_000,
        CodeSizeZipped: 52_428_800,
        ConcurrentExecutions: concurrencyLimit(state),
        UnreservedConcurrentExecutions: concurrencyLimit(state) - reservedConcurrency(state),
      },
      AccountUsage: {
        TotalCodeSize: [...state.functions.values()].reduce((sum, each) => sum + each.code.size, 0),
        FunctionCount: state.functions.size,
      },
    }),
    { http: 'GET /2016-08-19/account-settings' },
  ),
];
