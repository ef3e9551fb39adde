import { namesOf, type Place } from '../../stack/aws-names.ts';
import type { Statement } from './policy.ts';

/** What a persona's rights are about. */
export interface Scope {
  /** With the name `*`: every stack of the account in this Region. */
  place: Place;
  /** The bucket of the images; `*` where it is not known yet. */
  bucket: string;
}

/** Actions that can't be narrowed to our resources, and why. */
export const ANY_RESOURCE: Readonly<Record<string, string>> = {
  'tag:GetResources': 'lists by tag; IAM knows no resource for it',
  'batch:DescribeComputeEnvironments': 'IAM knows no resource for it',
  'batch:DescribeJobDefinitions': 'IAM knows no resource for it',
  'batch:DescribeJobQueues': 'IAM knows no resource for it',
  'batch:DescribeJobs': 'IAM knows no resource for it',
  'batch:ListJobs': 'IAM knows no resource for it',
  'lambda:GetAccountSettings': "the account's limits are no resource",
  'lambda:GetEventSourceMapping': 'a mapping has no name of ours, and AWS chooses its id',
  'lambda:ListEventSourceMappings': 'IAM knows no resource for it',
  'logs:DescribeLogGroups': 'IAM knows no resource for it',
  'ec2:DescribeRouteTables': 'IAM knows no resource for it',
  'ec2:DescribeSecurityGroups': 'IAM knows no resource for it',
  'ec2:DescribeSubnets': 'IAM knows no resource for it',
  'ec2:DescribeVpcs': 'IAM knows no resource for it',
  'ecr:GetAuthorizationToken': 'a login is for the whole registry',
  'es:ListVersions': 'IAM knows no resource for it',
  'events:ListRules': 'who else listens to the bucket is in rules of any name',
  'cloudwatch:GetMetricData': 'IAM knows no resource for it',
  'organizations:DescribeEffectivePolicy': "asks for the caller's own account",
  'servicequotas:GetAWSDefaultServiceQuota': 'IAM knows no resource for it',
  'servicequotas:GetServiceQuota': "the account's limits are the same for all stacks",
};

const allow = (
  Action: readonly string[],
  Resource: readonly string[],
  Condition?: Statement['Condition'],
): Statement => ({ Effect: 'Allow', Action, Resource, ...(Condition && { Condition }) });

const anywhere = (...Action: readonly string[]): Statement => allow(Action, ['*']);

/** `prefix:A`, `prefix:B`. */
const of = (service: string, ...actions: readonly string[]) =>
  actions.map((action) => `${service}:${action}`);

/** Patterns that fit a stack's resources and no others. */
function patternsOf({ place, bucket }: Scope) {
  const names = namesOf(place);
  const { partition, region, account } = place;
  const arn = (service: string, resource: string) =>
    `arn:${partition}:${service}:${region}:${account}:${resource}`;
  const all = `rekback-${place.name}-*`;
  return {
    names,
    images: `arn:${partition}:s3:::${bucket}`,
    roles: names.roles.worker.arn.replace(/worker$/, '*'),
    linkedRoles: `arn:${partition}:iam::${account}:role/aws-service-role`,
    callers: [`arn:${partition}:iam::${account}:user/*`, `arn:${partition}:iam::${account}:role/*`],
    profiles: `arn:${partition}:iam::${account}:instance-profile/*`,
    queues: arn('sqs', all),
    rules: arn('events', `rule/${all}`),
    logGroups: arn('logs', `log-group:/rekback/${place.name}/*`),
    function: names.function.arn,
    mappings: arn('lambda', 'event-source-mapping:*'),
    batch: (kind: string) => arn('batch', `${kind}/${all}`),
    jobs: arn('batch', 'job/*'),
    groups: arn('ec2', 'security-group/*'),
    networks: arn('ec2', 'vpc/*'),
  };
}

/** Finds stacks, looks at their resources, searches. */
export function viewer(scope: Scope): Statement[] {
  const { names, images, roles, queues, rules, logGroups, mappings, function: live } = patternsOf(scope);
  const stackBucket = names.bucket.arn;
  return [
    anywhere(
      'tag:GetResources',
      ...of('batch', 'DescribeComputeEnvironments', 'DescribeJobDefinitions', 'DescribeJobQueues'),
      ...of('batch', 'DescribeJobs', 'ListJobs'),
      ...of('lambda', 'GetEventSourceMapping', 'ListEventSourceMappings'),
      'logs:DescribeLogGroups',
      'ec2:DescribeSecurityGroups',
    ),
    allow(['s3:GetObject'], [`${stackBucket}/*`, `${images}/*`]),
    allow(
      of(
        's3',
        'GetBucketLocation',
        'GetBucketNotification',
        'GetBucketPolicy',
        'GetBucketPublicAccessBlock',
        'GetBucketTagging',
        'GetBucketVersioning',
        'GetEncryptionConfiguration',
        'GetInventoryConfiguration',
        'GetLifecycleConfiguration',
        'ListBucket',
      ),
      [stackBucket, images],
    ),
    allow(of('iam', 'GetRole', 'GetRolePolicy'), [roles]),
    allow(of('sqs', 'GetQueueAttributes', 'GetQueueUrl', 'ListQueueTags'), [queues]),
    allow(of('events', 'DescribeRule', 'ListTagsForResource', 'ListTargetsByRule'), [rules]),
    allow(of('logs', 'FilterLogEvents', 'ListTagsForResource'), [logGroups]),
    allow(['lambda:GetFunction'], [live]),
    allow(['lambda:ListTags'], [live, mappings]),
    allow(of('ecr', 'DescribeImages', 'DescribeRepositories', 'GetLifecyclePolicy', 'ListTagsForResource'), [
      names.repository.arn,
    ]),
    allow(of('es', 'DescribeDomain', 'ListTags'), [names.domain.arn]),
    allow(['sts:AssumeRole'], [names.roles.search.arn]),
  ];
}

/** Starts and ends backfills, pauses live changes, brings dead letters back, changes settings. */
export function operator(scope: Scope): Statement[] {
  const { names, jobs, batch, mappings, function: live } = patternsOf(scope);
  return [
    anywhere(
      'cloudwatch:GetMetricData',
      'servicequotas:GetAWSDefaultServiceQuota',
      'servicequotas:GetServiceQuota',
    ),
    allow(of('s3', 'DeleteObject', 'PutObject'), [`${names.bucket.arn}/*`]),
    allow(['batch:SubmitJob'], [batch('job-definition'), batch('job-queue'), jobs]),
    allow(of('batch', 'CancelJob', 'TerminateJob'), [jobs]),
    allow(['lambda:UpdateEventSourceMapping'], [mappings], ofFunction(live)),
    // SQS moves dead letters with the rights of who asks for it.
    allow(of('sqs', 'DeleteMessage', 'ListMessageMoveTasks', 'ReceiveMessage', 'StartMessageMoveTask'), [
      names.deadLetters.arn,
    ]),
    allow(['sqs:SendMessage'], [names.queue.arn]),
    allow(['sts:AssumeRole'], [names.roles.admin.arn]),
  ];
}

/** Sets up and tears down, and runs the doctor. */
export function admin(scope: Scope): Statement[] {
  const patterns = patternsOf(scope);
  const { names, images, roles, linkedRoles, callers, profiles, queues, rules, logGroups } = patterns;
  const { mappings, batch, groups, networks, function: live } = patterns;
  const stackBucket = names.bucket.arn;
  return [
    anywhere(
      'lambda:GetAccountSettings',
      ...of('ec2', 'DescribeRouteTables', 'DescribeSubnets', 'DescribeVpcs'),
      'ecr:GetAuthorizationToken',
      'es:ListVersions',
      'events:ListRules',
      'organizations:DescribeEffectivePolicy',
    ),
    allow(
      of(
        's3',
        'CreateBucket',
        'DeleteBucket',
        'DeleteBucketPolicy',
        'ListBucketMultipartUploads',
        'ListBucketVersions',
        'PutBucketPolicy',
        'PutBucketPublicAccessBlock',
        'PutBucketTagging',
        'PutEncryptionConfiguration',
        'PutLifecycleConfiguration',
        'TagResource',
      ),
      [stackBucket],
    ),
    allow(of('s3', 'AbortMultipartUpload', 'DeleteObjectVersion'), [`${stackBucket}/*`]),
    allow(of('s3', 'PutBucketNotification', 'PutInventoryConfiguration'), [stackBucket, images]),
    allow(
      of(
        'iam',
        'CreateRole',
        'DeleteRole',
        'DeleteRolePolicy',
        'DetachRolePolicy',
        'ListAttachedRolePolicies',
        'ListInstanceProfilesForRole',
        'ListRolePolicies',
        'PutRolePermissionsBoundary',
        'PutRolePolicy',
        'TagRole',
        'UpdateAssumeRolePolicy',
      ),
      [roles],
    ),
    allow(['iam:RemoveRoleFromInstanceProfile'], [profiles]),
    allow(['iam:PassRole'], [roles], {
      StringEquals: {
        'iam:PassedToService': ['ecs-tasks.amazonaws.com', 'es.amazonaws.com', 'lambda.amazonaws.com'],
      },
    }),
    allow(['iam:CreateServiceLinkedRole'], [`${linkedRoles}/batch.amazonaws.com/*`], {
      StringEquals: { 'iam:AWSServiceName': 'batch.amazonaws.com' },
    }),
    allow(of('iam', 'GetRole', 'SimulatePrincipalPolicy'), callers),
    allow(of('sqs', 'CreateQueue', 'DeleteQueue', 'SetQueueAttributes', 'TagQueue'), [queues]),
    allow(of('events', 'DeleteRule', 'PutRule', 'PutTargets', 'RemoveTargets', 'TagResource'), [rules]),
    allow(of('logs', 'CreateLogGroup', 'DeleteLogGroup', 'PutRetentionPolicy', 'TagResource'), [logGroups]),
    allow(
      of(
        'lambda',
        'CreateFunction',
        'DeleteFunction',
        'TagResource',
        'UpdateFunctionCode',
        'UpdateFunctionConfiguration',
      ),
      [live],
    ),
    allow(['lambda:TagResource'], [mappings]),
    allow(['lambda:CreateEventSourceMapping'], ['*'], ofFunction(live)),
    allow(['lambda:DeleteEventSourceMapping'], [mappings], ofFunction(live)),
    allow(
      of(
        'ecr',
        'BatchCheckLayerAvailability',
        'CompleteLayerUpload',
        'CreateRepository',
        'DeleteRepository',
        'InitiateLayerUpload',
        'PutImage',
        'PutImageScanningConfiguration',
        'PutImageTagMutability',
        'PutLifecyclePolicy',
        'TagResource',
        'UploadLayerPart',
      ),
      [names.repository.arn],
    ),
    allow(['ec2:CreateSecurityGroup'], [groups, networks]),
    allow(['ec2:CreateTags'], [groups]),
    allow(
      of('ec2', 'AuthorizeSecurityGroupEgress', 'DeleteSecurityGroup', 'RevokeSecurityGroupIngress'),
      [groups],
      { StringLike: { 'aws:ResourceTag/rekback:stack': scope.place.name } },
    ),
    allow(
      of(
        'batch',
        'CreateComputeEnvironment',
        'CreateJobQueue',
        'DeleteComputeEnvironment',
        'DeleteJobQueue',
        'DeregisterJobDefinition',
        'RegisterJobDefinition',
        'TagResource',
        'UpdateComputeEnvironment',
        'UpdateJobQueue',
      ),
      ['compute-environment', 'job-definition', 'job-queue'].map(batch),
    ),
    allow(of('es', 'AddTags', 'CreateDomain', 'DeleteDomain', 'UpdateDomainConfig'), [names.domain.arn]),
  ];
}

/** A mapping's ARN says nothing of its function; this condition does. */
const ofFunction = (arn: string): NonNullable<Statement['Condition']> => ({
  ArnLike: { 'lambda:FunctionArn': arn },
});
