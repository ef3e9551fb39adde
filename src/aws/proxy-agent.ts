import type { ClientRequest } from 'node:http';
import { isIPv6 } from 'node:net';
import { connect } from 'node:tls';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { getProxyForUrl } from 'proxy-from-env';
import { messageOf, SystemicError } from '../runtime/errors.ts';

/** The proxy of HTTPS requests, and who asks it. */
export interface ProxyServer {
  /** Without name and password: it is shown, and logged by what it is given to. */
  url: URL;
  /** `NAME:PASSWORD` as the proxy is to get them. */
  login?: string;
}

interface AgentSettings {
  keepAlive: boolean;
  maxSockets: number;
  /** Certificates in PEM, in place of those that Node trusts. */
  ca?: string;
}

type Connect = HttpsProxyAgent<string>['connect'];

/** What a proxy answered to CONNECT. */
interface ProxyAnswer {
  statusCode: number;
  statusText: string;
}

/** The connections of HTTPS requests: through the proxy, and directly to hosts that `NO_PROXY` names. */
export class ProxyAgent extends HttpsProxyAgent<string> {
  readonly #proxy: ProxyServer;
  readonly #ca: string | undefined;

  constructor(proxy: ProxyServer, { ca, ...settings }: AgentSettings) {
    const authorization = proxy.login && `Basic ${Buffer.from(proxy.login).toString('base64')}`;
    super(proxy.url, {
      ...settings,
      // As Node's own agents have it: small requests would wait for acknowledgements.
      noDelay: true,
      ...(authorization && { headers: { 'Proxy-Authorization': authorization } }),
      // For a proxy that is itself spoken to by TLS.
      ...(ca !== undefined && { ca }),
    });
    this.#proxy = proxy;
    this.#ca = ca;
  }

  /** Guessed from the call stack otherwise, which has another answer when a connection becomes free for reuse. */
  override isSecureEndpoint(): boolean {
    return true;
  }

  /**
   * @throws SystemicError `proxy-refused`; for a proxy that can't be reached, or can't reach the host, an error with
   * Node's code for that, which callers try again
   */
  override async connect(...[request, options]: Parameters<Connect>): ReturnType<Connect> {
    const trusted = { ...options, ...(this.#ca !== undefined && { ca: this.#ca }) };
    const host = `${isIPv6(options.host ?? '') ? `[${options.host}]` : options.host}:${options.port}`;
    if (getProxyForUrl(`https://${host}`) === '') {
      const direct = { ...trusted, noDelay: true };
      return connect(direct);
    }
    const answer = answerTo(request);
    const socket = await super.connect(request, trusted).catch((cause: unknown) => {
      throw unreachable(`can't reach the proxy ${this.#proxy.url.origin}: ${messageOf(cause)}`, cause);
    });
    // The base class would hand the proxy's refusal on as if the host had answered.
    const refusal = refusalOf(answer(), this.#proxy, host);
    if (refusal === undefined) return socket;
    socket.destroy();
    throw refusal;
  }
}

function answerTo(request: ClientRequest): () => ProxyAnswer | undefined {
  let answer: ProxyAnswer | undefined;
  request.once('proxyConnect', (given: ProxyAnswer) => {
    answer = given;
  });
  return () => answer;
}

function refusalOf(answer: ProxyAnswer | undefined, proxy: ProxyServer, host: string): Error | undefined {
  if (answer === undefined || answer.statusCode === 200) return undefined;
  const { origin } = proxy.url;
  const said = `${answer.statusCode} ${answer.statusText}`.trim();
  if (answer.statusCode >= 500) return unreachable(`the proxy ${origin} can't reach ${host}: ${said}`);
  if (answer.statusCode === 407) {
    const what = proxy.login === undefined ? 'wants a name and password' : 'refuses the name and password';
    return new SystemicError('proxy-refused', `the proxy ${origin} ${what} (${said})`, {
      suggestions: [
        'put them into HTTPS_PROXY: http://NAME:PASSWORD@HOST:PORT (special characters percent-encoded)',
      ],
    });
  }
  return new SystemicError('proxy-refused', `the proxy ${origin} refuses connections to ${host}: ${said}`, {
    suggestions: [
      'ask whoever runs the proxy to allow *.amazonaws.com',
      'or name hosts that are reached without it in NO_PROXY',
    ],
  });
}

/** A failure of the network like any other, as its code says. */
function unreachable(message: string, cause?: unknown): Error {
  const code = cause instanceof Error && 'code' in cause ? cause.code : 'EHOSTUNREACH';
  return Object.assign(new Error(message, { cause }), { code });
}
