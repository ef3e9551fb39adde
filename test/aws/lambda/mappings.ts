import { roleMay } from '../iam/permissions.ts';
import { Http, operations } from '../kernel/operation.ts';
import { bool, inPath, inQuery, int, list, need, str, struct } from '../kernel/shape.ts';
import { queueByArn } from '../sqs/reach.ts';
import { seconds } from '../sqs/state.ts';
import { functionName, tags } from './shapes.ts';
import {
  conflict,
  functionArn,
  invalidParameter,
  type LambdaCall,
  type LambdaFunction,
  type LambdaState,
  lambdaError,
  type Mapping,
  nameOf,
  notFound,
} from './state.ts';

const op = operations<LambdaState>();
const UUID = inPath(str({ min: 36, max: 36 }));
/** What Lambda's pollers do on a queue with the function's role (developer guide, "Using Lambda with Amazon SQS"). */
const QUEUE_ACTIONS = ['ReceiveMessage', 'DeleteMessage', 'GetQueueAttributes'];

/** What can be changed of a mapping from a queue; the model's members for streams and brokers are not known here. */
const settings = {
  Enabled: bool(),
  BatchSize: int(1, 10_000),
  MaximumBatchingWindowInSeconds: int(0, 300),
  ScalingConfig: struct({ MaximumConcurrency: int(2, 1000) }),
  FunctionResponseTypes: list(str({ oneOf: ['ReportBatchItemFailures'] }), { max: 1 }),
  FilterCriteria: struct({ Filters: list(struct({ Pattern: str({ max: 4096 }) }), { max: 5 }) }),
};

function mappingArn(call: { region: string; account: string }, uuid: string): string {
  return `arn:aws:lambda:${call.region}:${call.account}:event-source-mapping:${uuid}`;
}
const about = {
  resource: ({ UUID: uuid }: { UUID: string }, call: LambdaCall) => mappingArn(call, uuid),
};

function mappedFunction(call: LambdaCall, given: string): LambdaFunction {
  const found = call.state.functions.get(nameOf(given));
  if (!found) throw invalidParameter('Function does not exist');
  return found;
}

/** Throws what Lambda answers when the function cannot be fed from the queue like this. */
function checkMapping(
  call: LambdaCall,
  found: LambdaFunction,
  mapping: Pick<Mapping, 'queueArn' | 'batchSize' | 'window'>,
): void {
  const [, , service] = mapping.queueArn.split(':');
  if (service !== 'sqs') throw invalidParameter(`The double maps queues only, not ${mapping.queueArn}`);
  if (mapping.batchSize > 10 && mapping.window < 1) {
    throw invalidParameter(
      'Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10',
    );
  }
  for (const action of QUEUE_ACTIONS) {
    if (!roleMay(call.world, found.role, `sqs:${action}`, mapping.queueArn)) {
      throw invalidParameter(
        `The provided execution role does not have permissions to call ${action} on SQS`,
      );
    }
  }
  const queue = queueByArn(call.world, mapping.queueArn);
  if (!queue || queue.region !== call.region) {
    throw invalidParameter(
      'Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not exist.',
    );
  }
  const visibility = seconds(queue, 'VisibilityTimeout');
  const timeout = found.settings.Timeout ?? 3;
  if (timeout > visibility) {
    throw invalidParameter(
      `Queue visibility timeout: ${visibility} seconds is less than Function timeout: ${timeout} seconds`,
    );
  }
}

function mappingNamed(call: LambdaCall, uuid: string): Mapping {
  const mapping = call.state.mappings.get(uuid);
  if (!mapping) throw notFound('The resource you requested does not exist.');
  return mapping;
}

/** The mapping, if nothing is being done to it. */
function idleMapping(call: LambdaCall, uuid: string, what: string): Mapping {
  const mapping = mappingNamed(call, uuid);
  if (call.world.clock.now() < mapping._settledAt) {
    throw lambdaError(
      'ResourceInUseException',
      400,
      `Cannot ${what} the event source mapping because it is in use.`,
    );
  }
  return mapping;
}

/** Starts what takes `delays.lambdaMapping`. */
function begin(call: LambdaCall, mapping: Mapping, doing: Mapping['_doing']): void {
  mapping._doing = doing;
  mapping._settledAt = call.world.clock.now() + call.world.delays.lambdaMapping;
  mapping.modified = call.now();
}

/** `during`: the answer to the very call that begins it. */
function describe(mapping: Mapping, now: number, during = false) {
  const settled = mapping.enabled ? 'Enabled' : 'Disabled';
  return {
    UUID: mapping.uuid,
    BatchSize: mapping.batchSize,
    MaximumBatchingWindowInSeconds: mapping.window,
    EventSourceArn: mapping.queueArn,
    FunctionArn: mapping.functionArn,
    LastModified: mapping.modified,
    State: during || now < mapping._settledAt ? mapping._doing : settled,
    StateTransitionReason: 'USER_INITIATED',
    FunctionResponseTypes: mapping.responseTypes,
    EventSourceMappingArn: mapping.arn,
    ...(mapping.filters.length > 0 && {
      FilterCriteria: { Filters: mapping.filters.map((Pattern) => ({ Pattern })) },
    }),
    ...(mapping.maximumConcurrency !== undefined && {
      ScalingConfig: { MaximumConcurrency: mapping.maximumConcurrency },
    }),
  };
}

function accepted(value: object): Http {
  return new Http({ status: 202, document: { root: '', value } });
}

export const mappingOperations = [
  op(
    'CreateEventSourceMapping',
    'Write',
    struct({
      EventSourceArn: need(str({ pattern: /^arn:(aws[a-zA-Z0-9-]*):[a-zA-Z0-9-]+:[a-z0-9-]*:\d{12}:.*$/ })),
      FunctionName: need(functionName),
      Tags: tags,
      ...settings,
    }),
    (call, input) => {
      const { EventSourceArn: queueArn, Tags = {} } = input;
      const found = mappedFunction(call, input.FunctionName);
      const uuid = call.world.ids.uuid();
      const mapping: Mapping = {
        uuid,
        arn: mappingArn(call, uuid),
        queueArn,
        functionArn: found.arn,
        enabled: input.Enabled ?? true,
        batchSize: input.BatchSize ?? 10,
        window: input.MaximumBatchingWindowInSeconds ?? 0,
        maximumConcurrency: input.ScalingConfig?.MaximumConcurrency,
        responseTypes: input.FunctionResponseTypes ?? [],
        filters: (input.FilterCriteria?.Filters ?? []).flatMap(({ Pattern }) => Pattern ?? []),
        tags: new Map(Object.entries(Tags)),
        modified: call.now(),
        _doing: 'Creating',
        _settledAt: 0,
        _running: 0,
      };
      checkMapping(call, found, mapping);
      const twin = [...call.state.mappings.values()].find(
        (each) => each.queueArn === queueArn && each.functionArn === found.arn,
      );
      if (twin) {
        throw conflict(
          `An event source mapping with SQS arn (" ${queueArn} ") and function (" ${found.name} ") already exists. Please update or delete the existing mapping with UUID ${twin.uuid}`,
        );
      }
      begin(call, mapping, 'Creating');
      call.state.mappings.set(uuid, mapping);
      return accepted(describe(mapping, call.world.clock.now(), true));
    },
    { http: 'POST /2015-03-31/event-source-mappings' },
  ),
  op(
    'GetEventSourceMapping',
    'Read',
    struct({ UUID }),
    (call, input) => describe(mappingNamed(call, input.UUID), call.world.clock.now()),
    { http: 'GET /2015-03-31/event-source-mappings/{UUID}', ...about },
  ),
  op(
    'ListEventSourceMappings',
    'List',
    struct({
      EventSourceArn: inQuery('EventSourceArn', str()),
      FunctionName: inQuery('FunctionName', functionName),
      Marker: inQuery('Marker', str()),
      MaxItems: inQuery('MaxItems', int(1, 10_000)),
    }),
    (call, { EventSourceArn: queue, FunctionName: name, Marker = '', MaxItems = 100 }) => {
      const arn = name && functionArn(call, nameOf(name));
      const rest = [...call.state.mappings.values()]
        .filter((each) => each.uuid > Marker)
        .filter((each) => queue === undefined || each.queueArn === queue)
        .filter((each) => arn === undefined || each.functionArn === arn)
        .sort((a, b) => (a.uuid < b.uuid ? -1 : 1));
      const page = rest.slice(0, Math.min(MaxItems, 100));
      return {
        EventSourceMappings: page.map((each) => describe(each, call.world.clock.now())),
        ...(rest.length > page.length && { NextMarker: page.at(-1)?.uuid }),
      };
    },
    { http: 'GET /2015-03-31/event-source-mappings' },
  ),
  op(
    'UpdateEventSourceMapping',
    'Write',
    struct({ UUID, FunctionName: functionName, ...settings }),
    (call, input) => {
      const mapping = idleMapping(call, input.UUID, 'update');
      const found = mappedFunction(call, input.FunctionName ?? mapping.functionArn);
      const after = {
        functionArn: found.arn,
        enabled: input.Enabled ?? mapping.enabled,
        batchSize: input.BatchSize ?? mapping.batchSize,
        window: input.MaximumBatchingWindowInSeconds ?? mapping.window,
        // An empty ScalingConfig takes the limit away.
        maximumConcurrency: input.ScalingConfig
          ? input.ScalingConfig.MaximumConcurrency
          : mapping.maximumConcurrency,
        responseTypes: input.FunctionResponseTypes ?? mapping.responseTypes,
        filters: input.FilterCriteria
          ? (input.FilterCriteria.Filters ?? []).flatMap(({ Pattern }) => Pattern ?? [])
          : mapping.filters,
      };
      checkMapping(call, found, { ...after, queueArn: mapping.queueArn });
      const toggled = after.enabled ? 'Enabling' : 'Disabling';
      const doing = after.enabled === mapping.enabled ? 'Updating' : toggled;
      Object.assign(mapping, after);
      begin(call, mapping, doing);
      return accepted(describe(mapping, call.world.clock.now(), true));
    },
    { http: 'PUT /2015-03-31/event-source-mappings/{UUID}', ...about },
  ),
  op(
    'DeleteEventSourceMapping',
    'Write',
    struct({ UUID }),
    (call, input) => {
      const mapping = idleMapping(call, input.UUID, 'delete');
      begin(call, mapping, 'Deleting');
      const { clock, delays } = call.world;
      const remove = () => call.state.mappings.delete(mapping.uuid);
      if (delays.lambdaMapping === 0) remove();
      else clock.after(delays.lambdaMapping, remove);
      return accepted(describe(mapping, clock.now(), true));
    },
    { http: 'DELETE /2015-03-31/event-source-mappings/{UUID}', ...about },
  ),
];
