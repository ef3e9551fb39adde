import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { World } from '../kernel/world.ts';
import { indexEndpoint } from './endpoint.ts';

/**
 * One address for a whole domain until the next reset: the double answers the security API, the index at `url` (an OpenSearch
 * without the security plugin, or a stand-in) everything else. Every domain answers that address as its endpoint; it is returned.
 */
export async function frontIndex(world: World, url: string): Promise<string> {
  const server = createServer((incoming, response) => {
    const isSecurity = incoming.url?.startsWith('/_plugins/_security/');
    forward(incoming, response, isSecurity ? world.url : url);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  world.onReset(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const front = `http://127.0.0.1:${port}`;
  indexEndpoint(world, front);
  return front;
}

function forward(incoming: IncomingMessage, response: ServerResponse, base: string): void {
  const { method, headers } = incoming;
  const outgoing = request(new URL(incoming.url ?? '/', base), { method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  outgoing.on('error', () => response.destroy());
  incoming.pipe(outgoing);
}
