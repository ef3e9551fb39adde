import { DescribeImagesCommand, ECRClient } from '@aws-sdk/client-ecr';
import type { Clients } from '../../aws/clients.ts';
import { ifThere } from '../../aws/errors.ts';
import { RekbackError } from '../../runtime/errors.ts';

/** https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html#registry_concepts */
const ECR_IMAGE = /^((\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.[^/]+)\/([^:@]+)(?::([^@]+))?$/;

/**
 * An image of ECR named by its digest instead of its tag, so that every job of a run, and every run until the next
 * setup, works with the same one. Names with a digest stay as they are, and so do those of other registries, which only
 * the jobs log in to.
 *
 * @throws RekbackError `image-missing`, exit 2
 */
export async function pinImage(clients: Clients, uri: string, region: string): Promise<string> {
  const [, registry = '', registryId, place, repositoryName = '', tag = 'latest'] = ECR_IMAGE.exec(uri) ?? [];
  // Another Region's images can be run, but this Region's clients can't be asked about them.
  if (registryId === undefined || place !== region) return uri;
  const found = await ifThere(
    clients(ECRClient).send(
      new DescribeImagesCommand({ registryId, repositoryName, imageIds: [{ imageTag: tag }] }),
    ),
  );
  const digest = found?.imageDetails?.[0]?.imageDigest;
  if (digest !== undefined) return `${registry}/${repositoryName}@${digest}`;
  throw new RekbackError(
    'image-missing',
    `there is no image '${tag}' in the repository '${repositoryName}'`,
    {
      exitCode: 2,
      suggestions: [`see those that are there: aws ecr list-images --repository-name ${repositoryName}`],
    },
  );
}
