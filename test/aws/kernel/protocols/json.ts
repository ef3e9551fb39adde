import { AwsError, Unsupported } from '../errors.ts';
import type { Operation, Service } from '../operation.ts';
import type { Protocol } from './wire.ts';

/** AWS JSON 1.0 and 1.1: `X-Amz-Target: Prefix.Operation`, a JSON document each way. */
export const json: Protocol = {
  decode(request, service) {
    const target = request.headers['x-amz-target'] ?? '';
    const dot = target.lastIndexOf('.');
    if (target.slice(0, dot) !== service.target) throw new Unsupported(`${service.id}: target ${target}`);
    const operation = operationNamed(service, target.slice(dot + 1));
    return { operation, input: parseJson(request.body), text: false };
  },
  answer(output, _decoded, _service, requestId) {
    return {
      status: 200,
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-requestid': requestId },
      body: Buffer.from(toJson(output ?? {})),
    };
  },
  failure(error, _service, requestId) {
    return {
      status: error.status,
      headers: {
        'content-type': 'application/x-amz-json-1.1',
        'x-amzn-requestid': requestId,
        ...error.headers,
      },
      body: Buffer.from(toJson({ __type: error.code, message: error.message, ...error.fields })),
    };
  },
};

export function operationNamed(service: Service<unknown>, name: string): Operation<unknown> {
  const found = service.operations.find((operation) => operation.name === name);
  if (!found) throw new Unsupported(`the double's ${service.id} does not know operation ${name}`);
  return found;
}

export function parseJson(body: Buffer): unknown {
  if (body.length === 0) return {};
  try {
    return JSON.parse(body.toString());
  } catch {
    throw new AwsError('SerializationException', 'the body is no JSON');
  }
}

/** JSON as AWS writes it: points in time as epoch seconds, bytes as base64. */
export function toJson(value: unknown): string {
  return JSON.stringify(plainJson(value));
}

function plainJson(value: unknown): unknown {
  if (value instanceof Date) return value.getTime() / 1000;
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(plainJson);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plainJson(each)]));
}
