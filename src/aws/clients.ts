import { defaultProvider } from '@aws-sdk/credential-provider-node';
import type { NodeHttpHandler } from '@smithy/node-http-handler';
import type { AwsCredentialIdentityProvider, MiddlewareStack } from '@smithy/types';
import { requestHandler } from './http.ts';

// Which Node this works on is said by our own package, which names the SDK's version; a person can do nothing about the
// SDK's warning of what later versions will need.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

/** What every client of ours is made with; what is left out follows the standard AWS configuration. */
export interface ClientOptions {
  region: string;
  /** A named profile of the AWS configuration files. */
  profile?: string;
  credentials?: AwsCredentialIdentityProvider;
}

type ClientConfig = ClientOptions & {
  maxAttempts: number;
  retryMode: 'standard';
  requestHandler?: NodeHttpHandler;
};

interface SdkClient {
  // biome-ignore lint/suspicious/noExplicitAny: each client's stack has the union of its own inputs; ours takes any
  middlewareStack: Pick<MiddlewareStack<any, any>, 'add'>;
}

/** The client of a service: `clients(S3Client)`. One per service, made when it is first asked for. */
export type Clients = <Client extends SdkClient>(Service: new (config: ClientConfig) => Client) => Client;

/**
 * More than the SDK's three: setup makes many calls of one service side by side, IAM and Batch throttle at a few calls
 * a second, and a throttled call was not carried out.
 */
const MAX_ATTEMPTS = 6;

/**
 * The one place where SDK clients are made. Nothing is called by that.
 *
 * @throws RekbackError `bad-proxy`, `bad-ca-bundle`
 */
export function createClients(options: ClientOptions): Clients {
  const config: ClientConfig = { ...ownNetwork(options), maxAttempts: MAX_ATTEMPTS, retryMode: 'standard' };
  const made = new Map<unknown, SdkClient>();
  return <Client extends SdkClient>(Service: new (config: ClientConfig) => Client): Client => {
    const known = made.get(Service);
    if (known instanceof Service) return known;
    const client = new Service(config);
    nameFailedCalls(client);
    made.set(Service, client);
    return client;
  };
}

/** With what reaches AWS from here. Credentials of SSO are got by a client of their own, which takes it from nowhere else. */
function ownNetwork(options: ClientOptions): ClientOptions & Pick<ClientConfig, 'requestHandler'> {
  const handler = requestHandler();
  if (handler === undefined) return options;
  const { profile } = options;
  const credentials = defaultProvider({
    ...(profile !== undefined && { profile }),
    clientConfig: { requestHandler: handler },
  });
  return { credentials, ...options, requestHandler: handler };
}

/** The SDK's errors do not say which call failed; `awsFailure` reads it from here. */
function nameFailedCalls(client: SdkClient): void {
  client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        try {
          return await next(args);
        } catch (error) {
          if (error instanceof Error) Object.assign(error, { $call: commandName?.replace(/Command$/, '') });
          throw error;
        }
      },
    { step: 'initialize', name: 'rekbackNameFailedCalls' },
  );
}
