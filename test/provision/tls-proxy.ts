import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Server as NetServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { promisify } from 'node:util';

/** A name that no name server knows. */
export const HOST = 'aws.rekback.invalid';

/** A certificate of nobody's for this machine and `HOST`. Names of files in PEM. */
export async function makeCertificate(folder: string, name: string): Promise<{ cert: string; key: string }> {
  const [cert, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
  const names = `subjectAltName=DNS:${HOST},DNS:localhost,IP:127.0.0.1`;
  const made = ['-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-days', '2'];
  await promisify(execFile)('openssl', ['req', '-x509', ...made, '-subj', `/CN=${name}`, '-addext', names]);
  return { cert, key };
}

export interface Started {
  port: number;
  stop(): void;
}

/** TLS in front of a server that speaks plain HTTP on a port of this machine. */
export async function startTls(files: { cert: string; key: string }, port: number): Promise<Started> {
  const [cert, key] = await Promise.all([readFile(files.cert), readFile(files.key)]);
  const server = createTlsServer({ cert, key }, (socket) => joinEnds(socket, connect(port, '127.0.0.1')));
  return listen(server);
}

/** What came to the proxy. */
export interface ProxyRequest {
  target: string;
  /** The name and password, as sent. */
  login: string | undefined;
}

export interface TestProxy extends Started {
  requests: ProxyRequest[];
  /** The `NAME:PASSWORD` that it wants. */
  login: string | undefined;
  /** Status and reason of its answer to everything. */
  refusal: string | undefined;
}

/** An HTTP proxy for CONNECT alone. It knows no host but `HOST`, which is this machine; and this machine. */
export async function startProxy(): Promise<TestProxy> {
  const server: Server = createServer((_, response) => response.writeHead(405).end());
  const started = await listen(server);
  const proxy: TestProxy = { ...started, requests: [], login: undefined, refusal: undefined };
  server.on('connect', ({ url = '', headers }, socket: Socket, head: Buffer) => {
    const given = headers['proxy-authorization']?.replace(/^Basic /, '');
    const login = given === undefined ? undefined : Buffer.from(given, 'base64').toString();
    proxy.requests.push({ target: url, login });
    const [host = '', port = ''] = url.split(':');
    const refusal =
      proxy.login !== undefined && login !== proxy.login
        ? '407 Proxy Authentication Required'
        : (proxy.refusal ?? (host === HOST || host === 'localhost' ? undefined : '403 Not Allowed'));
    if (refusal !== undefined) {
      socket.end(`HTTP/1.1 ${refusal}\r\nContent-Type: text/html\r\n\r\n<h1>proxy's own page</h1>`);
      return;
    }
    const target = connect(Number(port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      target.write(head);
      joinEnds(socket, target);
    });
  });
  return proxy;
}

/** A port of this machine where nobody listens. */
export async function freePort(): Promise<number> {
  const { port, stop } = await listen(createServer());
  stop();
  return port;
}

function joinEnds(one: Socket, other: Socket): void {
  one.pipe(other).pipe(one);
  for (const [each, its] of [
    [one, other],
    [other, one],
  ] as const) {
    each.on('error', () => its.destroy());
    each.on('close', () => its.destroy());
  }
}

async function listen(server: NetServer): Promise<Started> {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    stop() {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}
