import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  DeleteLogGroupCommand,
  DescribeLogGroupsCommand,
  ListTagsForResourceCommand,
  PutRetentionPolicyCommand,
  TagResourceCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import type { Context } from '../context.ts';
import { defineResource, type Resource } from '../resource.ts';

/** Days that logs are kept. */
const RETENTION = 30;

/** A log group of the stack: of its jobs or of its live function. Neither may make one, so that none comes back. */
export function logGroup(
  context: Context,
  { name, arn }: { name: string; arn: string },
  after: readonly Resource[],
): Resource {
  const { clients, tags } = context;
  const logs = clients(CloudWatchLogsClient);
  const setRetention = (retentionInDays: number) =>
    logs.send(new PutRetentionPolicyCommand({ logGroupName: name, retentionInDays }));
  return defineResource<{ retentionDays: number | undefined }>(context, {
    type: 'log-group',
    name,
    after,
    tags,
    wanted: () => ({ retentionDays: RETENTION }),
    async read() {
      const { logGroups } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: name }));
      const found = logGroups?.find(({ logGroupName }) => logGroupName === name);
      if (found === undefined) return undefined;
      const { tags: present } = await logs.send(new ListTagsForResourceCommand({ resourceArn: arn }));
      return { tags: { ...present }, config: { retentionDays: found.retentionInDays } };
    },
    async create() {
      await logs.send(new CreateLogGroupCommand({ logGroupName: name, tags }));
      await setRetention(RETENTION);
    },
    update: async () => {
      await setRetention(RETENTION);
    },
    async tag(missing) {
      await logs.send(new TagResourceCommand({ resourceArn: arn, tags: missing }));
    },
    async remove() {
      await logs.send(new DeleteLogGroupCommand({ logGroupName: name }));
    },
  });
}
