import { Http, operations } from '../kernel/operation.ts';
import { inHeader, payload, type Shape, str, struct } from '../kernel/shape.ts';
import { about } from './functions.ts';
import { invoke, invokeLater } from './run.ts';
import { FunctionName, Qualifier } from './shapes.ts';
import { functionNamed, type LambdaState, lambdaError } from './state.ts';

const op = operations<LambdaState>();
const event: Shape<unknown> = { read: (value) => value };
/** Bytes of an event, by invocation type (Lambda quotas). */
const EVENT_BYTES = { RequestResponse: 6_291_456, Event: 1_048_576, DryRun: 6_291_456 };

export const invokeOperations = [
  op(
    'Invoke',
    'Write',
    struct({
      FunctionName,
      Qualifier,
      InvocationType: inHeader(
        'x-amz-invocation-type',
        str({ oneOf: ['Event', 'RequestResponse', 'DryRun'] }),
      ),
      LogType: inHeader('x-amz-log-type', str({ oneOf: ['None', 'Tail'] })),
      ClientContext: inHeader('x-amz-client-context', str()),
      Payload: payload(event),
    }),
    async (call, input) => {
      const found = functionNamed(call, input.FunctionName);
      const { InvocationType: type = 'RequestResponse', LogType, Payload } = input;
      const limit = EVENT_BYTES[type];
      if (Buffer.byteLength(JSON.stringify(Payload ?? {})) > limit) {
        throw lambdaError(
          'RequestTooLargeException',
          413,
          `Request must be smaller than ${limit} bytes for the InvokeFunction operation`,
        );
      }
      if (type === 'DryRun') return new Http({ status: 204 });
      if (type === 'Event') {
        invokeLater(call.world, found, Payload);
        return new Http({ status: 202 });
      }
      const { answer, error, lines } = await invoke(call.world, found, Payload);
      const tail = Buffer.from(lines.join('\n')).subarray(-4096).toString('base64');
      return new Http({
        headers: {
          'x-amz-executed-version': '$LATEST',
          ...(error && { 'x-amz-function-error': 'Unhandled' }),
          ...(LogType === 'Tail' && { 'x-amz-log-result': tail }),
        },
        body: Buffer.from(JSON.stringify(error ?? answer)),
      });
    },
    // Running a function changes what the function changes; itself it stores nothing.
    {
      http: 'POST /2015-03-31/functions/{FunctionName}/invocations',
      action: 'InvokeFunction',
      mutating: false,
      ...about,
    },
  ),
];
