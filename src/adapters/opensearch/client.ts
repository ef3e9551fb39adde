import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@opensearch-project/opensearch';
import { AwsSigv4Signer } from '@opensearch-project/opensearch/aws-v3';
import type { AwsCredentialIdentityProvider } from '@smithy/types';
import { httpsAgent } from '../../aws/http.ts';
import { RekbackError } from '../../runtime/errors.ts';
import { explain, Failure, requestFailure } from './errors.ts';

/** How the server knows who asks. `none` is for a server on this machine. */
export type SignIn =
  | { kind: 'aws'; region: string; credentials: AwsCredentialIdentityProvider }
  | { kind: 'password'; user: string; password: string }
  | { kind: 'none' };

/** Where a stack's index is, and how to speak to it. */
export interface IndexOptions {
  /** `https://…`, without a password. */
  endpoint: string;
  signIn: SignIn;
  stack: string;
  bucket: string;
  /** Milliseconds until an answer's last byte. */
  timeout?: number;
  /** Waits between attempts; milliseconds. */
  pause?: (milliseconds: number) => Promise<unknown>;
}

interface Call {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  path: string;
  query?: Readonly<Record<string, string | number | boolean>>;
  body?: object;
  /** Instead of `body`: lines of JSON, each with its end. */
  lines?: string;
}

export interface IndexClient {
  readonly host: string;
  /** Sends once. @throws Failure */
  send(call: Call): Promise<unknown>;
  /**
   * Sends again what may pass by itself: for what may be carried out twice.
   * @throws SystemicError, RetryableError: see `explain`
   */
  ask(call: Call): Promise<unknown>;
  /** Waits before attempt number `attempt` (from 1) of a call. */
  backOff(attempt: number): Promise<unknown>;
  close(): Promise<void>;
}

/** A bulk request of 5 MB on a small node that is busy takes seconds; a minute means that something is wrong. */
const TIMEOUT = 60_000;

/** Attempts at a call that may pass. A run waits about half a minute; a person, who can ask again, about a second. */
export const ATTEMPTS = { reading: 4, writing: 10 };

const FIRST_PAUSE = 100;
const LONGEST_PAUSE = 10_000;

/**
 * Nothing is sent by that. A proxy or CA bundle of this machine that is no good is known with the first request.
 *
 * @param purpose - how patient it is to be
 */
export function openClient(options: IndexOptions, purpose: keyof typeof ATTEMPTS): IndexClient {
  const { signIn, timeout = TIMEOUT, pause = sleep } = options;
  const url = new URL(options.endpoint);
  if (signIn.kind === 'none' && !isLoopback(url.hostname)) throw unsigned(url.host);
  let opened: Promise<Client> | undefined;

  const send = async ({ method, path, query, body, lines }: Call): Promise<unknown> => {
    opened ??= connect(url, signIn);
    const { transport } = await opened;
    const request = transport.request(
      {
        method,
        path,
        ...(query !== undefined && { querystring: { ...query } }),
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(lines !== undefined && { bulkBody: lines }),
      },
      { requestTimeout: timeout },
    );
    // The client's own limit ends with the first byte of the answer.
    const late = setTimeout(() => request.abort(), timeout);
    try {
      const { body: answer } = await request;
      if (typeof answer !== 'object' || answer === null) throw new Failure('lost', 'the answer is no JSON');
      return answer;
    } catch (error) {
      throw ownFailure(error) ?? requestFailure(error) ?? error;
    } finally {
      clearTimeout(late);
    }
  };
  // Full jitter: those that failed together must not return together.
  const backOff = (attempt: number) =>
    pause(Math.random() * Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** attempt));

  return {
    host: url.host,
    send,
    backOff,
    async ask(call) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await send(call);
        } catch (error) {
          const mayPass = error instanceof Failure && error.kind !== 'refused';
          if (!mayPass || attempt >= ATTEMPTS[purpose]) throw explain(error, url.host);
        }
        await backOff(attempt);
      }
    },
    close: async () => (await opened?.catch(() => undefined))?.close(),
  };
}

const isLoopback = (host: string): boolean => /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(host);

async function connect(url: URL, signIn: SignIn): Promise<Client> {
  // As with AWS: a server of plain HTTP is reached directly.
  const agent = url.protocol === 'https:' ? await httpsAgent() : undefined;
  return new Client({
    node: url.href,
    // One address: there is nothing to choose between, and what is sent again is decided here.
    maxRetries: 0,
    resurrectStrategy: 'none',
    // Answers are only read by names that this code knows.
    disablePrototypePoisoningProtection: true,
    ...(agent !== undefined && { agent: () => agent }),
    ...connectionOf(signIn),
  });
}

/** What our own agent threw, such as a proxy's refusal. */
const ownFailure = (error: unknown): RekbackError | undefined =>
  error instanceof Error && error.cause instanceof RekbackError ? error.cause : undefined;

/** How the environment says that a server wants a password: REKBACK_INDEX_USER and REKBACK_INDEX_PASSWORD. */
export function passwordFrom(environment: Readonly<Record<string, string | undefined>>): SignIn | undefined {
  const { REKBACK_INDEX_USER: user, REKBACK_INDEX_PASSWORD: password } = environment;
  return user && password ? { kind: 'password', user, password } : undefined;
}

function connectionOf(signIn: SignIn) {
  switch (signIn.kind) {
    case 'none':
      return { Connection: quiet(Connection) };
    case 'password':
      return {
        Connection: quiet(Connection),
        auth: { username: signIn.user, password: signIn.password },
      };
    case 'aws': {
      const { region, credentials } = signIn;
      const signer = AwsSigv4Signer({ region, service: 'es', getCredentials: async () => credentials() });
      return { Connection: quiet(signer.Connection), Transport: signer.Transport };
    }
  }
}

/**
 * opensearch-js 3.9 prints an error that comes after the head of an answer on standard output, where nothing but results may
 * be. The transport learns of it through the answer anyway. Before the answer, errors get their cause.
 */
function quiet(Base: typeof Connection): typeof Connection {
  return class extends Base {
    override request(...args: Parameters<Connection['request']>): ReturnType<Connection['request']> {
      const [params, callback] = args;
      let cause: Error | undefined;
      const request = super.request(params, (error, response) => {
        // Of what failed, the client keeps the message only.
        if (error instanceof Error && cause !== undefined) error.cause = cause;
        callback(error, response);
      });
      request.prependOnceListener?.('error', (error) => {
        cause = error;
      });
      // After the client's own listener, which adds the one that prints.
      request.once?.('response', () => {
        request.removeAllListeners('error');
        request.on('error', () => {});
      });
      return request;
    }
  };
}

const unsigned = (host: string) =>
  new RekbackError('index-unsigned', `nothing says who asks the index at ${host}`, {
    exitCode: 2,
    suggestions: [
      'set REKBACK_INDEX_USER and REKBACK_INDEX_PASSWORD',
      'or use a domain of OpenSearch Service, which is spoken to with your AWS credentials',
    ],
  });
