import { ECRClient, GetAuthorizationTokenCommand } from '@aws-sdk/client-ecr';
import type { Clients } from '../../aws/clients.ts';
import type { Waiting } from '../../aws/wait.ts';
import type { AwsSpec } from '../../stack/aws-spec.ts';
import type { ImageReference } from '../image/reference.ts';
import { openRepository, type RemoteRepository } from '../image/registry.ts';

/** The registry that an account has in a Region. */
export const registryHost = ({
  account,
  region,
  partition,
}: Pick<AwsSpec, 'account' | 'region' | 'partition'>) =>
  `${account}.dkr.ecr.${region}.amazonaws.com${partition === 'aws-cn' ? '.cn' : ''}`;

export interface Login {
  /** `https://…` of the account's own registry. */
  address: string;
  /** `AWS:PASSWORD` in Base64; good for 12 hours, in the registries of all accounts that let the caller in. */
  token: string;
}

export async function logIn(clients: Clients): Promise<Login> {
  const { authorizationData } = await clients(ECRClient).send(new GetAuthorizationTokenCommand({}));
  const { authorizationToken: token = '', proxyEndpoint: address = '' } = authorizationData?.[0] ?? {};
  return { address, token };
}

export interface Registries {
  clients: Clients;
  account: string;
  region: string;
  waiting: Waiting;
}

/** https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html#registry_concepts */
const ECR_HOST = /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?$/;

/** As Docker has it: a registry on this machine needs no TLS. */
const ON_THIS_MACHINE = /^(?:localhost|127\.\d+\.\d+\.\d+)(?::\d+)?$/;

/** With a login where it is in ECR of this Region; all others are read as anybody may. */
export async function openRegistry(
  { clients, account, region, waiting }: Registries,
  { registry, name }: Pick<ImageReference, 'registry' | 'name'>,
): Promise<RemoteRepository> {
  const [, owner, place] = ECR_HOST.exec(registry) ?? [];
  const isLocal = ON_THIS_MACHINE.test(registry);
  const address = `${isLocal ? 'http' : 'https'}://${registry}`;
  if (owner === undefined || place !== region) return openRepository({ address, name, waiting });
  const login = await logIn(clients);
  return openRepository({
    address: owner === account ? login.address : address,
    name,
    authorization: `Basic ${login.token}`,
    waiting,
  });
}
