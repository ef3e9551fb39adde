import {
  CloudWatchLogsClient,
  DeleteLogGroupCommand,
  PutRetentionPolicyCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  AuthorizeSecurityGroupIngressCommand,
  DeleteSecurityGroupCommand,
  EC2Client,
  RevokeSecurityGroupEgressCommand,
} from '@aws-sdk/client-ec2';
import {
  DeleteLifecyclePolicyCommand,
  DeleteRepositoryCommand,
  ECRClient,
  PutImageScanningConfigurationCommand,
  PutImageTagMutabilityCommand,
} from '@aws-sdk/client-ecr';
import {
  DisableRuleCommand,
  EventBridgeClient,
  PutRuleCommand,
  type PutRuleRequest,
  PutTargetsCommand,
} from '@aws-sdk/client-eventbridge';
import {
  IAMClient,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  UpdateAssumeRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { DeleteQueueCommand, SetQueueAttributesCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { Context } from '../../src/provision/context.ts';
import { events } from '../aws/events/service.ts';
import { iam } from '../aws/iam/service.ts';
import type { World } from '../aws/kernel/world.ts';
import { type DriftTable, joined, tooMuch } from './drift-table.ts';
import { batchDrifts } from './drifts-of-batch.ts';
import { bucketDrifts } from './drifts-of-buckets.ts';
import { functionDrifts } from './drifts-of-function.ts';
import { indexDrifts } from './drifts-of-index.ts';
import type { Theirs } from './theirs.ts';

/**
 * Everything that can happen to every resource of a stack. The order is one in which the changes can be made one after
 * the other: AWS asks whether the queue takes what a bucket is to send, and whether a role may read the queue.
 */
export function driftsOf(world: World, context: Context, theirs: Theirs): DriftTable {
  const { names, spec } = context;
  return {
    ...bucketDrifts(world, context, theirs),
    ...functionDrifts(context, theirs),
    ...indexDrifts(world, context),
    ...joined([names.jobLogs, names.liveLogs].map((group) => logGroupDrifts(context, group))),
    ...queueDrifts(context, names.queue, {
      visibilitySeconds: [{ VisibilityTimeout: '1900' }],
      deadLetters: [{ RedrivePolicy: '' }],
    }),
    ...queueDrifts(context, names.deadLetters, {}),
    ...repositoryDrifts(context),
    ...groupDrifts(context),
    ...joined(Object.values(names.roles).map((role) => roleDrifts(world, context, role, theirs))),
    ...batchDrifts(world, context, theirs),
    ...joined(
      [names.jobStateRule, ...(spec.live === 'eventbridge' ? [names.liveRule] : [])].map((rule) =>
        ruleDrifts(world, context, rule),
      ),
    ),
  };
}

function logGroupDrifts({ clients }: Context, { name: logGroupName }: { name: string }): DriftTable {
  const logs = clients(CloudWatchLogsClient);
  const keep = (retentionInDays: number) =>
    logs.send(new PutRetentionPolicyCommand({ logGroupName, retentionInDays }));
  return {
    [`log-group ${logGroupName}`]: {
      gone: () => logs.send(new DeleteLogGroupCommand({ logGroupName })),
      fields: { retentionDays: [() => keep(1), 'PutRetentionPolicy'] },
    },
  };
}

function queueDrifts(
  { clients, spec }: Context,
  { name, arn }: { name: string; arn: string },
  more: Record<string, [Record<string, string>]>,
): DriftTable {
  const sqs = clients(SQSClient);
  const url = async () => `${await endpointOf(sqs)}/${spec.account}/${name}`;
  const set = (Attributes: Record<string, string>) => async () =>
    sqs.send(new SetQueueAttributesCommand({ QueueUrl: await url(), Attributes }));
  const changes: Record<string, [Record<string, string>]> = {
    ...more,
    retentionSeconds: [{ MessageRetentionPeriod: '60' }],
    encryptedBySqs: [{ SqsManagedSseEnabled: 'false' }],
    policy: [{ Policy: tooMuch('sqs:*', arn, '*') }],
  };
  return {
    [`queue ${name}`]: {
      gone: async () => sqs.send(new DeleteQueueCommand({ QueueUrl: await url() })),
      fields: Object.fromEntries(
        Object.entries(changes).map(([field, [attributes]]) => [
          field,
          [set(attributes), 'SetQueueAttributes'] as const,
        ]),
      ),
    },
  };
}

const endpointOf = async ({ config }: SQSClient) => {
  const { protocol, hostname, port } = (await config.endpoint?.()) ?? {};
  return `${protocol}//${hostname}:${port}`;
};

function repositoryDrifts({ clients, names }: Context): DriftTable {
  const ecr = clients(ECRClient);
  const at = { repositoryName: names.repository.name };
  const scan = { scanOnPush: false };
  return {
    [`repository ${names.repository.name}`]: {
      gone: () => ecr.send(new DeleteRepositoryCommand({ ...at, force: true })),
      fields: {
        scanOnPush: [
          () =>
            ecr.send(new PutImageScanningConfigurationCommand({ ...at, imageScanningConfiguration: scan })),
          'PutImageScanningConfiguration',
        ],
        tagMutability: [
          () => ecr.send(new PutImageTagMutabilityCommand({ ...at, imageTagMutability: 'MUTABLE' })),
          'PutImageTagMutability',
        ],
        lifecycle: [() => ecr.send(new DeleteLifecyclePolicyCommand(at)), 'PutLifecyclePolicy'],
      },
    },
  };
}

function groupDrifts({ clients, names, outputs }: Context): DriftTable {
  const ec2 = clients(EC2Client);
  const at = () => ({ GroupId: outputs.securityGroup });
  const anywhere = (IpProtocol: string, ports: { FromPort?: number; ToPort?: number } = {}) => ({
    IpPermissions: [{ IpProtocol, ...ports, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
  });
  const ssh = () =>
    new AuthorizeSecurityGroupIngressCommand({ ...at(), ...anywhere('tcp', { FromPort: 22, ToPort: 22 }) });
  return {
    [`security-group ${names.securityGroup.name}`]: {
      gone: () => ec2.send(new DeleteSecurityGroupCommand(at())),
      with: Object.values(names.environments).map(({ name }) => `compute-environment ${name}`),
      fields: {
        inbound: [() => ec2.send(ssh()), 'RevokeSecurityGroupIngress'],
        outbound: [
          () => ec2.send(new RevokeSecurityGroupEgressCommand({ ...at(), ...anywhere('-1') })),
          'AuthorizeSecurityGroupEgress',
        ],
      },
    },
  };
}

function roleDrifts(
  world: World,
  { clients, names, spec }: Context,
  { name: RoleName }: { name: string },
  theirs: Theirs,
): DriftTable {
  const client = clients(IAMClient);
  const [Effect, Action, Principal] = ['Allow', 'sts:AssumeRole', { AWS: '444455556666' }];
  const trust = JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect, Action, Principal }] });
  return {
    [`role ${RoleName}`]: {
      gone: () => world.state(iam, spec.account, '').roles.delete(RoleName),
      // Only the administrator can see them.
      with: RoleName === names.roles.admin.name ? [`index-roles ${names.domain.name}`] : [],
      fields: {
        trust: [
          () => client.send(new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: trust })),
          'UpdateAssumeRolePolicy',
        ],
        rights: [
          () =>
            client.send(
              new PutRolePolicyCommand({ RoleName, PolicyName: 'rights', PolicyDocument: tooMuch('*', '*') }),
            ),
          'PutRolePolicy',
        ],
        permissionsBoundary: [
          () =>
            client.send(
              new PutRolePermissionsBoundaryCommand({ RoleName, PermissionsBoundary: theirs.boundary }),
            ),
          'PutRolePermissionsBoundary',
        ],
      },
    },
  };
}

function ruleDrifts(
  world: World,
  { clients, spec }: Context,
  { name: Name }: { name: string; arn: string },
): DriftTable {
  const client = clients(EventBridgeClient);
  const stored = () => world.state(events, spec.account, spec.region).rules;
  const put = (change: Partial<PutRuleRequest>) => () =>
    client.send(
      new PutRuleCommand({
        Name,
        EventPattern: stored().get(Name)?.pattern,
        Description: stored().get(Name)?.description,
        ...change,
      }),
    );
  const Targets = [{ Id: 'theirs', Arn: `arn:aws:sqs:${spec.region}:${spec.account}:theirs` }];
  return {
    [`rule ${Name}`]: {
      gone: () => stored().delete(Name),
      fields: {
        pattern: [put({ EventPattern: '{"source":["aws.ec2"]}' }), 'PutRule'],
        state: [() => client.send(new DisableRuleCommand({ Name })), 'PutRule'],
        targets: [
          () => client.send(new PutTargetsCommand({ Rule: Name, Targets })),
          'RemoveTargets',
          'PutTargets',
        ],
        description: [put({ Description: 'theirs' }), 'PutRule'],
      },
    },
  };
}
