import { CreateSecurityGroupCommand, DescribeVpcsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { CreatePolicyCommand, CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import type { World } from '../aws/kernel/world.ts';
import { allowDestination } from '../aws/s3/reach.ts';
import { tooMuch } from './drift-table.ts';

/** What somebody else has in the account, good enough to stand where something of ours stood. */
export interface Theirs {
  /** Id of a security group in the default VPC. */
  group: string;
  /** ARN of a role that functions may have. */
  role: string;
  /** ARN of a queue that S3 may send to. */
  queue: string;
  /** ARN of a topic that S3 may send to. */
  topic: string;
  /** ARN of a managed policy. */
  boundary: string;
}

export async function givenTheirs(world: World): Promise<Theirs> {
  const [ec2, iam, sqs] = [EC2Client, IAMClient, SQSClient].map((Client) => new Client(world.client())) as [
    EC2Client,
    IAMClient,
    SQSClient,
  ];
  const arn = (service: string, name: string) =>
    `arn:aws:${service}:${service === 'iam' ? '' : 'eu-west-1'}:111122223333:${name}`;
  const { Vpcs } = await ec2.send(new DescribeVpcsCommand({}));
  const group = await ec2.send(
    new CreateSecurityGroupCommand({ GroupName: 'theirs', Description: 'theirs', VpcId: Vpcs?.[0]?.VpcId }),
  );
  const trust = { Effect: 'Allow', Action: 'sts:AssumeRole', Principal: { Service: 'lambda.amazonaws.com' } };
  await iam.send(
    new CreateRoleCommand({
      RoleName: 'theirs',
      AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [trust] }),
    }),
  );
  await iam.send(
    new PutRolePolicyCommand({ RoleName: 'theirs', PolicyName: 'all', PolicyDocument: tooMuch('*', '*') }),
  );
  await iam.send(new CreatePolicyCommand({ PolicyName: 'theirs', PolicyDocument: tooMuch('*', '*') }));
  const queue = arn('sqs', 'theirs');
  const Attributes = { Policy: tooMuch('sqs:SendMessage', queue, '*') };
  await sqs.send(new CreateQueueCommand({ QueueName: 'theirs', Attributes }));
  const topic = arn('sns', 'theirs');
  allowDestination(world, topic);
  return {
    topic,
    group: group.GroupId ?? '',
    role: arn('iam', 'role/theirs'),
    queue,
    boundary: arn('iam', 'policy/theirs'),
  };
}
