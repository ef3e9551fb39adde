import {
  CreateRoleCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  DetachRolePolicyCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  ListInstanceProfilesForRoleCommand,
  ListRolePoliciesCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  RemoveRoleFromInstanceProfileCommand,
  TagRoleCommand,
  UpdateAssumeRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { ifThere, isNotFound } from '../../aws/errors.ts';
import { retryWhile } from '../../aws/wait.ts';
import type { Context } from '../context.ts';
import { defineResource, type Resource } from '../resource.ts';
import { tagList, tagsOf } from '../tags.ts';
import { canonicalOf, canonicalPolicy, type Policy } from './policy.ts';

interface Config {
  trust: Policy | undefined;
  rights: Policy | undefined;
  /** Only where a person chose one: an account's own rules may have put one there. */
  permissionsBoundary?: string | undefined;
}

interface RoleOptions {
  after: readonly Resource[];
  role: { name: string; arn: string };
  description: string;
  /** Who may act as it. */
  trust: Policy;
  /** Everything that it may do: one inline policy, so that nothing else is left to remove. Nothing: no role is made. */
  rights: Policy;
}

const RIGHTS = 'rights';

/** A new role may not be found for some seconds. */
const FOUND = { every: 1000, within: 60_000 };

/** What all roles of a stack have in common. */
export function defineRole(context: Context, options: RoleOptions): Resource {
  const { clients, tags, spec, waiting } = context;
  const { role, description, after } = options;
  const iam = clients(IAMClient);
  const at = { RoleName: role.name };
  const put = {
    trust: ({ trust }: Config) =>
      iam.send(new UpdateAssumeRolePolicyCommand({ ...at, PolicyDocument: JSON.stringify(trust) })),
    rights: ({ rights }: Config) =>
      iam.send(
        new PutRolePolicyCommand({ ...at, PolicyName: RIGHTS, PolicyDocument: JSON.stringify(rights) }),
      ),
    permissionsBoundary: ({ permissionsBoundary: PermissionsBoundary }: Config) =>
      iam.send(new PutRolePermissionsBoundaryCommand({ ...at, PermissionsBoundary })),
  };
  return defineResource<Config>(context, {
    type: 'role',
    name: role.name,
    after,
    tags,
    wanted: () =>
      // IAM takes no policy without a statement; whoever may do nothing is not needed.
      options.rights.Statement.length === 0
        ? undefined
        : {
            trust: canonicalOf(options.trust),
            rights: canonicalOf(options.rights),
            ...(spec.permissionsBoundary !== undefined && { permissionsBoundary: spec.permissionsBoundary }),
          },
    async read() {
      const found = (await ifThere(iam.send(new GetRoleCommand(at))))?.Role;
      if (found === undefined) return undefined;
      const rights = await ifThere(iam.send(new GetRolePolicyCommand({ ...at, PolicyName: RIGHTS })));
      return {
        tags: tagsOf(found.Tags),
        config: {
          trust: decoded(found.AssumeRolePolicyDocument),
          rights: decoded(rights?.PolicyDocument),
          permissionsBoundary: found.PermissionsBoundary?.PermissionsBoundaryArn,
        },
      };
    },
    async create(wanted) {
      await iam.send(
        new CreateRoleCommand({
          ...at,
          Path: spec.iamPath,
          Description: description,
          AssumeRolePolicyDocument: JSON.stringify(wanted.trust),
          PermissionsBoundary: wanted.permissionsBoundary,
          Tags: tagList(tags),
        }),
      );
      await retryWhile(isNotFound, () => put.rights(wanted), FOUND, waiting);
    },
    async update(wanted, fields) {
      for (const field of fields) await put[field](wanted);
    },
    async tag(missing) {
      await iam.send(new TagRoleCommand({ ...at, Tags: tagList(missing) }));
    },
    async remove() {
      await emptyRole(iam, at);
      await iam.send(new DeleteRoleCommand(at));
    },
  });
}

/** IAM gives policies URL-encoded. */
const decoded = (text: string | undefined): Policy | undefined =>
  canonicalPolicy(text === undefined ? undefined : decodeURIComponent(text));

/** A role can be deleted only without policies and instance profiles; a person or a company's rule may have added some. */
async function emptyRole(iam: IAMClient, at: { RoleName: string }): Promise<void> {
  const [inline, attached, profiles] = await Promise.all([
    iam.send(new ListRolePoliciesCommand(at)),
    iam.send(new ListAttachedRolePoliciesCommand(at)),
    iam.send(new ListInstanceProfilesForRoleCommand(at)),
  ]);
  const removals = [
    ...(inline.PolicyNames ?? []).map(
      (PolicyName) => () => iam.send(new DeleteRolePolicyCommand({ ...at, PolicyName })),
    ),
    ...(attached.AttachedPolicies ?? []).map(
      ({ PolicyArn }) =>
        () =>
          iam.send(new DetachRolePolicyCommand({ ...at, PolicyArn })),
    ),
    ...(profiles.InstanceProfiles ?? []).map(
      ({ InstanceProfileName }) =>
        () =>
          iam.send(new RemoveRoleFromInstanceProfileCommand({ ...at, InstanceProfileName })),
    ),
  ];
  for (const remove of removals) {
    await remove().catch((error: unknown) => {
      if (!isNotFound(error)) throw error;
    });
  }
}
