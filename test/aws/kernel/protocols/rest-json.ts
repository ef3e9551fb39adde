import { Http } from '../operation.ts';
import { parseJson, toJson } from './json.ts';
import { boundMembers, route } from './route.ts';
import type { Protocol } from './wire.ts';

/** REST with JSON documents (Batch, Lambda, OpenSearch Service). Text in path, query and headers is read as text. */
export const restJson: Protocol = {
  decode(request, service) {
    const found = route(request, service);
    const bound = boundMembers(request, found);
    const body = request.body.length > 0 ? parseJson(request.body) : {};
    const payload = Object.entries(found.members).find(([, { place }]) => place?.in === 'payload');
    const input = { ...(payload ? { [payload[0]]: body } : (body as object)), ...bound };
    return { operation: found.operation, input, text: false };
  },
  answer(output, _decoded, _service, requestId) {
    const http = output instanceof Http ? output : new Http({ document: { root: '', value: output ?? {} } });
    const headers = Object.fromEntries(
      Object.entries(http.headers).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
    );
    return {
      status: http.status,
      headers: { 'content-type': 'application/json', 'x-amzn-requestid': requestId, ...headers },
      body: http.body ?? Buffer.from(http.document && http.status !== 204 ? toJson(http.document.value) : ''),
    };
  },
  failure(error, _service, requestId) {
    return {
      status: error.status,
      headers: {
        'content-type': 'application/json',
        'x-amzn-requestid': requestId,
        'x-amzn-errortype': error.code,
        ...error.headers,
      },
      body: Buffer.from(toJson({ message: error.message, ...error.fields })),
    };
  },
};
