import { createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * What goes wrong with one request. A status: it is answered so and never arrives. `refuse`: the connection ends before it
 * arrives; `lose`: it is carried out and the connection ends without an answer; `hang`: carried out, and the connection stays
 * silent; `cut`, `stall`: carried out, and the answer ends
 * in its middle, or stops there; `garble`: carried out, and answered by a page of HTML.
 * `partly`: of a bulk request's items every second one arrives, the others are turned away one by one (429 and 503).
 */
export type Fault = number | 'refuse' | 'lose' | 'hang' | 'cut' | 'stall' | 'garble' | 'partly';

export interface FaultyProxy {
  url: string;
  /** Requests so far, `METHOD /path`. */
  seen: string[];
  /** What the next requests meet, in their order; undefined: nothing. */
  faults: (Fault | undefined)[];
  /** What all others meet. */
  always: Fault | undefined;
  stop(): Promise<void>;
}

/** Stands between a client and OpenSearch, and brings about what networks and servers under load do. */
export async function startFaultyProxy(endpoint: string): Promise<FaultyProxy> {
  const proxy: FaultyProxy = {
    url: '',
    seen: [],
    faults: [],
    always: undefined,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  const server = createServer(async (incoming, response) => {
    const path = (incoming.url ?? '').split('?', 1)[0] ?? '';
    proxy.seen.push(`${incoming.method} ${path}`);
    const fault = proxy.faults.length > 0 ? proxy.faults.shift() : proxy.always;
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk);
    await answer(fault, endpoint, incoming, Buffer.concat(chunks), response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return proxy;
}

async function answer(
  fault: Fault | undefined,
  endpoint: string,
  incoming: IncomingMessage,
  body: Buffer,
  response: ServerResponse,
): Promise<void> {
  const json = { 'content-type': 'application/json' };
  if (typeof fault === 'number') {
    const error = {
      type: fault === 429 ? 'rejected_execution_exception' : 'some_exception',
      reason: 'on purpose',
    };
    response.writeHead(fault, json).end(JSON.stringify({ error, status: fault }));
    return;
  }
  if (fault === 'refuse') return void response.socket?.resetAndDestroy();
  if (fault === 'partly' && incoming.url?.includes('/_bulk')) {
    const items = pairs(body.toString());
    const arrives = items.filter((_, at) => at % 2 === 0);
    const { items: done = [] } = JSON.parse(
      (await forward(endpoint, incoming, Buffer.from(arrives.join('')))).body,
    );
    const all = items.map((item, at) => {
      if (at % 2 === 0) return done[at / 2];
      const [[action = 'index', { _id }] = ['', {}]] = Object.entries<{ _id?: string }>(
        JSON.parse(item.split('\n', 1)[0] ?? ''),
      );
      const status = at % 4 === 1 ? 429 : 503;
      return {
        [action]: { _id, status, error: { type: 'rejected_execution_exception', reason: 'on purpose' } },
      };
    });
    response.writeHead(200, json).end(JSON.stringify({ items: all }));
    return;
  }
  const { status, body: text } = await forward(endpoint, incoming, body);
  if (fault === 'lose') response.socket?.resetAndDestroy();
  else if (fault === 'garble') response.writeHead(200, { 'content-type': 'text/html' }).end('<html></html>');
  else if (fault === 'cut' || fault === 'stall') {
    response.writeHead(status, { ...json, 'content-length': Buffer.byteLength(text) });
    response.write(text.slice(0, text.length >> 1), () => {
      if (fault === 'cut') setTimeout(() => response.socket?.resetAndDestroy(), 5);
    });
  } else if (fault !== 'hang') response.writeHead(status, json).end(text);
}

/** The action and the document of each item. */
const pairs = (lines: string): string[] => lines.match(/[^\n]*\n[^\n]*\n/g) ?? [];

function forward(
  endpoint: string,
  { method, url, headers: { 'content-type': type } }: IncomingMessage,
  body: Buffer,
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': type ?? 'application/json', 'content-length': body.length };
    const outgoing = send(new URL(url ?? '/', endpoint), { method, headers }, async (incoming) => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk);
      resolve({ status: incoming.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}
