import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Answer, type Correction, type Next, type Request, readScope } from './exchange.ts';

/** Headers that belong to one connection, or that follow from the body. */
const NOT_PASSED_ON = new Set(['content-length', 'transfer-encoding', 'connection', 'keep-alive']);

/** A loopback proxy in front of moto. */
export interface Proxy {
  /** `http://127.0.0.1:PORT`. */
  url: string;
  /** Corrections that keep something start anew. */
  reset(): void;
  stop(): Promise<void>;
}

/** Starts a proxy on a free port; `corrections` makes what stands between the client and moto, first one outermost. */
export async function startProxy(motoPort: number, corrections: () => Correction[]): Promise<Proxy> {
  let chain = chainOf(corrections(), motoPort);
  const server = createServer((incoming, response) => {
    answerTo(incoming, (request) => chain(request)).then(
      (answer) => respond(response, answer),
      (error: unknown) => respond(response, brokenProxy(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    reset: () => {
      chain = chainOf(corrections(), motoPort);
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function chainOf(corrections: readonly Correction[], port: number): Next {
  const moto: Next = (request) => forward(request, port);
  return corrections.reduceRight<Next>((next, correct) => (request) => correct(request, next), moto);
}

async function answerTo(incoming: IncomingMessage, next: Next): Promise<Answer> {
  const bytes = await read(incoming);
  return await next({
    method: incoming.method ?? 'GET',
    url: new URL(incoming.url ?? '/', 'http://proxy.invalid'),
    headers: incoming.headers,
    body: bytes.toString('utf8'),
    bytes,
    ...readScope(incoming.headers),
  });
}

/** Host stays the client's: moto takes S3's bucket and the queues' addresses from it. */
async function forward(request: Request, port: number): Promise<Answer> {
  const headers = Object.fromEntries(
    Object.entries(request.headers).filter(
      ([name, value]) => value !== undefined && !NOT_PASSED_ON.has(name),
    ),
  );
  const path = request.url.pathname + request.url.search;
  return await new Promise((resolve, reject) => {
    const outgoing = send(
      {
        host: '127.0.0.1',
        port,
        method: request.method,
        path,
        headers: { ...headers, 'content-length': request.bytes.length },
      },
      (response) => {
        read(response).then(
          (body) => resolve({ status: response.statusCode ?? 500, headers: response.headers, body }),
          reject,
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end(request.bytes);
  });
}

function respond(response: ServerResponse, answer: Answer): void {
  for (const [name, value] of Object.entries(answer.headers)) {
    if (value !== undefined && !NOT_PASSED_ON.has(name)) response.setHeader(name, value);
  }
  // The length that HEAD tells is the object's, not that of the answer.
  const length = answer.headers['content-length'] ?? answer.body.length;
  const isHead = response.req.method === 'HEAD';
  if (answer.status !== 204) response.setHeader('content-length', isHead ? length : answer.body.length);
  response.writeHead(answer.status);
  response.end(isHead ? undefined : answer.body);
}

function brokenProxy(error: unknown): Answer {
  const text = `the correcting proxy failed: ${error instanceof Error ? error.stack : String(error)}`;
  return { status: 501, headers: { 'content-type': 'text/plain' }, body: Buffer.from(text) };
}

async function read(stream: NodeJS.ReadableStream): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}
