import { Unsupported } from '../errors.ts';
import { decodeCbor, encodeCbor } from './cbor-values.ts';
import { operationNamed } from './json.ts';
import type { Protocol } from './wire.ts';

/** Smithy RPC v2 over CBOR: `POST /service/NAME/operation/OPERATION`. Newer SDKs use it for CloudWatch. */
export const cbor: Protocol = {
  decode(request, service) {
    const name = /^\/service\/[^/]+\/operation\/([^/]+)$/.exec(request.path)?.[1];
    if (name === undefined) throw new Unsupported(`${service.id}: ${request.path} is no RPC v2 path`);
    const input = request.body.length > 0 ? decodeCbor(request.body) : {};
    return { operation: operationNamed(service, name), input, text: false };
  },
  answer(output, _decoded, _service, requestId) {
    return { status: 200, headers: headers(requestId), body: encodeCbor(output ?? {}) };
  },
  failure(error, _service, requestId) {
    return {
      status: error.status,
      headers: { ...headers(requestId), ...error.headers },
      body: encodeCbor({ __type: error.code, message: error.message, ...error.fields }),
    };
  },
};

function headers(requestId: string) {
  return {
    'content-type': 'application/cbor',
    'smithy-protocol': 'rpc-v2-cbor',
    'x-amzn-requestid': requestId,
  };
}
