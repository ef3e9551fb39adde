import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { AwsError } from '../errors.ts';
import { Http } from '../operation.ts';
import { boundMembers, route } from './route.ts';
import type { Protocol, Request } from './wire.ts';
import { parseXml, toXml } from './xml.ts';

/** REST with XML documents: S3. Its lists repeat without a wrapper. */
export const restXml: Protocol = {
  decode(given, service) {
    const request = s3Request(given);
    const found = route(request, service);
    const input = { ...boundMembers(request, found), ...unknownHeaders(request, found.members) };
    const document = Object.entries(found.members).find(([, { place }]) => place?.in === 'payload');
    const raw = Object.entries(found.members).find(([, { place }]) => place?.in === 'bytes');
    if (raw) input[raw[0]] = request.body;
    else if (request.body.length > 0) {
      input[document?.[0] ?? 'a body'] = document && parseXml(request.body.toString()).value;
    }
    return { operation: found.operation, input, text: true };
  },
  answer(output, { operation }, service, requestId) {
    const http = output instanceof Http ? output : new Http(output ? rooted(operation.name, output) : {});
    const { document } = http;
    const headers = Object.entries(http.headers).flatMap(([key, value]) =>
      value === undefined ? [] : [[key, value]],
    );
    const xml = document && toXml(document.root, { '@xmlns': service.xmlns, ...document.value }, undefined);
    return {
      status: http.status,
      headers: {
        ...(xml !== undefined && { 'content-type': 'application/xml' }),
        'x-amz-request-id': requestId,
        'x-amz-id-2': `${requestId}/host`,
        ...Object.fromEntries(headers),
      },
      body:
        xml === undefined
          ? (http.body ?? Buffer.alloc(0))
          : Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${xml}`),
    };
  },
  failure(error, _service, requestId) {
    const document = {
      Code: error.code,
      Message: error.message,
      ...error.fields,
      RequestId: requestId,
      HostId: `${requestId}/host`,
    };
    return {
      status: error.status,
      headers: {
        'content-type': 'application/xml',
        'x-amz-request-id': requestId,
        'x-amz-id-2': `${requestId}/host`,
        ...error.headers,
      },
      body: Buffer.from(`<?xml version="1.0" encoding="UTF-8"?>\n${toXml('Error', document, undefined)}`),
    };
  },
};

function rooted(name: string, value: object) {
  return { document: { root: `${name}Result`, value } };
}

/** The bucket from the host into the path, chunks and checksums of the transport undone and checked. */
function s3Request(request: Request): Request {
  const bucket = /^(.+)\.(s3[.-].*|localhost)(:\d+)?$/.exec(request.headers.host ?? '')?.[1];
  const path = bucket === undefined ? request.path : `/${bucket}${request.path}`;
  const chunked = request.headers['x-amz-content-sha256']?.startsWith('STREAMING-');
  const { body, trailers } = chunked ? fromChunks(request.body) : { body: request.body, trailers: {} };
  checkSums({ ...request.headers, ...trailers }, body);
  return { ...request, path, body };
}

/** The body inside `aws-chunked`: `hex size[;signature]CRLF bytes CRLF …`, then trailing headers. */
function fromChunks(body: Buffer): { body: Buffer; trailers: Record<string, string> } {
  const pieces: Buffer[] = [];
  let at = 0;
  for (;;) {
    const end = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.subarray(at, end).toString().split(';')[0] ?? '', 16);
    if (end < 0 || Number.isNaN(size))
      throw new AwsError('IncompleteBody', 'The request body is not aws-chunked');
    at = end + 2;
    if (size === 0) break;
    pieces.push(body.subarray(at, at + size));
    at += size + 2;
  }
  const lines = body.subarray(at).toString().split('\r\n').filter(Boolean);
  const trailers = lines.map((line) => [
    line.slice(0, line.indexOf(':')).toLowerCase(),
    line.slice(line.indexOf(':') + 1).trim(),
  ]);
  return { body: Buffer.concat(pieces), trailers: Object.fromEntries(trailers) };
}

function checkSums(headers: Readonly<Record<string, string>>, body: Buffer): void {
  const crc = Buffer.alloc(4);
  crc.writeUInt32BE(crc32(body));
  const sums: [string, string][] = [
    ['x-amz-checksum-crc32', crc.toString('base64')],
    ['x-amz-checksum-sha256', createHash('sha256').update(body).digest('base64')],
    ['content-md5', createHash('md5').update(body).digest('base64')],
  ];
  for (const [name, actual] of sums) {
    const given = headers[name];
    if (given !== undefined && given !== actual) {
      throw new AwsError('BadDigest', `The ${name} you specified did not match the calculated checksum.`);
    }
  }
}

/** Headers that change what an operation does; the others are the transport's. */
const MEANINGFUL = /^(x-amz-|if-|range$)/;
const AMBIENT =
  /^x-amz-(date|content-sha256|security-token|user-agent|sdk-checksum-algorithm|trailer|decoded-content-length|checksum-(crc32|sha256|mode))$/;

function unknownHeaders(
  request: Request,
  members: ReturnType<typeof route>['members'],
): Record<string, string> {
  const places = Object.values(members).map(({ place }) => place);
  const known = (name: string) =>
    places.some(
      (place) =>
        (place?.in === 'header' && place.name === name) ||
        (place?.in === 'headers' && name.startsWith(place.prefix)),
    );
  const unknown = Object.entries(request.headers).filter(
    ([name]) => MEANINGFUL.test(name) && !AMBIENT.test(name) && !known(name),
  );
  return Object.fromEntries(unknown.map(([name, value]) => [`header ${name}`, value]));
}
