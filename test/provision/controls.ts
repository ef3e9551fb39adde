import type {
  EcsTaskProperties,
  RegisterJobDefinitionRequest,
  TaskContainerProperties,
} from '@aws-sdk/client-batch';
import type { CreateLogGroupRequest, PutRetentionPolicyRequest } from '@aws-sdk/client-cloudwatch-logs';
import type { AuthorizeSecurityGroupIngressRequest } from '@aws-sdk/client-ec2';
import type { CreateRepositoryRequest, PutLifecyclePolicyRequest } from '@aws-sdk/client-ecr';
import type {
  AddPermissionRequest,
  CreateFunctionRequest,
  CreateFunctionUrlConfigRequest,
} from '@aws-sdk/client-lambda';
import type { CreateDomainRequest, LogType } from '@aws-sdk/client-opensearch';
import type { PublicAccessBlockConfiguration, VersioningConfiguration } from '@aws-sdk/client-s3';
import type { CreateQueueRequest } from '@aws-sdk/client-sqs';
import type { Statement } from '../../src/provision/iam/policy.ts';
import type { Entry } from '../aws/kernel/journal.ts';
import { writtenPolicies } from './written-policies.ts';

/** Something that is not as a control wants it. */
export interface Finding {
  control: string;
  resource: string;
}

interface OnBucket {
  Bucket: string;
}

/** Requests by operation; S3's as they are on the wire. */
interface ByOperation {
  CreateBucket: OnBucket;
  PutPublicAccessBlock: OnBucket & { Document: PublicAccessBlockConfiguration };
  PutBucketLogging: OnBucket;
  PutBucketAcl: OnBucket;
  PutObjectAcl: OnBucket;
  PutBucketLifecycleConfiguration: OnBucket & { Document: { Rule: readonly object[] } };
  PutBucketEncryption: OnBucket & { Document: { Rule: readonly object[] } };
  PutBucketVersioning: OnBucket & { Document: VersioningConfiguration };
  CreateQueue: CreateQueueRequest;
  CreateFunction: CreateFunctionRequest;
  AddPermission: AddPermissionRequest;
  CreateFunctionUrlConfig: CreateFunctionUrlConfigRequest;
  CreateRepository: CreateRepositoryRequest;
  PutLifecyclePolicy: PutLifecyclePolicyRequest;
  CreateDomain: CreateDomainRequest;
  CreateLogGroup: CreateLogGroupRequest;
  PutRetentionPolicy: PutRetentionPolicyRequest;
  AuthorizeSecurityGroupIngress: AuthorizeSecurityGroupIngressRequest;
  RegisterJobDefinition: RegisterJobDefinitionRequest;
}
type Made = 'CreateBucket' | 'CreateRepository' | 'CreateLogGroup';

/** What was asked of AWS and not refused. */
class Requests {
  readonly entries: readonly Entry[];
  constructor(entries: readonly Entry[]) {
    this.entries = entries.filter(({ error }) => error === undefined);
  }
  of<Name extends keyof ByOperation>(name: Name): ByOperation[Name][] {
    return this.entries.flatMap(({ operation, input }) =>
      operation === name ? [input as ByOperation[Name]] : [],
    );
  }
  /** Names of what was made and for which another operation says nothing good. */
  lacking<Name extends keyof ByOperation>(
    made: Made,
    name: (input: Partial<Record<string, unknown>>) => unknown,
    operation: Name,
    isGood: (input: ByOperation[Name]) => boolean,
  ): string[] {
    const good = this.of(operation)
      .filter(isGood)
      .map((input) => name({ ...input }));
    const all = this.of(made).map((input) => name({ ...input }));
    return all.filter((each) => !good.includes(each)).map(String);
  }
  statements(resource: string | undefined): Statement[] {
    return writtenPolicies(this.entries).flatMap(({ name, kind, document }) =>
      kind === 'resource' && name === resource ? document.Statement : [],
    );
  }
}

const isPublic = ({ Effect, Principal }: Statement) =>
  Effect === 'Allow' && (Principal === '*' || (typeof Principal === 'object' && Principal.AWS === '*'));

const deniesPlain = ({ Effect, Principal, Condition }: Statement) =>
  Effect === 'Deny' && Principal === '*' && Condition?.Bool?.['aws:SecureTransport'] === 'false';

const buckets = (isBad: (statements: Statement[]) => boolean) => (requests: Requests) =>
  requests.of('CreateBucket').flatMap(({ Bucket }) => (isBad(requests.statements(Bucket)) ? [Bucket] : []));

const bucketsWithout =
  <Name extends `PutBucket${string}` | 'PutPublicAccessBlock'>(
    operation: Name & keyof ByOperation,
    isGood: (input: ByOperation[Name & keyof ByOperation]) => boolean,
  ) =>
  (requests: Requests) =>
    requests.lacking('CreateBucket', ({ Bucket }) => Bucket, operation, isGood);

const logGroups = (isGood: (days: number) => boolean) => (requests: Requests) =>
  requests.lacking(
    'CreateLogGroup',
    ({ logGroupName }) => logGroupName,
    'PutRetentionPolicy',
    ({ retentionInDays = 0 }) => isGood(retentionInDays),
  );

/** Gives those requests of a kind of which something is bad, by the name that is in them. */
const those =
  <Name extends keyof ByOperation>(operation: Name, name: (input: ByOperation[Name]) => string | undefined) =>
  (isBad: (input: ByOperation[Name], statements: Statement[]) => boolean) =>
  (requests: Requests) =>
    requests
      .of(operation)
      .filter((input) => isBad(input, requests.statements(name(input))))
      .map((input) => String(name(input)));

const queues = those('CreateQueue', ({ QueueName }) => QueueName);
const functions = those('CreateFunction', ({ FunctionName }) => FunctionName);
const repositories = those('CreateRepository', ({ repositoryName }) => repositoryName);
const domains = those('CreateDomain', ({ DomainName }) => DomainName);
const definitions = those('RegisterJobDefinition', ({ jobDefinitionName }) => jobDefinitionName);

const jobs = (isBad: (container: TaskContainerProperties, task: EcsTaskProperties) => boolean) =>
  definitions(({ ecsProperties }) =>
    (ecsProperties?.taskProperties ?? []).some((task) =>
      task.containers?.some((container) => isBad(container, task)),
    ),
  );

const inLogs = (type: LogType) => (input: CreateDomainRequest) =>
  !input.LogPublishingOptions?.[type]?.Enabled;

/**
 * The controls of AWS Foundational Security Best Practices that are about what a stack is made of, by their id in Security
 * Hub (https://docs.aws.amazon.com/securityhub/latest/userguide/fsbp-standard.html), those for ECS tasks applied to Batch's;
 * without a number: what the standard does not ask. Each gives the names of what is not as it wants.
 */
export const CONTROLS: Readonly<Record<string, (requests: Requests) => string[]>> = {
  'S3.2 and S3.3: no public read or write': buckets((statements) => statements.some(isPublic)),
  'S3.5: only TLS': buckets((statements) => !statements.some(deniesPlain)),
  'S3.8: public access is blocked': bucketsWithout(
    'PutPublicAccessBlock',
    ({ Document }) =>
      Document.BlockPublicAcls === true &&
      Document.IgnorePublicAcls === true &&
      Document.BlockPublicPolicy === true &&
      Document.RestrictPublicBuckets === true,
  ),
  'S3.9: access is logged': bucketsWithout('PutBucketLogging', () => true),
  'S3.12: no access control lists': (requests) =>
    [...requests.of('PutBucketAcl'), ...requests.of('PutObjectAcl')].map(({ Bucket }) => Bucket),
  'S3.13: a lifecycle': bucketsWithout(
    'PutBucketLifecycleConfiguration',
    ({ Document }) => Document.Rule.length > 0,
  ),
  'S3: encryption at rest': bucketsWithout('PutBucketEncryption', ({ Document }) => Document.Rule.length > 0),
  'S3.14: versioning': bucketsWithout('PutBucketVersioning', ({ Document }) => Document.Status === 'Enabled'),
  'SQS.1: encryption at rest': queues(({ Attributes }) => Attributes?.SqsManagedSseEnabled !== 'true'),
  'SQS.3: no public access': queues((_, statements) => statements.some(isPublic)),
  'SQS: only TLS': queues((_, statements) => !statements.some(deniesPlain)),
  'Lambda.1: no public access': (requests) =>
    [...requests.of('AddPermission'), ...requests.of('CreateFunctionUrlConfig')].map(
      ({ FunctionName }) => `${FunctionName}`,
    ),
  'Lambda.2: a supported runtime': functions(({ Runtime }) => !/^nodejs(22|24)\.x$/.test(Runtime ?? '')),
  'ECR.1: images are scanned': repositories((input) => !input.imageScanningConfiguration?.scanOnPush),
  'ECR.2: tags are immutable': repositories(({ imageTagMutability }) => imageTagMutability !== 'IMMUTABLE'),
  'ECR.3: a lifecycle policy': (requests) =>
    requests.lacking(
      'CreateRepository',
      ({ repositoryName }) => repositoryName,
      'PutLifecyclePolicy',
      () => true,
    ),
  'Opensearch.1: encryption at rest': domains((input) => !input.EncryptionAtRestOptions?.Enabled),
  'Opensearch.2: in a VPC': domains(({ VPCOptions }) => VPCOptions === undefined),
  'Opensearch.3: encryption between nodes': domains((input) => !input.NodeToNodeEncryptionOptions?.Enabled),
  'Opensearch.4: errors are logged': domains(inLogs('ES_APPLICATION_LOGS')),
  'Opensearch.5: audit logs': domains(inLogs('AUDIT_LOGS')),
  'Opensearch.6: at least three data nodes': domains(
    ({ ClusterConfig }) => (ClusterConfig?.InstanceCount ?? 0) < 3,
  ),
  'Opensearch.7: fine-grained access control': domains((input) => !input.AdvancedSecurityOptions?.Enabled),
  'Opensearch.8: HTTPS with the newest TLS policy': domains(
    ({ DomainEndpointOptions: endpoint }) =>
      !endpoint?.EnforceHTTPS || endpoint.TLSSecurityPolicy !== 'Policy-Min-TLS-1-2-PFS-2023-10',
  ),
  'Opensearch.10: software updates': domains(
    (input) => !input.SoftwareUpdateOptions?.AutoSoftwareUpdateEnabled,
  ),
  'Opensearch.11: three dedicated master nodes': domains(
    ({ ClusterConfig }) => (ClusterConfig?.DedicatedMasterCount ?? 0) < 3,
  ),
  'Opensearch: no open policy, no passwords': domains(
    ({ AdvancedSecurityOptions: access }, statements) =>
      statements.some(isPublic) || access?.InternalUserDatabaseEnabled !== false,
  ),
  'CloudWatch: logs are not kept for ever': logGroups((days) => days > 0),
  'CloudWatch.16: logs are kept for a year': logGroups((days) => days >= 365),
  'EC2.18 and EC2.19: nobody reaches the workers': (requests) =>
    requests.of('AuthorizeSecurityGroupIngress').map(({ GroupId }) => `${GroupId}`),
  'ECS.2: no public addresses': jobs((_, task) => task.networkConfiguration?.assignPublicIp !== 'DISABLED'),
  'ECS.4: not privileged': jobs(
    ({ privileged, linuxParameters }) => privileged || linuxParameters !== undefined,
  ),
  'ECS.5: a read-only root file system': jobs((container) => !container.readonlyRootFilesystem),
  'ECS.8: no secrets in the environment': jobs(({ environment = [] }) =>
    environment.some(({ name = '' }) => /KEY|SECRET|TOKEN|PASSWORD|CREDENTIAL/.test(name)),
  ),
  'ECS.9: a log': jobs((container) => container.logConfiguration?.logDriver !== 'awslogs'),
  'ECS.10: the newest platform of Fargate': jobs((_, task) => task.platformVersion !== 'LATEST'),
  'ECS.20: not the root user': jobs(({ user }) => user === undefined || user === 'root' || user === '0'),
};

/** All that the controls say against these requests, each once. */
export function findings(entries: readonly Entry[]): Finding[] {
  const requests = new Requests(entries);
  return Object.entries(CONTROLS).flatMap(([control, fails]) =>
    [...new Set(fails(requests))].map((resource) => ({ control, resource: String(resource) })),
  );
}
