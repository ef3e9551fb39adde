import * as batch from '@aws-sdk/client-batch';
import * as logs from '@aws-sdk/client-cloudwatch-logs';
import * as ec2 from '@aws-sdk/client-ec2';
import * as ecr from '@aws-sdk/client-ecr';
import * as events from '@aws-sdk/client-eventbridge';
import * as iam from '@aws-sdk/client-iam';
import * as lambda from '@aws-sdk/client-lambda';
import * as opensearch from '@aws-sdk/client-opensearch';
import * as s3 from '@aws-sdk/client-s3';
import * as sqs from '@aws-sdk/client-sqs';
import { zipSync } from 'fflate';
import { MOTO_ACCOUNT as ACCOUNT } from '../moto/account.ts';
import type { CorrectedMoto } from '../moto/start.ts';

type Config = ReturnType<CorrectedMoto['client']>;

const REGION = 'eu-west-1';
const NAME = 'rekback-one';
const BUCKET = `${NAME}-${ACCOUNT}-${REGION}`;
const IMAGES = 'images-of-someone';
const ROLE = `arn:aws:iam::${ACCOUNT}:role/${NAME}`;
const QUEUE = `arn:aws:sqs:${REGION}:${ACCOUNT}:${NAME}`;
const tags = { 'rekback:stack': 'one' };
const Tags = [{ Key: 'rekback:stack', Value: 'one' }];

const policy = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });

/** Makes with plain calls everything that a stack is made of: what a control plane must at least be able to do. */
export async function makeStack(config: Config): Promise<void> {
  await makeStorage(config);
  await makeRole(config);
  await makeLive(config);
  await makeCompute(config);
  await makeDomain(config);
}

async function makeStorage(config: Config): Promise<void> {
  const client = new s3.S3Client(config);
  const CreateBucketConfiguration = { LocationConstraint: REGION, Tags } as const;
  await client.send(new s3.CreateBucketCommand({ Bucket: IMAGES }));
  const Bucket = BUCKET;
  await client.send(new s3.CreateBucketCommand({ Bucket, CreateBucketConfiguration }));
  const PublicAccessBlockConfiguration = {
    BlockPublicAcls: true,
    BlockPublicPolicy: true,
    IgnorePublicAcls: true,
    RestrictPublicBuckets: true,
  };
  await client.send(new s3.PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration }));
  const encryption = { Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' as const } }] };
  await client.send(
    new s3.PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration: encryption }),
  );
  const Policy = policy({
    Sid: 'inventory',
    Effect: 'Allow',
    Principal: { Service: 's3.amazonaws.com' },
    Action: 's3:PutObject',
    Resource: `arn:aws:s3:::${Bucket}/*`,
    Condition: { ArnLike: { 'aws:SourceArn': `arn:aws:s3:::${IMAGES}` } },
  });
  await client.send(new s3.PutBucketPolicyCommand({ Bucket, Policy }));
  const Rules = [
    { ID: 'old', Status: 'Enabled' as const, Filter: { Prefix: 'inventory/' }, Expiration: { Days: 14 } },
  ];
  await client.send(
    new s3.PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: { Rules } }),
  );
  const InventoryConfiguration: s3.InventoryConfiguration = {
    Id: NAME,
    IsEnabled: true,
    IncludedObjectVersions: 'Current',
    Schedule: { Frequency: 'Daily' },
    Destination: { S3BucketDestination: { Bucket: `arn:aws:s3:::${Bucket}`, Format: 'Parquet' } },
  };
  await client.send(
    new s3.PutBucketInventoryConfigurationCommand({ Bucket: IMAGES, Id: NAME, InventoryConfiguration }),
  );
}

async function makeRole(config: Config): Promise<void> {
  const client = new iam.IAMClient(config);
  const PolicyDocument = policy({ Effect: 'Allow', Action: '*', Resource: '*' });
  const boundary = await client.send(
    new iam.CreatePolicyCommand({ PolicyName: `${NAME}-boundary`, PolicyDocument }),
  );
  const Service = ['lambda.amazonaws.com', 'ecs-tasks.amazonaws.com'];
  await client.send(
    new iam.CreateRoleCommand({
      RoleName: NAME,
      AssumeRolePolicyDocument: policy({ Effect: 'Allow', Principal: { Service }, Action: 'sts:AssumeRole' }),
      PermissionsBoundary: boundary.Policy?.Arn,
      Tags,
    }),
  );
  await client.send(new iam.PutRolePolicyCommand({ RoleName: NAME, PolicyName: 'own', PolicyDocument }));
}

async function makeLive(config: Config): Promise<void> {
  const queues = new sqs.SQSClient(config);
  await queues.send(new sqs.CreateQueueCommand({ QueueName: `${NAME}-failed`, tags }));
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: `${QUEUE}-failed`, maxReceiveCount: 30 });
  const Policy = policy({
    Effect: 'Allow',
    Principal: { Service: 's3.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource: QUEUE,
  });
  const Attributes = { VisibilityTimeout: '5400', SqsManagedSseEnabled: 'true', RedrivePolicy, Policy };
  await queues.send(new sqs.CreateQueueCommand({ QueueName: NAME, Attributes, tags }));

  const groups = new logs.CloudWatchLogsClient(config);
  const logGroupName = `/rekback/one`;
  await groups.send(new logs.CreateLogGroupCommand({ logGroupName, tags }));
  await groups.send(new logs.PutRetentionPolicyCommand({ logGroupName, retentionInDays: 30 }));

  const functions = new lambda.LambdaClient(config);
  await functions.send(
    new lambda.CreateFunctionCommand({
      FunctionName: NAME,
      Role: ROLE,
      Runtime: 'nodejs22.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      Code: { ZipFile: zipSync({ 'index.mjs': new Uint8Array(1) }) },
      Timeout: 900,
      LoggingConfig: { LogFormat: 'JSON', LogGroup: logGroupName },
      Tags: tags,
    }),
  );
  await functions.send(
    new lambda.CreateEventSourceMappingCommand({
      FunctionName: NAME,
      EventSourceArn: QUEUE,
      BatchSize: 100,
      MaximumBatchingWindowInSeconds: 1,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 2 },
      Tags: tags,
    }),
  );

  const rules = new events.EventBridgeClient(config);
  const EventPattern = JSON.stringify({ source: ['aws.batch'], 'detail-type': ['Batch Job State Change'] });
  await rules.send(new events.PutRuleCommand({ Name: NAME, EventPattern, Tags }));
  await rules.send(new events.PutTargetsCommand({ Rule: NAME, Targets: [{ Id: 'live', Arn: QUEUE }] }));

  const Events: s3.Event[] = ['s3:ObjectCreated:*', 's3:ObjectRemoved:*', 's3:LifecycleExpiration:*'];
  const NotificationConfiguration = {
    QueueConfigurations: [{ Id: NAME, QueueArn: QUEUE, Events }],
    EventBridgeConfiguration: {},
  };
  await new s3.S3Client(config).send(
    new s3.PutBucketNotificationConfigurationCommand({ Bucket: IMAGES, NotificationConfiguration }),
  );
}

async function makeCompute(config: Config): Promise<void> {
  const registry = new ecr.ECRClient(config);
  await registry.send(
    new ecr.CreateRepositoryCommand({ repositoryName: NAME, imageTagMutability: 'IMMUTABLE', tags: Tags }),
  );
  const network = new ec2.EC2Client(config);
  const { Vpcs } = await network.send(new ec2.DescribeVpcsCommand({}));
  const TagSpecifications = [{ ResourceType: 'security-group' as const, Tags }];
  const { GroupId = '' } = await network.send(
    new ec2.CreateSecurityGroupCommand({
      GroupName: NAME,
      Description: 'rekback',
      VpcId: Vpcs?.[0]?.VpcId,
      TagSpecifications,
    }),
  );
  const { Subnets = [] } = await network.send(new ec2.DescribeSubnetsCommand({}));
  const subnets = Subnets.flatMap(({ SubnetId }) => SubnetId ?? []);
  const client = new batch.BatchClient(config);
  const { computeEnvironmentArn } = await client.send(
    new batch.CreateComputeEnvironmentCommand({
      computeEnvironmentName: NAME,
      type: 'MANAGED',
      state: 'ENABLED',
      computeResources: { type: 'FARGATE', maxvCpus: 4, subnets, securityGroupIds: [GroupId] },
      tags,
    }),
  );
  const computeEnvironmentOrder = [{ order: 1, computeEnvironment: computeEnvironmentArn }];
  await client.send(
    new batch.CreateJobQueueCommand({
      jobQueueName: NAME,
      priority: 1,
      state: 'ENABLED',
      computeEnvironmentOrder,
      tags,
    }),
  );
  const resourceRequirements = [
    { type: 'VCPU' as const, value: '1' },
    { type: 'MEMORY' as const, value: '2048' },
  ];
  const containers = [{ name: 'worker', image: 'i:1', resourceRequirements, essential: true }];
  await client.send(
    new batch.RegisterJobDefinitionCommand({
      jobDefinitionName: NAME,
      type: 'container',
      platformCapabilities: ['FARGATE'],
      ecsProperties: { taskProperties: [{ containers, executionRoleArn: ROLE, taskRoleArn: ROLE }] },
      tags,
    }),
  );
}

async function makeDomain(config: Config): Promise<void> {
  await new opensearch.OpenSearchClient(config).send(
    new opensearch.CreateDomainCommand({
      DomainName: NAME,
      EngineVersion: 'OpenSearch_2.19',
      ClusterConfig: { InstanceType: 't3.small.search', InstanceCount: 1 },
      EBSOptions: { EBSEnabled: true, VolumeType: 'gp3', VolumeSize: 20 },
      EncryptionAtRestOptions: { Enabled: true },
      NodeToNodeEncryptionOptions: { Enabled: true },
      DomainEndpointOptions: { EnforceHTTPS: true },
      AdvancedSecurityOptions: {
        Enabled: true,
        InternalUserDatabaseEnabled: false,
        MasterUserOptions: { MasterUserARN: ROLE },
      },
      TagList: Tags,
    }),
  );
}

/** Takes it all away again, but for the images' bucket and its other configuration. */
export async function removeStack(config: Config): Promise<void> {
  const storage = new s3.S3Client(config);
  await storage.send(new s3.DeleteBucketInventoryConfigurationCommand({ Bucket: IMAGES, Id: NAME }));
  await storage.send(
    new s3.PutBucketNotificationConfigurationCommand({ Bucket: IMAGES, NotificationConfiguration: {} }),
  );
  await storage.send(new s3.DeleteBucketCommand({ Bucket: BUCKET }));
  await storage.send(new s3.DeleteBucketCommand({ Bucket: IMAGES }));
  const functions = new lambda.LambdaClient(config);
  const { EventSourceMappings = [] } = await functions.send(new lambda.ListEventSourceMappingsCommand({}));
  for (const { UUID } of EventSourceMappings) {
    await functions.send(new lambda.DeleteEventSourceMappingCommand({ UUID }));
  }
  await functions.send(new lambda.DeleteFunctionCommand({ FunctionName: NAME }));
  const rules = new events.EventBridgeClient(config);
  await rules.send(new events.RemoveTargetsCommand({ Rule: NAME, Ids: ['live'] }));
  await rules.send(new events.DeleteRuleCommand({ Name: NAME }));
  const groups = new logs.CloudWatchLogsClient(config);
  await groups.send(new logs.DeleteLogGroupCommand({ logGroupName: '/rekback/one' }));
  const queues = new sqs.SQSClient(config);
  const { QueueUrls = [] } = await queues.send(new sqs.ListQueuesCommand({ QueueNamePrefix: NAME }));
  for (const QueueUrl of QueueUrls) await queues.send(new sqs.DeleteQueueCommand({ QueueUrl }));
  const client = new batch.BatchClient(config);
  await client.send(new batch.DeregisterJobDefinitionCommand({ jobDefinition: `${NAME}:1` }));
  await client.send(new batch.UpdateJobQueueCommand({ jobQueue: NAME, state: 'DISABLED' }));
  await client.send(new batch.DeleteJobQueueCommand({ jobQueue: NAME }));
  const computeEnvironment = NAME;
  await client.send(new batch.UpdateComputeEnvironmentCommand({ computeEnvironment, state: 'DISABLED' }));
  await client.send(new batch.DeleteComputeEnvironmentCommand({ computeEnvironment }));
  await new ecr.ECRClient(config).send(
    new ecr.DeleteRepositoryCommand({ repositoryName: NAME, force: true }),
  );
  await new ec2.EC2Client(config).send(new ec2.DeleteSecurityGroupCommand({ GroupName: NAME }));
  await new opensearch.OpenSearchClient(config).send(
    new opensearch.DeleteDomainCommand({ DomainName: NAME }),
  );
  const roles = new iam.IAMClient(config);
  await roles.send(new iam.DeleteRolePolicyCommand({ RoleName: NAME, PolicyName: 'own' }));
  await roles.send(new iam.DeleteRoleCommand({ RoleName: NAME }));
  await roles.send(
    new iam.DeletePolicyCommand({ PolicyArn: `arn:aws:iam::${ACCOUNT}:policy/${NAME}-boundary` }),
  );
}
