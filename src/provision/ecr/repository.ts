import {
  CreateRepositoryCommand,
  DeleteRepositoryCommand,
  DescribeRepositoriesCommand,
  ECRClient,
  GetLifecyclePolicyCommand,
  ListTagsForResourceCommand,
  PutImageScanningConfigurationCommand,
  PutImageTagMutabilityCommand,
  PutLifecyclePolicyCommand,
  TagResourceCommand,
} from '@aws-sdk/client-ecr';
import { ifThere } from '../../aws/errors.ts';
import type { Context } from '../context.ts';
import { defineResource, type Resource } from '../resource.ts';
import { tagList, tagsOf } from '../tags.ts';

interface Config {
  scanOnPush: boolean | undefined;
  tagMutability: string | undefined;
  lifecycle: unknown;
}

/** Images that a run was pinned to may be an update old; more are not needed. */
const lifecycle = {
  rules: [
    {
      rulePriority: 1,
      description: 'Keep the newest images',
      selection: { tagStatus: 'any', countType: 'imageCountMoreThan', countNumber: 10 },
      action: { type: 'expire' },
    },
  ],
};

/** Where the container image of the jobs is pushed to. */
export function repository(context: Context, after: readonly Resource[]): Resource {
  const { spec, names, clients, tags } = context;
  const { name, arn } = names.repository;
  const ecr = clients(ECRClient);
  const at = { registryId: spec.account, repositoryName: name };
  const put = {
    scanOnPush: () =>
      ecr.send(
        new PutImageScanningConfigurationCommand({ ...at, imageScanningConfiguration: { scanOnPush: true } }),
      ),
    tagMutability: () =>
      ecr.send(new PutImageTagMutabilityCommand({ ...at, imageTagMutability: 'IMMUTABLE' })),
    lifecycle: () =>
      ecr.send(new PutLifecyclePolicyCommand({ ...at, lifecyclePolicyText: JSON.stringify(lifecycle) })),
  };
  return defineResource<Config>(context, {
    type: 'repository',
    name,
    after,
    tags,
    wanted: () => ({ scanOnPush: true, tagMutability: 'IMMUTABLE', lifecycle }),
    async read() {
      const found = await ifThere(
        ecr.send(new DescribeRepositoriesCommand({ registryId: spec.account, repositoryNames: [name] })),
      );
      const [repo] = found?.repositories ?? [];
      if (repo === undefined) return undefined;
      const [listed, policy] = await Promise.all([
        ecr.send(new ListTagsForResourceCommand({ resourceArn: arn })),
        ifThere(ecr.send(new GetLifecyclePolicyCommand(at))),
      ]);
      return {
        tags: tagsOf(listed.tags),
        config: {
          scanOnPush: repo.imageScanningConfiguration?.scanOnPush,
          tagMutability: repo.imageTagMutability,
          lifecycle: policy?.lifecyclePolicyText && JSON.parse(policy.lifecyclePolicyText),
        },
      };
    },
    async create() {
      await ecr.send(
        new CreateRepositoryCommand({
          ...at,
          tags: tagList(tags),
          imageTagMutability: 'IMMUTABLE',
          imageScanningConfiguration: { scanOnPush: true },
          encryptionConfiguration: { encryptionType: 'AES256' },
        }),
      );
      await put.lifecycle();
    },
    async update(_wanted, fields) {
      await Promise.all([...fields].map((field) => put[field]()));
    },
    async tag(missing) {
      await ecr.send(new TagResourceCommand({ resourceArn: arn, tags: tagList(missing) }));
    },
    async remove() {
      await ecr.send(new DeleteRepositoryCommand({ ...at, force: true }));
    },
  });
}
