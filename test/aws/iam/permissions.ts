import { allows, parsePolicy } from '../kernel/policy.ts';
import type { World } from '../kernel/world.ts';
import { roleByArn } from './reach.ts';
import { iam } from './service.ts';

/** What AWS's own policies allow that functions' roles often have (AWS Managed Policy Reference Guide). */
const MANAGED: Readonly<Record<string, readonly string[]>> = {
  AdministratorAccess: ['*'],
  AWSLambdaBasicExecutionRole: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
  AWSLambdaSQSQueueExecutionRole: [
    'sqs:ReceiveMessage',
    'sqs:DeleteMessage',
    'sqs:GetQueueAttributes',
    'logs:CreateLogGroup',
    'logs:CreateLogStream',
    'logs:PutLogEvents',
  ],
  AWSLambdaVPCAccessExecutionRole: [
    'logs:CreateLogGroup',
    'logs:CreateLogStream',
    'logs:PutLogEvents',
    'ec2:CreateNetworkInterface',
    'ec2:DescribeNetworkInterfaces',
    'ec2:DescribeSubnets',
    'ec2:DeleteNetworkInterface',
    'ec2:AssignPrivateIpAddresses',
    'ec2:UnassignPrivateIpAddresses',
  ],
};

/**
 * Whether a role's own policies, inline and attached, let it do something: what a service asks that acts for the role.
 * No condition keys are given but the principal's account; boundaries and resource policies are not looked at.
 */
export function roleMay(world: World, roleArn: string, action: string, resource: string): boolean {
  const role = roleByArn(world, roleArn);
  if (!role) return false;
  const account = roleArn.split(':')[4] ?? '';
  const attached = [...role.attached].flatMap((arn) => documentOf(world, account, arn) ?? []);
  const statements = [...role.inline.values(), ...attached].flatMap((text) => parsePolicy(text, 'identity'));
  return allows(statements, {
    principal: { kind: 'AWS', value: roleArn },
    action,
    resource,
    context: { 'aws:PrincipalAccount': account, 'aws:ResourceAccount': resource.split(':')[4] || account },
  });
}

function documentOf(world: World, account: string, arn: string): string | undefined {
  if (!arn.startsWith('arn:aws:iam::aws:policy/')) {
    return world.state(iam, account, '').policies.get(arn)?.document;
  }
  const Action = MANAGED[arn.split('/').at(-1) ?? ''];
  if (!Action) return undefined;
  return JSON.stringify({ Version: '2012-10-17', Statement: { Effect: 'Allow', Action, Resource: '*' } });
}
