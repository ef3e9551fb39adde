import { allows, parsePolicy } from '../kernel/policy.ts';
import type { World } from '../kernel/world.ts';
import { ecr } from './service.ts';
import type { Image, Repository } from './state.ts';

/** The image of `ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME:TAG` or `…@DIGEST`. Undefined: no such address in ECR. */
export function imageAt(
  world: World,
  uri: string,
): { repository: Repository | undefined; image: Image | undefined } | undefined {
  const [, account, region, name = '', tag, digest] =
    /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com\/([a-z0-9._/-]+)(?::([\w.-]+)|@(sha256:[0-9a-f]{64}))$/.exec(
      uri,
    ) ?? [];
  if (account === undefined || region === undefined) return undefined;
  const repository = world.state(ecr, account, region).repositories.get(name);
  const image = repository?.images.get(digest ?? repository.tagged.get(tag ?? '') ?? '');
  return { repository, image };
}

/** Whether the repository's own policy lets a service pull for a resource of its account and Region. */
export function letsPull(repository: Repository, service: string): boolean {
  const { policy, arn, account, region } = repository;
  if (policy === undefined) return false;
  const statements = parsePolicy(policy, 'trust');
  return ['ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'].every((action) =>
    allows(statements, {
      principal: { kind: 'Service', value: service },
      action,
      resource: arn,
      context: {
        'aws:SourceAccount': account,
        'aws:SourceArn': `arn:aws:${service.split('.')[0]}:${region}:${account}:function:any`,
      },
    }),
  );
}
