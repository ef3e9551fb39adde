import { DETECT_LABELS_QUOTA } from '../../aws/quotas.ts';
import type { Names } from '../../stack/aws-names.ts';
import type { AwsSpec } from '../../stack/aws-spec.ts';
import type { Context } from '../context.ts';
import type { Statement } from './policy.ts';

const allow = (
  Sid: string,
  Action: readonly string[],
  Resource: readonly string[],
  Condition?: Statement['Condition'],
): Statement => ({ Sid, Effect: 'Allow', Action, Resource, ...(Condition && { Condition }) });

const imagesArn = ({ partition, bucket }: AwsSpec) => `arn:${partition}:s3:::${bucket}`;

/** Reading the images. Without s3:ListBucket a missing key is answered 403, not 404, and could not be told from a denied one. */
export function readImages({ spec }: Context): Statement[] {
  const { partition, prefix, kmsKey } = spec;
  const images = imagesArn(spec);
  return [
    allow('ReadImages', ['s3:GetObject', 's3:GetObjectVersion'], [`${images}/${prefix}*`]),
    allow('ListImages', ['s3:ListBucket'], [images]),
    ...(kmsKey === undefined
      ? []
      : [
          allow('DecryptImages', ['kms:Decrypt'], [kmsKey], {
            StringLike: { 'kms:ViaService': `s3.*.amazonaws.com${partition === 'aws-cn' ? '.cn' : ''}` },
          }),
        ]),
  ];
}

/** What the stack remembers: records, runs, chunks, leases and the label archive. */
export const keepObjects = ({ bucket }: Names): Statement[] => [
  allow('KeepObjects', ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'], [`${bucket.arn}/*`]),
  allow('ListObjects', ['s3:ListBucket'], [bucket.arn]),
];

/** Rekognition knows no resources for it. */
export const detectLabels = (): Statement => allow('DetectLabels', ['rekognition:DetectLabels'], ['*']);

/** How many calls of Rekognition the account may make; AWS's default for everybody is no resource. */
export function readQuotas({ spec: { partition, region, account } }: Context): Statement[] {
  const quota = `arn:${partition}:servicequotas:${region}:${account}:${DETECT_LABELS_QUOTA.join('/')}`;
  return [
    allow('ReadQuota', ['servicequotas:GetServiceQuota'], [quota]),
    allow('ReadDefaultQuota', ['servicequotas:GetAWSDefaultServiceQuota'], ['*']),
  ];
}

/** The HTTP methods of the index, one by one: `es:ESHttp*` would let indices be deleted. */
export function useIndex(
  context: Context,
  methods: readonly ('Get' | 'Head' | 'Post' | 'Put' | 'Delete')[],
): Statement[] {
  const arn = indexArn(context);
  if (arn === undefined) return [];
  return [
    allow(
      'UseIndex',
      methods.map((method) => `es:ESHttp${method}`),
      [`${arn}/*`],
    ),
  ];
}

/** Ending a scan, whose state the index would keep for minutes: all that may be deleted by who only reads. */
export function endScans(context: Context): Statement[] {
  const arn = indexArn(context);
  return arn === undefined ? [] : [allow('EndScans', ['es:ESHttpDelete'], [`${arn}/_search/point_in_time`])];
}

/**
 * The domain that the index is in; undefined for an endpoint that is no domain of OpenSearch Service: no right of IAM
 * applies there. Endpoints: https://docs.aws.amazon.com/general/latest/gr/opensearch-service.html
 */
function indexArn({ spec, names }: Context): string | undefined {
  if (spec.indexEndpoint === undefined) return names.domain.arn;
  const { hostname } = new URL(spec.indexEndpoint);
  const [, domain, region] = /^(?:search|vpc)-(.+)-[a-z0-9]{26}\.([a-z0-9-]+)\.es\./.exec(hostname) ?? [];
  return domain && `arn:${spec.partition}:es:${region}:${spec.account}:domain/${domain}`;
}

/** Submitting needs the right on the definition's revisions and on the queue; the lists know no resources. */
export function submitJobs(
  { spec }: Context,
  definitions: readonly { arn: string }[],
  queues: readonly { arn: string }[],
): Statement[] {
  const jobs = `arn:${spec.partition}:batch:${spec.region}:${spec.account}:job/*`;
  return [
    allow(
      'SubmitJobs',
      ['batch:SubmitJob'],
      [...definitions.flatMap(({ arn }) => [arn, `${arn}:*`]), ...queues.map(({ arn }) => arn), jobs],
    ),
    allow('WatchJobs', ['batch:DescribeJobs', 'batch:ListJobs'], ['*']),
  ];
}

/** Writing, never making: a group that a teardown deleted must not come back. */
export const writeLogs = ({ arn }: { arn: string }): Statement =>
  allow('WriteLogs', ['logs:CreateLogStream', 'logs:PutLogEvents'], [`${arn}:*`]);

/** Pulling the image of the jobs; the login knows no resources. */
export function pullImage({ spec, names }: Context): Statement[] {
  const [, account, region, repository] =
    /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.[^/]+\/([^:@]+)/.exec(spec.imageUri) ?? [];
  const given = account && `arn:${spec.partition}:ecr:${region}:${account}:repository/${repository}`;
  return [
    allow('LogIn', ['ecr:GetAuthorizationToken'], ['*']),
    allow(
      'PullImage',
      ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
      [...new Set([names.repository.arn, ...(given ? [given] : [])])],
    ),
  ];
}

export const receiveChanges = ({ queue }: Names): Statement =>
  allow(
    'ReceiveChanges',
    [
      'sqs:ReceiveMessage',
      'sqs:DeleteMessage',
      'sqs:ChangeMessageVisibility',
      'sqs:GetQueueAttributes',
      'sqs:GetQueueUrl',
    ],
    [queue.arn],
  );

/** Telling of what happened, and counting what could not be carried out; none where nobody is to be told. */
export function notifyOthers({ spec: { notify = [] }, names }: Context): Statement[] {
  const topics = notify.filter((address) => address.startsWith('arn:'));
  return [
    ...(topics.length === 0 ? [] : [allow('Notify', ['sns:Publish'], topics)]),
    ...(notify.length === 0
      ? []
      : [allow('CountDeadLetters', ['sqs:GetQueueAttributes', 'sqs:GetQueueUrl'], [names.deadLetters.arn])]),
  ];
}

/** The inventory's trigger is removed once it was used. */
export const removeTrigger = ({ bucket }: Names): Statement =>
  allow('RemoveTrigger', ['s3:GetBucketNotification', 's3:PutBucketNotification'], [bucket.arn]);
