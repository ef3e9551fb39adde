import type { AwsCredentialIdentityProvider } from '@smithy/types';
import { type SignedResponse, signedFetch } from '../../aws/signed-fetch.ts';
import { messageOf, RekbackError } from '../../runtime/errors.ts';

/** `roles/NAME`: what a role may do; `rolesmapping/NAME`: who has it. */
export type SecurityPath = `${'roles' | 'rolesmapping'}/${string}`;

/**
 * The part of OpenSearch's security API that setup needs: https://docs.opensearch.org/latest/security/access-control/api/
 * Every call throws RekbackError: `index-not-ready` for what passes by itself, `index-denied`, `index-refused`.
 */
export interface SecurityApi {
  /** @returns undefined for what is not there */
  get(path: SecurityPath): Promise<unknown>;
  /** Makes it, or replaces it as a whole. */
  put(path: SecurityPath, value: object): Promise<void>;
  /** What is not there is no error. */
  remove(path: SecurityPath): Promise<void>;
}

interface SecurityApiOptions {
  /** `https://…` of the domain. */
  endpoint: string;
  region: string;
  /** Of the domain's administrator. */
  credentials: AwsCredentialIdentityProvider;
  signal?: AbortSignal | undefined;
}

export function securityApi({ endpoint, ...options }: SecurityApiOptions): SecurityApi {
  const request = signedFetch({ ...options, service: 'es' });

  const ask = async (
    method: 'GET' | 'PUT' | 'DELETE',
    path: SecurityPath,
    value?: object,
  ): Promise<string | undefined> => {
    const url = new URL(`/_plugins/_security/api/${path}`, endpoint);
    const call = `${method} ${url.host}${url.pathname}`;
    const answer = await request(url, {
      method,
      ...(value !== undefined && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(value),
      }),
    }).catch((error: unknown) => {
      // The name of a new domain is not known everywhere at once.
      if (error instanceof RekbackError) throw notReady(messageOf(error), error);
      throw error;
    });
    if (answer.status === 404) return undefined;
    if (answer.status >= 300) throw failure(call, answer);
    return answer.body;
  };

  return {
    async get(path) {
      const body = await ask('GET', path);
      const name = path.slice(path.indexOf('/') + 1);
      if (body === undefined) return undefined;
      try {
        return JSON.parse(body)[name];
      } catch {
        throw refused(`GET ${path}`, 200, body);
      }
    },
    async put(path, value) {
      const body = await ask('PUT', path, value);
      if (body === undefined) throw refused(`PUT ${path}`, 404, 'not found');
    },
    async remove(path) {
      await ask('DELETE', path);
    },
  };
}

function failure(call: string, { status, body }: SignedResponse): RekbackError {
  // The plugin starts after the domain has its address: "OpenSearch Security not initialized." 409: somebody else's change came
  // first, which may have been of another role.
  if (status === 409 || status === 429 || status >= 502 || /not (yet )?initiali[sz]ed/i.test(body)) {
    return notReady(`${call} answered ${status}: ${shortened(body)}`);
  }
  if (status === 401 || status === 403) {
    return new RekbackError('index-denied', `${call} answered ${status}: ${shortened(body)}`, {
      suggestions: ["make the stack's admin role the domain's master user again, then run the same command"],
    });
  }
  return refused(call, status, body);
}

const notReady = (message: string, cause?: unknown): RekbackError =>
  new RekbackError('index-not-ready', message, {
    cause,
    suggestions: ['run the same command again in some minutes: it goes on where this one ended'],
  });

const refused = (call: string, status: number, body: string): RekbackError =>
  new RekbackError('index-refused', `${call} answered ${status}: ${shortened(body)}`);

/** What comes from the outside may be a whole page of HTML. */
const shortened = (body: string): string => (body.length > 300 ? `${body.slice(0, 300)}…` : body);
