import { DescribeRouteTablesCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  CreateRepositoryCommand,
  DescribeRepositoriesCommand,
  ECRClient,
  GetAuthorizationTokenCommand,
} from '@aws-sdk/client-ecr';
import {
  AddRoleToInstanceProfileCommand,
  CreateInstanceProfileCommand,
  CreateRoleCommand,
  CreateServiceLinkedRoleCommand,
  GetInstanceProfileCommand,
  GetRoleCommand,
  IAMClient,
} from '@aws-sdk/client-iam';
import {
  CreateBucketCommand,
  DeleteBucketInventoryConfigurationCommand,
  GetBucketEncryptionCommand,
  GetBucketInventoryConfigurationCommand,
  GetBucketNotificationConfigurationCommand,
  GetBucketPolicyCommand,
  GetBucketTaggingCommand,
  HeadBucketCommand,
  type InventoryConfiguration,
  ListBucketInventoryConfigurationsCommand,
  PutBucketInventoryConfigurationCommand,
  PutBucketNotificationConfigurationCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { GetServiceQuotaCommand, ServiceQuotasClient } from '@aws-sdk/client-service-quotas';
import { CreateQueueCommand, GetQueueUrlCommand, SQSClient } from '@aws-sdk/client-sqs';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { preparePython } from '../python/venv.ts';
import { describeWith, lookFor } from '../requires.ts';
import { type Config, corrects } from './corrects.ts';
import { type CorrectedMoto, startCorrectedMoto } from './start.ts';

const REGISTRY = 'http://127.0.0.1:5000';
const Bucket = 'images';

async function withBucket(config: Config): Promise<S3Client> {
  const s3 = new S3Client(config);
  const Tags = [{ Key: 'rekback:stack', Value: 'a & b' }];
  const CreateBucketConfiguration = { LocationConstraint: 'eu-west-1' as const, Tags };
  await s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration }));
  return s3;
}

function inventory(Id: string): InventoryConfiguration {
  return {
    Id,
    IsEnabled: true,
    IncludedObjectVersions: 'Current',
    Schedule: { Frequency: 'Daily' },
    Filter: { Prefix: 'a b/' },
    OptionalFields: ['Size', 'ETag'],
    Destination: { S3BucketDestination: { Bucket: 'arn:aws:s3:::other', Format: 'Parquet', Prefix: 'inv' } },
  };
}

describeWith('corrected moto', await lookFor(preparePython), () => {
  let started: CorrectedMoto;
  const moto = () => started;
  beforeAll(async () => {
    started = await startCorrectedMoto({ registry: REGISTRY, managedPolicies: false });
  });
  afterAll(() => started.stop());

  corrects(
    'gives a bucket its tags when it is created',
    moto,
    async (config) => {
      const s3 = await withBucket(config);
      return (await s3.send(new GetBucketTaggingCommand({ Bucket }))).TagSet;
    },
    [{ Key: 'rekback:stack', Value: 'a & b' }],
  );

  corrects(
    'refuses a bucket of another owner than expected',
    moto,
    async (config) => {
      const s3 = await withBucket(config);
      const head = new HeadBucketCommand({ Bucket, ExpectedBucketOwner: '999999999999' });
      return s3.send(head).catch((error) => error.$metadata.httpStatusCode);
    },
    403,
  );

  corrects(
    'encrypts every bucket',
    moto,
    async (config) => {
      const s3 = await withBucket(config);
      const { ServerSideEncryptionConfiguration: found } = await s3.send(
        new GetBucketEncryptionCommand({ Bucket }),
      );
      return found?.Rules?.[0]?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm;
    },
    'AES256',
  );

  corrects(
    'weighs the conditions of a bucket policy, and reads it as it was put',
    moto,
    async (config) => {
      const s3 = await withBucket(config);
      const deny = {
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:*',
        Resource: `arn:aws:s3:::${Bucket}/*`,
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      };
      const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [deny] });
      await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
      await s3.send(new PutObjectCommand({ Bucket, Key: 'a', Body: 'a' }));
      const { Policy: found } = await s3.send(new GetBucketPolicyCommand({ Bucket }));
      return found === Policy;
    },
    true,
  );

  corrects(
    'keeps EventBridgeConfiguration until it is taken away',
    moto,
    async (config) => {
      const s3 = await withBucket(config);
      const put = (NotificationConfiguration: { EventBridgeConfiguration?: object }) =>
        s3.send(new PutBucketNotificationConfigurationCommand({ Bucket, NotificationConfiguration }));
      const get = async () => {
        const found = await s3.send(new GetBucketNotificationConfigurationCommand({ Bucket }));
        return found.EventBridgeConfiguration !== undefined;
      };
      await put({ EventBridgeConfiguration: {} });
      const before = await get();
      await put({});
      return [before, await get()];
    },
    [true, false],
  );

  corrects(
    'keeps inventory configurations as they are sent, and deletes only them',
    moto,
    async (config) => {
      const s3 = await withBucket(config);
      for (const Id of ['b', 'a']) {
        const InventoryConfiguration = inventory(Id);
        await s3.send(new PutBucketInventoryConfigurationCommand({ Bucket, Id, InventoryConfiguration }));
      }
      const list = await s3.send(new ListBucketInventoryConfigurationsCommand({ Bucket }));
      await s3.send(new DeleteBucketInventoryConfigurationCommand({ Bucket, Id: 'a' }));
      await s3.send(new HeadBucketCommand({ Bucket }));
      const get = (Id: string) => s3.send(new GetBucketInventoryConfigurationCommand({ Bucket, Id }));
      const left = await get('b');
      const gone = await get('a').catch((error) => [error.name, error.$metadata.httpStatusCode]);
      return [list.InventoryConfigurationList, left.InventoryConfiguration, gone];
    },
    [[inventory('a'), inventory('b')], inventory('b'), ['NoSuchConfiguration', 404]],
  );

  test('has no inventory in a bucket that is not there', async () => {
    const s3 = new S3Client(moto().client());
    const list = s3.send(new ListBucketInventoryConfigurationsCommand({ Bucket: 'nowhere' }));
    await expect(list).rejects.toThrow('The specified bucket does not exist');
  });

  corrects(
    "names service-linked roles as AWS does, and gives every role's trust policy encoded",
    moto,
    async (config) => {
      const iam = new IAMClient(config);
      await iam.send(
        new CreateServiceLinkedRoleCommand({ AWSServiceName: 'opensearchservice.amazonaws.com' }),
      );
      const RoleName = 'AWSServiceRoleForAmazonOpenSearchService';
      return (await iam.send(new GetRoleCommand({ RoleName }))).Role?.RoleName;
    },
    'AWSServiceRoleForAmazonOpenSearchService',
  );

  corrects(
    "encodes a role's trust policy wherever the role is shown",
    moto,
    async (config) => {
      const iam = new IAMClient(config);
      const names = { InstanceProfileName: 'p', RoleName: 'r' };
      await iam.send(new CreateInstanceProfileCommand(names));
      const AssumeRolePolicyDocument = '{"Version":"2012-10-17","Statement":[]}';
      await iam.send(new CreateRoleCommand({ ...names, AssumeRolePolicyDocument }));
      await iam.send(new AddRoleToInstanceProfileCommand(names));
      const { InstanceProfile } = await iam.send(new GetInstanceProfileCommand(names));
      return InstanceProfile?.Roles?.[0]?.AssumeRolePolicyDocument;
    },
    '%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D',
  );

  corrects(
    'gives a registry token that is good for 12 hours',
    moto,
    async (config) => {
      const { authorizationData: [given] = [] } = await new ECRClient(config).send(
        new GetAuthorizationTokenCommand({}),
      );
      const [user = '', password = ''] = Buffer.from(given?.authorizationToken ?? '', 'base64')
        .toString('utf8')
        .split(':');
      const hours = Math.round(((given?.expiresAt?.getTime() ?? 0) - Date.now()) / 3_600_000);
      return [user, password.length > 1000, hours];
    },
    ['AWS', true, 12],
  );

  corrects(
    'points to a registry on this machine',
    moto,
    async (config) => {
      const ecr = new ECRClient(config);
      await ecr.send(new CreateRepositoryCommand({ repositoryName: 'r' }));
      const { repositories } = await ecr.send(new DescribeRepositoriesCommand({}));
      const { authorizationData } = await ecr.send(new GetAuthorizationTokenCommand({}));
      return [repositories?.[0]?.repositoryUri, authorizationData?.[0]?.proxyEndpoint];
    },
    ['127.0.0.1:5000/r', REGISTRY],
  );

  corrects(
    'has a way out of the default VPC',
    moto,
    async (config) => {
      const { RouteTables } = await new EC2Client(config).send(new DescribeRouteTablesCommand({}));
      const routes = RouteTables?.[0]?.Routes ?? [];
      return routes.find((each) => each.DestinationCidrBlock === '0.0.0.0/0')?.GatewayId?.slice(0, 4);
    },
    'igw-',
  );

  corrects(
    'knows the quotas that a stack depends on',
    moto,
    async (config) => {
      const quotas = new ServiceQuotasClient(config);
      const codes = [
        ['rekognition', 'L-E29B542B'],
        ['fargate', 'L-3032A538'],
        ['fargate', 'L-36FBB829'],
        ['lambda', 'L-B99A9384'],
        ['es', 'L-076D529E'],
      ];
      const found = codes.map(async ([ServiceCode, QuotaCode]) => {
        const { Quota } = await quotas.send(new GetServiceQuotaCommand({ ServiceCode, QuotaCode }));
        return Quota?.Value;
      });
      return await Promise.all(found);
    },
    [50, 6, 6, 1000, 100],
  );

  test('leaves all else to moto: queues, callers, errors', async () => {
    await moto().reset();
    const sqs = new SQSClient(moto().client());
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'q' }));
    // The Host header is kept, so that the queue's address leads through the proxy.
    expect(QueueUrl).toBe(`${moto().url}/123456789012/q`);
    await expect(sqs.send(new GetQueueUrlCommand({ QueueName: 'none' }))).rejects.toThrow(/does not exist/);
    const { Account } = await new STSClient(moto().client()).send(new GetCallerIdentityCommand({}));
    expect(Account).toBe('123456789012');
    const s3 = await withBucket(moto().client());
    const junk = s3.send(new PutBucketPolicyCommand({ Bucket: 'none', Policy: '{}' }));
    await expect(junk).rejects.toThrow('The specified bucket does not exist');
  });
});
