import type { Policy } from '../../src/provision/iam/policy.ts';
import type { Entry } from '../aws/kernel/journal.ts';

/** A policy as a request had it. */
export interface WrittenPolicy {
  /** What it is of: `live rights`, `live trust`, `queue rekback-photos-live`. */
  name: string;
  kind: 'rights' | 'trust' | 'resource';
  document: Policy;
}

type Member = Partial<Record<string, unknown>>;

const OPERATIONS: Readonly<Record<string, (input: Member) => [WrittenPolicy['kind'], unknown, unknown][]>> = {
  PutRolePolicy: ({ RoleName, PolicyDocument }) => [['rights', RoleName, PolicyDocument]],
  CreateRole: ({ RoleName, AssumeRolePolicyDocument }) => [['trust', RoleName, AssumeRolePolicyDocument]],
  UpdateAssumeRolePolicy: ({ RoleName, PolicyDocument }) => [['trust', RoleName, PolicyDocument]],
  PutBucketPolicy: ({ Bucket, Policy }) => [['resource', Bucket, Policy]],
  CreateQueue: ({ QueueName, Attributes }) => [['resource', QueueName, Object(Attributes).Policy]],
  SetQueueAttributes: ({ QueueUrl, Attributes }) => [['resource', QueueUrl, Object(Attributes).Policy]],
  CreateDomain: ({ DomainName, AccessPolicies }) => [['resource', DomainName, AccessPolicies]],
  UpdateDomainConfig: ({ DomainName, AccessPolicies }) => [['resource', DomainName, AccessPolicies]],
};

/** Every policy document that these requests write. */
export const writtenPolicies = (entries: readonly Entry[]): WrittenPolicy[] =>
  entries.flatMap(({ operation, input }) =>
    (OPERATIONS[operation]?.(Object(input)) ?? []).flatMap(([kind, name, text]) =>
      text === undefined ? [] : [{ name: String(name), kind, document: JSON.parse(String(text)) }],
    ),
  );
