import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { CreateDomainCommand, OpenSearchClient } from '@aws-sdk/client-opensearch';
import type { Config } from './corrects.ts';

/** A role that Lambda and Batch can have, once `withRole` has made it. */
export const ROLE = 'arn:aws:iam::123456789012:role/r';

export async function withRole(config: Config): Promise<void> {
  const AssumeRolePolicyDocument = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' },
    ],
  });
  await new IAMClient(config).send(new CreateRoleCommand({ RoleName: 'r', AssumeRolePolicyDocument }));
}

/** A client of OpenSearch where there is a domain `images`. */
export async function withDomain(config: Config): Promise<OpenSearchClient> {
  const opensearch = new OpenSearchClient(config);
  const ClusterConfig = {
    InstanceType: 't3.small.search' as const,
    InstanceCount: 1,
    DedicatedMasterEnabled: true,
  };
  await opensearch.send(
    new CreateDomainCommand({
      DomainName: 'images',
      EngineVersion: 'OpenSearch_2.19',
      ClusterConfig,
      TagList: [{ Key: 'stack', Value: 'one' }],
    }),
  );
  return opensearch;
}
