import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import http, { type Agent, type OutgoingHttpHeaders } from 'node:http';
import https from 'node:https';
import { text } from 'node:stream/consumers';
import { SignatureV4 } from '@smithy/signature-v4';
import type { AwsCredentialIdentityProvider, SourceData } from '@smithy/types';
import { messageOf, RekbackError } from '../runtime/errors.ts';
import { httpsAgent } from './http.ts';

/** What a server is spoken to with that takes AWS's signatures but has no SDK client: a domain of OpenSearch Service. */
export interface SignedFetchOptions {
  region: string;
  /** The name in the signature: `es` for domains of OpenSearch Service. */
  service: string;
  /** Asked for every request: keep what it gives for as long as it is valid. */
  credentials: AwsCredentialIdentityProvider;
  /** Aborted: a request ends with its reason. */
  signal?: AbortSignal | undefined;
}

export interface SignedRequest {
  method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  headers?: Readonly<Record<string, string>>;
  /** Whole: a signature covers all of the body. */
  body?: string | Uint8Array<ArrayBuffer>;
  /** Milliseconds until the answer's last byte; 30,000 where nothing is said. */
  timeout?: number;
}

/** An answer of any status, read to its end. */
export interface SignedResponse {
  status: number;
  body: string;
}

export type SignedFetch = (url: URL, request?: SignedRequest) => Promise<SignedResponse>;

const TIMEOUT = 30_000;

/**
 * Requests with AWS's signature (version 4). Nothing is tried again: only the caller knows what may be.
 *
 * @throws RekbackError `unreachable` when there is no answer, or not in time; the signal's reason
 */
export function signedFetch({ region, service, credentials, signal }: SignedFetchOptions): SignedFetch {
  const signer = new SignatureV4({ region, service, credentials, sha256: Sha256 });
  let agent: Promise<Agent | undefined> | undefined;
  return async (url, { method = 'GET', headers = {}, body, timeout = TIMEOUT } = {}) => {
    const query = queryOf(url);
    const signed = await signer.sign({
      method,
      protocol: url.protocol,
      hostname: url.hostname,
      path: url.pathname,
      query,
      headers: { ...headers, host: url.host },
      ...(body !== undefined && { body }),
    });
    const inTime = AbortSignal.timeout(timeout);
    try {
      agent ??= httpsAgent();
      return await send(withQuery(url, query), {
        method,
        headers: signed.headers,
        body,
        agent: url.protocol === 'https:' ? await agent : undefined,
        signal: signal === undefined ? inTime : AbortSignal.any([signal, inTime]),
      });
    } catch (error) {
      signal?.throwIfAborted();
      const why = inTime.aborted ? `no answer within ${timeout / 1000} s` : messageOf(error);
      throw new RekbackError('unreachable', `can't reach ${url.host}: ${why}`, { cause: error });
    }
  };
}

function queryOf(url: URL): Record<string, string[]> {
  const query: Record<string, string[]> = {};
  for (const key of new Set(url.searchParams.keys())) query[key] = url.searchParams.getAll(key);
  return query;
}

/** Percent-encoded throughout: a space sent as `+` would not be what was signed. */
function withQuery(url: URL, query: Readonly<Record<string, readonly string[]>>): URL {
  const sent = new URL(url);
  sent.search = Object.entries(query)
    .flatMap(([key, values]) =>
      values.map((value) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`),
    )
    .join('&');
  return sent;
}

interface Sent {
  method: string;
  headers: OutgoingHttpHeaders;
  body: string | Uint8Array | undefined;
  agent: Agent | undefined;
  signal: AbortSignal;
}

/** By Node's own client: the global `fetch` knows no proxy before Node 24. */
function send(url: URL, { body, agent, ...options }: Sent): Promise<SignedResponse> {
  const { request } = url.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    const sent = request(url, { ...options, ...(agent && { agent }) }, (response) => {
      const { statusCode: status = 0, headers } = response;
      // A signature is for one address.
      if (status >= 300 && status < 400 && headers.location !== undefined) {
        sent.destroy();
        reject(new Error(`it answers ${status} and leads elsewhere: ${headers.location}`));
        return;
      }
      text(response).then((body) => resolve({ status, body }), reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

/** SHA-256, or its HMAC with a key, in the form that the signer wants. */
class Sha256 {
  readonly #hash: Hash | Hmac;

  constructor(key?: SourceData) {
    this.#hash = key === undefined ? createHash('sha256') : createHmac('sha256', bytes(key));
  }

  update(data: SourceData): void {
    this.#hash.update(bytes(data));
  }

  async digest(): Promise<Uint8Array> {
    return this.#hash.digest();
  }
}

function bytes(data: SourceData): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data);
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}
