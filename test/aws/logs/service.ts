import { AwsError } from '../kernel/errors.ts';
import { operations, type Service } from '../kernel/operation.ts';
import { int, list, map, need, str, struct } from '../kernel/shape.ts';
import { resourcePolicyOperations } from './resource-policies.ts';
import {
  about,
  arnOf,
  groupName,
  groupNamed,
  type LogGroup,
  type LogsCall,
  type LogsState,
  notFound,
  paging,
} from './state.ts';
import { streamOperations } from './streams.ts';

const op = operations<LogsState>();
const resourceArn = need(str({ min: 1, max: 1011, pattern: /^[\w+=/:,.@-]*$/ }));
const tags = map(str({ max: 256 }), { max: 50 });
const tagged = { resource: ({ resourceArn: arn }: { resourceArn: string }) => arn };

/** What PutRetentionPolicy takes, from its API reference. */
const RETENTIONS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

function byArn(call: LogsCall, arn: string): LogGroup {
  const group = [...call.state.groups.values()].find((each) => each.arn === arn);
  if (!group) throw notFound('group');
  return group;
}

export const logs: Service<LogsState> = {
  id: 'logs',
  signedAs: ['logs'],
  wires: ['json'],
  target: 'Logs_20140328',
  reach: 'region',
  empty: () => ({ groups: new Map(), resourcePolicies: new Map() }),
  invalid: ({ message }) => new AwsError('InvalidParameterException', message),
  denied: (message) => new AwsError('AccessDeniedException', message),
  tagged: ({ groups }) =>
    [...groups.values()].map(({ arn, tags: given }) => ({ arn, type: 'logs:log-group', tags: given })),
  operations: [
    op(
      'CreateLogGroup',
      'Write',
      struct({
        logGroupName: need(groupName),
        kmsKeyId: str({ max: 256 }),
        tags,
        logGroupClass: str({ oneOf: ['STANDARD', 'INFREQUENT_ACCESS', 'DELIVERY'] }),
      }),
      (call, { logGroupName: name, kmsKeyId, tags: given = {}, logGroupClass = 'STANDARD' }) => {
        if (call.state.groups.has(name)) {
          throw new AwsError('ResourceAlreadyExistsException', 'The specified log group already exists');
        }
        if (kmsKeyId !== undefined && !/^arn:aws:kms:/.test(kmsKeyId)) {
          throw new AwsError('InvalidParameterException', 'The KMS key must be given by its ARN');
        }
        call.state.groups.set(name, {
          name,
          arn: arnOf(call, name),
          created: call.now(),
          retention: undefined,
          key: kmsKeyId,
          class: logGroupClass,
          tags: new Map(Object.entries(given)),
          streams: new Map(),
        });
      },
      about,
    ),
    op(
      'DescribeLogGroups',
      'List',
      struct({ logGroupNamePrefix: groupName, logGroupNamePattern: str({ max: 512 }), ...paging }),
      (call, { logGroupNamePrefix = '', logGroupNamePattern = '', nextToken = '', limit = 50 }) => {
        const names = [...call.state.groups.keys()].sort().filter((name) => name > nextToken);
        const found = names.filter(
          (name) => name.startsWith(logGroupNamePrefix) && name.includes(logGroupNamePattern),
        );
        const page = found.slice(0, limit);
        return {
          logGroups: page.map((name) => {
            const group = groupNamed(call, name);
            return {
              logGroupName: name,
              arn: `${group.arn}:*`,
              logGroupArn: group.arn,
              creationTime: group.created.getTime(),
              retentionInDays: group.retention,
              kmsKeyId: group.key,
              logGroupClass: group.class,
              metricFilterCount: 0,
              storedBytes: 0,
            };
          }),
          ...(found.length > limit && { nextToken: page.at(-1) }),
        };
      },
    ),
    op(
      'DeleteLogGroup',
      'Write',
      struct({ logGroupName: need(groupName) }),
      (call, { logGroupName }) => {
        call.state.groups.delete(groupNamed(call, logGroupName).name);
      },
      about,
    ),
    op(
      'PutRetentionPolicy',
      'Write',
      struct({ logGroupName: need(groupName), retentionInDays: need(int()) }),
      (call, { logGroupName, retentionInDays }) => {
        if (!RETENTIONS.includes(retentionInDays)) {
          throw new AwsError('InvalidParameterException', `Invalid retention value: ${retentionInDays}`);
        }
        groupNamed(call, logGroupName).retention = retentionInDays;
      },
      about,
    ),
    op(
      'DeleteRetentionPolicy',
      'Write',
      struct({ logGroupName: need(groupName) }),
      (call, { logGroupName }) => {
        groupNamed(call, logGroupName).retention = undefined;
      },
      about,
    ),
    op(
      'AssociateKmsKey',
      'Write',
      struct({ logGroupName: need(groupName), kmsKeyId: need(str({ max: 256 })) }),
      (call, { logGroupName, kmsKeyId }) => {
        groupNamed(call, logGroupName).key = kmsKeyId;
      },
      about,
    ),
    op(
      'DisassociateKmsKey',
      'Write',
      struct({ logGroupName: need(groupName) }),
      (call, { logGroupName }) => {
        groupNamed(call, logGroupName).key = undefined;
      },
      about,
    ),
    op(
      'TagResource',
      'Tagging',
      struct({ resourceArn, tags: need(tags) }),
      (call, { resourceArn: arn, tags: given }) => {
        const group = byArn(call, arn);
        for (const [key, value] of Object.entries(given)) group.tags.set(key, value);
      },
      tagged,
    ),
    op(
      'UntagResource',
      'Tagging',
      struct({ resourceArn, tagKeys: need(list(str(), { max: 50 })) }),
      (call, { resourceArn: arn, tagKeys }) => {
        const group = byArn(call, arn);
        for (const key of tagKeys) group.tags.delete(key);
      },
      tagged,
    ),
    op(
      'ListTagsForResource',
      'List',
      struct({ resourceArn }),
      (call, { resourceArn: arn }) => ({
        tags: Object.fromEntries(byArn(call, arn).tags),
      }),
      tagged,
    ),
    ...streamOperations,
    ...resourcePolicyOperations,
  ],
};
