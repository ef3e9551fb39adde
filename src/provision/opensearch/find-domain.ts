import {
  DescribeDomainCommand,
  type DomainStatus,
  ListTagsCommand,
  OpenSearchClient,
} from '@aws-sdk/client-opensearch';
import { ifThere } from '../../aws/errors.ts';
import type { Context } from '../context.ts';
import { type Tags, tagsOf } from '../tags.ts';

/** The domain of the stack's name, whoever's it is; undefined where there is none. */
export async function findDomain({
  names,
  clients,
}: Context): Promise<{ status: DomainStatus; tags: Tags } | undefined> {
  const client = clients(OpenSearchClient);
  const described = await ifThere(client.send(new DescribeDomainCommand({ DomainName: names.domain.name })));
  const status = described?.DomainStatus;
  if (status === undefined) return undefined;
  // Gone between the calls.
  const listed = await ifThere(client.send(new ListTagsCommand({ ARN: names.domain.arn })));
  return listed && { status, tags: tagsOf(listed.TagList) };
}

/** Where a domain is reached; undefined for one that has no address yet, is being deleted, or is in a VPC. */
export const endpointOf = ({ Endpoint, Deleted }: DomainStatus): string | undefined =>
  Endpoint === undefined || Deleted ? undefined : withScheme(Endpoint);

/** AWS tells the host alone. What stands in for AWS (`AWS_ENDPOINT_URL`) may be without TLS and says so. */
const withScheme = (endpoint: string): string =>
  endpoint.includes('://') ? endpoint : `https://${endpoint}`;
