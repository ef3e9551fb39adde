import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { handle, type Outcome } from './handle.ts';
import type { Request } from './protocols/wire.ts';
import type { World } from './world.ts';

export interface Listening {
  url: string;
  close(): Promise<void>;
}

/** One loopback port for all services, Regions and accounts. */
export async function listen(world: World): Promise<Listening> {
  const server = createServer((incoming, response) => {
    void read(incoming)
      .then((request) => handle(world, request))
      .then((outcome) => send(incoming, response, outcome))
      .catch(() => response.destroy());
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close() {
      server.closeAllConnections();
      return new Promise((resolve, reject) => server.close((error) => (error ? reject(error) : resolve())));
    },
  };
}

async function read(incoming: IncomingMessage): Promise<Request> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const [path = '/', query = ''] = splitOnce(incoming.url ?? '/', '?');
  const headers = Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]);
  return {
    method: incoming.method ?? 'GET',
    path,
    query: new URLSearchParams(query),
    headers: Object.fromEntries(headers),
    body: Buffer.concat(chunks),
  };
}

function splitOnce(text: string, at: string): [string, string] {
  const index = text.indexOf(at);
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)];
}

function send(incoming: IncomingMessage, response: ServerResponse, outcome: Outcome): void {
  if (outcome === 'drop') {
    incoming.socket.destroy();
    return;
  }
  const { status, headers, body, cut } = outcome;
  const bare = incoming.method === 'HEAD' || status === 204 || status === 304;
  // HEAD of an object says its length in the handler's own header.
  const length = headers['content-length'] ?? String(body.length);
  response.writeHead(status, {
    ...headers,
    ...(status !== 204 && status !== 304 && { 'content-length': length }),
  });
  if (cut && !bare && cut.cut < body.length) {
    response.write(body.subarray(0, cut.cut), () => cut.hang || incoming.socket.destroy());
    return;
  }
  response.end(bare ? undefined : body);
}
