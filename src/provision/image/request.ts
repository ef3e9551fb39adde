import http, { type Agent, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import https from 'node:https';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export interface HttpRequest {
  method: 'GET' | 'HEAD' | 'POST' | 'PUT';
  headers?: OutgoingHttpHeaders;
  /** A stream is sent as it comes; `headers` have its length. */
  body?: Readable | Uint8Array | undefined;
  signal?: AbortSignal | undefined;
}

/** Milliseconds without a byte in either direction after which a server counts as gone. */
const SILENCE = 60_000;

/** From a registry to where its bytes are; one step is usual. */
const MOST_REDIRECTS = 5;

/**
 * By Node's own client: the global `fetch` knows no proxy before Node 24. Where a GET is sent elsewhere, that is followed;
 * the authorization is for one host and not sent to another.
 *
 * @param agent - for HTTPS
 * @returns the answer, its body not read yet
 */
export async function send(
  url: URL,
  request: HttpRequest,
  agent: Agent | undefined,
): Promise<IncomingMessage> {
  let from = url;
  let headers = request.headers ?? {};
  for (let redirects = 0; ; redirects++) {
    const answer = await sendOnce(from, { ...request, headers }, agent);
    const { statusCode = 0, headers: given } = answer;
    const leads = statusCode >= 300 && statusCode <= 399 && given.location !== undefined;
    if (request.method !== 'GET' || !leads) return answer;
    answer.resume();
    if (redirects === MOST_REDIRECTS) throw new Error(`${url.host} sends from one address to the next`);
    const to = new URL(given.location ?? '', from);
    if (to.host !== from.host) {
      const { authorization, ...others } = headers;
      headers = others;
    }
    from = to;
  }
}

function sendOnce(
  url: URL,
  { method, headers, body, signal }: HttpRequest,
  agent: Agent | undefined,
): Promise<IncomingMessage> {
  const isTls = url.protocol === 'https:';
  return new Promise((resolve, reject) => {
    const sent = (isTls ? https : http).request(url, {
      method,
      headers: headers ?? {},
      ...(isTls && agent && { agent }),
      ...(signal && { signal }),
    });
    sent.setTimeout(SILENCE, () => {
      const silent = new Error(`${url.host} was silent for ${SILENCE / 1000} s`);
      sent.destroy(Object.assign(silent, { code: 'ETIMEDOUT' }));
    });
    sent.on('response', resolve);
    sent.on('error', reject);
    if (body === undefined || body instanceof Uint8Array) sent.end(body);
    // A server that refuses answers before it has read everything: then its answer counts.
    else pipeline(body, sent).catch(reject);
  });
}
