import type { AwsSpec } from '../../stack/aws-spec.ts';
import { type Policy, policy } from './policy.ts';

/**
 * A service may act as the role, but only for this account: without it, somebody else's task or function could be
 * given the role by its ARN (https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html).
 *
 * @param source - the ARN, or its pattern, of what the service acts for
 */
export const trustService = (service: string, { account }: AwsSpec, source: string): Policy =>
  policy({
    Effect: 'Allow',
    Principal: { Service: service },
    Action: 'sts:AssumeRole',
    Condition: {
      StringEquals: { 'aws:SourceAccount': account },
      ArnLike: { 'aws:SourceArn': source },
    },
  });

/** Batch's containers: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html */
export const trustTasks = (spec: AwsSpec): Policy =>
  trustService('ecs-tasks.amazonaws.com', spec, `arn:${spec.partition}:ecs:${spec.region}:${spec.account}:*`);

/** Those people and programs of the account may act as the role whose own rights say so. */
export const trustAccount = ({ partition, account }: AwsSpec): Policy =>
  policy({
    Effect: 'Allow',
    Principal: { AWS: `arn:${partition}:iam::${account}:root` },
    Action: 'sts:AssumeRole',
  });
