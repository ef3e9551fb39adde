import type { Attempt } from './simulate.ts';

const ACCOUNT = '111122223333';
const arn = (service: string, resource: string) => `arn:aws:${service}:eu-west-1:${ACCOUNT}:${resource}`;

const STACK = `arn:aws:s3:::rekback-photos-${ACCOUNT}-eu-west-1`;
const IMAGES = 'arn:aws:s3:::images';
const INDEX = `${arn('es', 'domain/rekback-photos')}/rekback-1/_search`;
const ANYTHING = '*';

const to = (resource: string, ...actions: string[]): Attempt[] =>
  actions.map((action) => ({ action, resource }));

/** What a role of a stack called `photos`, about the keys `cats/…` of the bucket `images`, has to do, and what it must not. */
export interface RoleCalls {
  must: readonly Attempt[];
  never: readonly Attempt[];
}

const readImages = [
  ...to(`${IMAGES}/cats/dog.jpg`, 's3:GetObject', 's3:GetObjectVersion'),
  ...to(IMAGES, 's3:ListBucket'),
];
const keepObjects = [
  ...to(`${STACK}/runs/1/chunks/0`, 's3:GetObject', 's3:PutObject', 's3:DeleteObject'),
  ...to(STACK, 's3:ListBucket'),
];
const detectLabels = to(ANYTHING, 'rekognition:DetectLabels');
const writeIndex = to(INDEX, 'es:ESHttpGet', 'es:ESHttpHead', 'es:ESHttpPost', 'es:ESHttpPut');
const readQuotas = [
  ...to(arn('servicequotas', 'rekognition/L-E29B542B'), 'servicequotas:GetServiceQuota'),
  ...to(ANYTHING, 'servicequotas:GetAWSDefaultServiceQuota'),
];
const watchJobs = to(ANYTHING, 'batch:DescribeJobs', 'batch:ListJobs');
const submit = (...resources: string[]) =>
  resources.flatMap((resource) => to(arn('batch', resource), 'batch:SubmitJob'));

/** What no role of a stack may do. */
export const NEVER: readonly Attempt[] = [
  // Images are read and nothing else; those outside of the prefix, and other buckets, not at all.
  ...to(
    `${IMAGES}/cats/dog.jpg`,
    's3:PutObject',
    's3:DeleteObject',
    's3:DeleteObjectVersion',
    's3:PutObjectAcl',
  ),
  ...to(`${IMAGES}/dogs/dog.jpg`, 's3:GetObject'),
  ...to(
    IMAGES,
    's3:PutBucketNotification',
    's3:PutInventoryConfiguration',
    's3:PutBucketPolicy',
    's3:DeleteBucket',
  ),
  ...to('arn:aws:s3:::others/dog.jpg', 's3:GetObject', 's3:PutObject'),
  ...to('arn:aws:s3:::others', 's3:ListBucket'),
  ...to(`arn:aws:s3:::rekback-others-${ACCOUNT}-eu-west-1/stack.json`, 's3:GetObject', 's3:PutObject'),
  ...to(
    STACK,
    's3:DeleteBucket',
    's3:PutBucketPolicy',
    's3:DeleteBucketPolicy',
    's3:PutBucketPublicAccessBlock',
  ),
  ...to(ANYTHING, 's3:ListAllMyBuckets'),
  // The control plane of all that it uses.
  ...to(arn('es', 'domain/rekback-photos'), 'es:DeleteDomain', 'es:UpdateDomainConfig'),
  ...to(`${arn('es', 'domain/others')}/x/_search`, 'es:ESHttpGet', 'es:ESHttpPost'),
  ...to(
    arn('sqs', 'rekback-photos-live'),
    'sqs:DeleteQueue',
    'sqs:SetQueueAttributes',
    'sqs:SendMessage',
    'sqs:PurgeQueue',
  ),
  ...to(arn('sqs', 'rekback-others-live'), 'sqs:ReceiveMessage', 'sqs:DeleteMessage'),
  ...to(arn('lambda', 'function:rekback-photos-live'), 'lambda:InvokeFunction', 'lambda:UpdateFunctionCode'),
  ...to(arn('batch', 'job/1'), 'batch:TerminateJob', 'batch:CancelJob'),
  ...to(arn('batch', 'job-definition/rekback-photos-worker'), 'batch:RegisterJobDefinition'),
  ...to(arn('logs', 'log-group:/rekback/photos/jobs'), 'logs:CreateLogGroup', 'logs:DeleteLogGroup'),
  ...to(arn('logs', 'log-group:/rekback/photos/live'), 'logs:CreateLogGroup', 'logs:PutRetentionPolicy'),
  // Rights of its own or of others.
  ...to(`arn:aws:iam::${ACCOUNT}:role/rekback-photos-eu-west-1-admin`, 'sts:AssumeRole', 'iam:PassRole'),
  ...to(
    `arn:aws:iam::${ACCOUNT}:role/rekback-photos-eu-west-1-worker`,
    'iam:PutRolePolicy',
    'iam:UpdateAssumeRolePolicy',
  ),
  ...to(`arn:aws:iam::${ACCOUNT}:role/x`, 'iam:CreateRole', 'iam:AttachRolePolicy'),
  ...to(`arn:aws:iam::${ACCOUNT}:user/x`, 'iam:CreateUser', 'iam:CreateAccessKey'),
  // Rekognition's faces, and what it keeps.
  ...to(ANYTHING, 'rekognition:DetectFaces', 'rekognition:RecognizeCelebrities', 'rekognition:DetectText'),
  ...to(ANYTHING, 'rekognition:CompareFaces', 'rekognition:DetectModerationLabels'),
  ...to(ANYTHING, 'rekognition:CreateCollection'),
  ...to(arn('rekognition', 'collection/x'), 'rekognition:IndexFaces'),
  ...to(`arn:aws:secretsmanager:eu-west-1:${ACCOUNT}:secret:x`, 'secretsmanager:GetSecretValue'),
  ...to(arn('ssm', 'parameter/x'), 'ssm:GetParameter'),
  ...to(arn('kms', 'key/other'), 'kms:Decrypt'),
];

const LABELS_NOTHING = [...detectLabels, ...to(INDEX, 'es:ESHttpGet', 'es:ESHttpPost', 'es:ESHttpPut')];
const READS_NOTHING = [...readImages, ...keepObjects];

/** By the purpose of the role, which its name ends with. */
export const ROLE_CALLS: Readonly<Record<string, RoleCalls>> = {
  worker: {
    must: [...readImages, ...keepObjects, ...detectLabels, ...writeIndex],
    never: [
      ...to(INDEX, 'es:ESHttpDelete', 'es:ESHttpPatch'),
      ...to(arn('sqs', 'rekback-photos-live'), 'sqs:ReceiveMessage'),
      ...submit('job-definition/rekback-photos-worker:1', 'job-queue/rekback-photos-workers'),
      ...to(STACK, 's3:PutBucketNotification'),
    ],
  },
  planner: {
    must: [
      ...readImages,
      ...keepObjects,
      ...readQuotas,
      ...submit('job-definition/rekback-photos-worker:1', 'job-definition/rekback-photos-worker'),
      ...submit('job-queue/rekback-photos-workers', 'job-queue/rekback-photos-control'),
      ...watchJobs,
    ],
    never: [
      ...LABELS_NOTHING,
      ...submit('job-definition/rekback-photos-planner:1', 'job-definition/others:1', 'job-queue/others'),
      ...to(STACK, 's3:PutBucketNotification'),
    ],
  },
  live: {
    must: [
      ...to(
        arn('sqs', 'rekback-photos-live'),
        'sqs:ReceiveMessage',
        'sqs:DeleteMessage',
        'sqs:ChangeMessageVisibility',
        'sqs:GetQueueAttributes',
        'sqs:GetQueueUrl',
      ),
      ...readQuotas,
      ...to(
        arn('logs', 'log-group:/rekback/photos/live:log-stream:x'),
        'logs:CreateLogStream',
        'logs:PutLogEvents',
      ),
      ...readImages,
      ...keepObjects,
      ...detectLabels,
      ...writeIndex,
      ...submit('job-definition/rekback-photos-planner:7', 'job-queue/rekback-photos-control'),
      ...watchJobs,
      // The inventory's trigger, once it was used.
      ...to(STACK, 's3:GetBucketNotification', 's3:PutBucketNotification'),
      ...to(arn('sns', 'told'), 'sns:Publish'),
      ...to(arn('sqs', 'rekback-photos-dead-letters'), 'sqs:GetQueueAttributes', 'sqs:GetQueueUrl'),
    ],
    never: [
      ...to(INDEX, 'es:ESHttpDelete', 'es:ESHttpPatch'),
      ...to(arn('sqs', 'rekback-photos-dead-letters'), 'sqs:ReceiveMessage', 'sqs:DeleteMessage'),
      ...to(arn('sns', 'others'), 'sns:Publish'),
      ...to(arn('sns', 'told'), 'sns:Subscribe', 'sns:DeleteTopic'),
      ...submit(
        'job-definition/rekback-photos-worker:1',
        'job-queue/rekback-photos-workers',
        'job-queue/others',
      ),
      ...to(arn('logs', 'log-group:/rekback/photos/jobs:log-stream:x'), 'logs:PutLogEvents'),
      ...to(arn('logs', 'log-group:/others:log-stream:x'), 'logs:PutLogEvents'),
    ],
  },
  execution: {
    must: [
      ...to(ANYTHING, 'ecr:GetAuthorizationToken'),
      ...to(
        arn('ecr', 'repository/rekback/photos'),
        'ecr:BatchCheckLayerAvailability',
        'ecr:BatchGetImage',
        'ecr:GetDownloadUrlForLayer',
      ),
      ...to(
        arn('logs', 'log-group:/rekback/photos/jobs:log-stream:x'),
        'logs:CreateLogStream',
        'logs:PutLogEvents',
      ),
    ],
    never: [
      ...LABELS_NOTHING,
      ...READS_NOTHING,
      ...to(arn('ecr', 'repository/rekback/photos'), 'ecr:PutImage', 'ecr:BatchDeleteImage'),
      ...to(arn('ecr', 'repository/others'), 'ecr:BatchGetImage'),
      ...to(arn('logs', 'log-group:/rekback/photos/live:log-stream:x'), 'logs:PutLogEvents'),
    ],
  },
  admin: {
    must: [...writeIndex, ...to(INDEX, 'es:ESHttpDelete')],
    never: [...READS_NOTHING, ...detectLabels],
  },
  search: {
    must: [
      ...to(INDEX, 'es:ESHttpGet', 'es:ESHttpHead', 'es:ESHttpPost'),
      ...to(arn('es', 'domain/rekback-photos/_search/point_in_time'), 'es:ESHttpDelete'),
    ],
    never: [...READS_NOTHING, ...detectLabels, ...to(INDEX, 'es:ESHttpPut', 'es:ESHttpDelete')],
  },
};
