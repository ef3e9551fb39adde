import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { World } from '../../aws/kernel/world.ts';

/** A request that came by, and what became of it. */
export interface Passed {
  /** ARN of the role of IAM that signed; undefined for who says a password. */
  role: string | undefined;
  method: string;
  path: string;
  status: number;
}

export interface Front {
  url: string;
  passed: Passed[];
  stop(): void;
}

/**
 * What AWS has before a domain: reads who signed, asks IAM whether that role may send such a request, and tells the node its ARN
 * as a backend role. Signatures themselves are not checked. Requests without one pass as they are.
 *
 * @param domain - its ARN
 */
export async function startFront(node: string, world: World, domain: string): Promise<Front> {
  const passed: Passed[] = [];
  const server = createServer((incoming, response) => {
    const { method = '', url: path = '', headers } = incoming;
    const { authorization = '', ...rest } = headers;
    const [, key] = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/\d{8}\/eu-west-1\/es\//.exec(authorization) ?? [];
    const token = headers['x-amz-security-token'];
    const caller =
      key === undefined ? undefined : world.principals.find(key, token?.toString(), world.clock.date());
    const note = (status: number) => passed.push({ role: caller?.role, method, path, status });
    if (caller !== undefined) {
      const action = `es:ESHttp${method.charAt(0)}${method.slice(1).toLowerCase()}`;
      const permitted = world.permits(caller, action, `${domain}${path.split('?')[0]}`);
      if (permitted !== true) {
        note(403);
        response.writeHead(403, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ Message: permitted }));
        return;
      }
    }
    const who =
      caller === undefined
        ? { authorization }
        : { 'x-forwarded-for': '10.0.0.1', 'x-proxy-user': caller.arn, 'x-proxy-roles': caller.role ?? '' };
    const outgoing = request(new URL(path, node), { method, headers: { ...rest, ...who } }, (answer) => {
      note(answer.statusCode ?? 0);
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    outgoing.on('error', () => response.destroy());
    incoming.pipe(outgoing);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    passed,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}
