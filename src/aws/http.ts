import { readFileSync } from 'node:fs';
import type { Agent } from 'node:http';
import https from 'node:https';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { messageOf, RekbackError } from '../runtime/errors.ts';
import type { ProxyServer } from './proxy-agent.ts';

/** The SDK's own: https://docs.aws.amazon.com/sdk-for-javascript/v3/developer-guide/node-reusing-connections.html */
const POOL = { keepAlive: true, maxSockets: 50 };

/** What of this machine's network Node does not know by itself. */
interface Network {
  proxy?: ProxyServer;
  /** Certificates in PEM. */
  ca?: string;
}

/**
 * What sends the calls of SDK clients where `HTTPS_PROXY` or `AWS_CA_BUNDLE` is set; undefined where neither is, and
 * the SDK's own does. An endpoint of plain HTTP is some stand-in for AWS and reached directly.
 *
 * @throws RekbackError `bad-proxy`, `bad-ca-bundle`
 */
export function requestHandler(): NodeHttpHandler | undefined {
  const network = networkOf(process.env);
  if (network === undefined) return undefined;
  return new NodeHttpHandler(async () => ({ httpsAgent: await agentOf(network) }));
}

/**
 * What Node's `https.request`, or a library that takes an agent, needs for the same; undefined where its own does. Ask
 * once for many requests: an agent has their connections.
 *
 * @throws RekbackError `bad-proxy`, `bad-ca-bundle`
 */
export async function httpsAgent(): Promise<Agent | undefined> {
  const network = networkOf(process.env);
  return network && agentOf(network);
}

async function agentOf({ proxy, ca }: Network): Promise<https.Agent> {
  const settings = { ...POOL, ...(ca !== undefined && { ca }) };
  if (proxy === undefined) return new https.Agent(settings);
  const { ProxyAgent } = await import('./proxy-agent.ts');
  return new ProxyAgent(proxy, settings);
}

function networkOf(env: NodeJS.ProcessEnv): Network | undefined {
  const proxy = proxyOf(env);
  // In place of all other certificates, as in the AWS CLI. NODE_EXTRA_CA_CERTS, which adds some, is Node's own matter.
  const ca = env.AWS_CA_BUNDLE && certificatesIn(env.AWS_CA_BUNDLE);
  if (proxy === undefined && !ca) return undefined;
  return { ...(proxy !== undefined && { proxy }), ...(ca && { ca }) };
}

/** As curl and the AWS CLI read it: the lower-case name wins, and without a scheme it is `http`. */
function proxyOf(env: NodeJS.ProcessEnv): ProxyServer | undefined {
  const name = env.https_proxy ? 'https_proxy' : 'HTTPS_PROXY';
  const value = env[name]?.trim();
  if (!value) return undefined;
  try {
    const url = new URL(value.includes('://') ? value : `http://${value}`);
    if (!/^https?:$/.test(url.protocol))
      throw badProxy(`${name} names a proxy of the kind ${url.protocol}//`);
    const login = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
    return { url: new URL(`${url.protocol}//${url.host}`), ...(login !== ':' && { login }) };
  } catch (error) {
    if (error instanceof RekbackError) throw error;
    // Neither the value nor the cause, which repeats it: a password may be anywhere in it.
    throw badProxy(`${name} is not the address of a proxy`);
  }
}

const badProxy = (message: string) =>
  new RekbackError('bad-proxy', message, {
    suggestions: [
      'set it like this: HTTPS_PROXY=http://proxy.example.com:3128, or http://NAME:PASSWORD@… with special characters percent-encoded',
      'or unset it, if AWS can be reached without a proxy',
    ],
  });

function certificatesIn(path: string): string {
  const bad = (why: string, cause?: unknown) =>
    new RekbackError('bad-ca-bundle', `AWS_CA_BUNDLE names '${path}': ${why}`, {
      cause,
      suggestions: ['name a file of certificates in PEM (-----BEGIN CERTIFICATE-----), or unset it'],
    });
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw bad(messageOf(error), error);
  }
  if (!/-----BEGIN (TRUSTED )?CERTIFICATE-----/.test(text)) throw bad('there is no certificate in it');
  return text;
}
