import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  PutResourcePolicyCommand,
} from '@aws-sdk/client-cloudwatch-logs';
import {
  CreateSecurityGroupCommand,
  DeleteSecurityGroupCommand,
  DescribeSubnetsCommand,
  EC2Client,
} from '@aws-sdk/client-ec2';
import { CreateRoleCommand, CreateServiceLinkedRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import {
  CreateDomainCommand,
  type CreateDomainCommandInput,
  DeleteDomainCommand,
  DescribeDomainCommand,
  DescribeDomainConfigCommand,
  ListDomainNamesCommand,
  OpenSearchClient,
  UpdateDomainConfigCommand,
  type UpdateDomainConfigCommandInput,
} from '@aws-sdk/client-opensearch';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { World } from '../kernel/world.ts';
import { startWorld } from '../world.ts';
import { indexEndpoint } from './endpoint.ts';

let world: World;
let es: OpenSearchClient;
let iam: IAMClient;
const DomainName = 'images';
const arn = 'arn:aws:es:eu-west-1:111122223333:domain/images';
beforeAll(async () => {
  world = await startWorld();
  es = new OpenSearchClient(world.client());
  iam = new IAMClient(world.client());
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(async () => {
  await world.stop();
});

const small = {
  ClusterConfig: { InstanceType: 't3.small.search', InstanceCount: 1 },
  EBSOptions: { EBSEnabled: true, VolumeType: 'gp3', VolumeSize: 10 },
} satisfies Partial<CreateDomainCommandInput>;
const secure = {
  ...small,
  DomainEndpointOptions: { EnforceHTTPS: true, TLSSecurityPolicy: 'Policy-Min-TLS-1-2-PFS-2023-10' },
  EncryptionAtRestOptions: { Enabled: true },
  NodeToNodeEncryptionOptions: { Enabled: true },
} satisfies Partial<CreateDomainCommandInput>;
const create = (more: Partial<CreateDomainCommandInput> = small) =>
  es.send(new CreateDomainCommand({ DomainName, ...more }));
const update = async (change: Partial<UpdateDomainConfigCommandInput>) =>
  (await es.send(new UpdateDomainConfigCommand({ DomainName, ...change }))).DomainConfig;
const status = async () => (await es.send(new DescribeDomainCommand({ DomainName }))).DomainStatus;
const remove = async () => (await es.send(new DeleteDomainCommand({ DomainName }))).DomainStatus;
const refused = (promise: Promise<unknown>, name: string, message = /./) =>
  expect(promise).rejects.toMatchObject({ name, message: expect.stringMatching(message) });
const role = (name: string) =>
  iam.send(
    new CreateRoleCommand({
      RoleName: name,
      AssumeRolePolicyDocument: JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { AWS: '111122223333' }, Action: 'sts:AssumeRole' }],
      }),
    }),
  );
const master = (options: object, internal = false) => ({
  ...secure,
  AdvancedSecurityOptions: {
    Enabled: true,
    InternalUserDatabaseEnabled: internal,
    MasterUserOptions: options,
  },
});

test('a domain is created, described with its defaults, and gone without a trace', async () => {
  const before = world.dump();
  await create({ ...small, EngineVersion: 'OpenSearch_2.19', TagList: [{ Key: 'stack', Value: 'x' }] });
  const domain = await status();
  expect(domain).toMatchObject({
    ARN: arn,
    DomainId: '111122223333/images',
    Created: true,
    Deleted: false,
    Processing: false,
    DomainProcessingStatus: 'Active',
    EngineVersion: 'OpenSearch_2.19',
    EBSOptions: { VolumeSize: 10, Iops: 3000, Throughput: 125 },
    EncryptionAtRestOptions: { Enabled: false },
    AutoTuneOptions: { State: 'DISABLED' },
  });
  expect(domain?.Endpoint).toMatch(/^search-images-[a-z0-9]{26}\.eu-west-1\.es\.amazonaws\.com$/);
  await refused(create(), 'ResourceAlreadyExistsException');
  const { DomainNames } = await es.send(new ListDomainNamesCommand({ EngineType: 'OpenSearch' }));
  expect(DomainNames).toEqual([{ DomainName, EngineType: 'OpenSearch' }]);
  expect((await remove())?.Deleted).toBe(true);
  await refused(status(), 'ResourceNotFoundException');
  expect(world.dump()).toBe(before);
});

test('with a delay a domain is Processing without an endpoint, and goes slowly', async () => {
  world.delays.openSearchDomain = 900_000;
  await create();
  expect(await status()).toMatchObject({ Processing: true, DomainProcessingStatus: 'Creating' });
  expect((await status())?.Endpoint).toBeUndefined();
  await refused(update({ AccessPolicies: '' }), 'ValidationException', /in progress/);
  await world.clock.advance(900_000);
  expect(await status()).toMatchObject({ Processing: false, Endpoint: expect.any(String) });
  const config = await update({ EBSOptions: { EBSEnabled: true, VolumeSize: 20 } });
  expect(config?.EBSOptions).toMatchObject({
    Options: { VolumeType: 'gp3', VolumeSize: 20 },
    Status: { State: 'Processing', UpdateVersion: 2 },
  });
  expect(config?.ClusterConfig?.Status?.State).toBe('Active');
  await world.clock.advance(900_000);
  const { DomainConfig } = await es.send(new DescribeDomainConfigCommand({ DomainName }));
  expect(DomainConfig?.EBSOptions?.Status?.State).toBe('Active');
  await remove();
  expect(await status()).toMatchObject({ Deleted: true, Processing: true });
  await refused(create(), 'ValidationException', /still being deleted/);
  await world.clock.advance(900_000);
  await create();
});

test('an update without a change is none; a dry run stores nothing', async () => {
  await create();
  expect((await update(small))?.EBSOptions?.Status?.UpdateVersion).toBe(1);
  const dry = await es.send(
    new UpdateDomainConfigCommand({ DomainName, DryRun: true, ClusterConfig: { InstanceCount: 2 } }),
  );
  expect(dry.DryRunResults?.DeploymentType).toBe('Blue/Green');
  expect((await status())?.ClusterConfig?.InstanceCount).toBe(1);
});

test.each<[string, object, string, RegExp]>([
  ['no volume', { ClusterConfig: small.ClusterConfig }, 'ValidationException', /EBS storage/],
  [
    'too large',
    { ...small, EBSOptions: { EBSEnabled: true, VolumeSize: 500 } },
    'LimitExceededException',
    /10 and 100/,
  ],
  [
    'own disks',
    { ...small, ClusterConfig: { InstanceType: 'r6gd.large.search' } },
    'ValidationException',
    /not supported/,
  ],
  [
    'throughput',
    { ...small, EBSOptions: { EBSEnabled: true, VolumeSize: 10, VolumeType: 'gp2', Throughput: 200 } },
    'ValidationException',
    /Throughput/,
  ],
  [
    'odd nodes',
    { ...small, ClusterConfig: { ...small.ClusterConfig, InstanceCount: 3, ZoneAwarenessEnabled: true } },
    'ValidationException',
    /even number/,
  ],
  [
    'Auto-Tune',
    { ...small, AutoTuneOptions: { DesiredState: 'ENABLED' } },
    'ValidationException',
    /Autotune/,
  ],
  [
    'masters',
    {
      ...small,
      ClusterConfig: {
        ...small.ClusterConfig,
        DedicatedMasterEnabled: true,
        DedicatedMasterType: 'm6g.large.search',
        DedicatedMasterCount: 2,
      },
    },
    'ValidationException',
    /three or five/,
  ],
  ['version', { ...small, EngineVersion: 'OpenSearch_2.18' }, 'ValidationException', /Unsupported/],
  [
    'fine-grained without HTTPS',
    {
      ...master({ MasterUserName: 'admin', MasterUserPassword: 'Abcdef1!' }, true),
      DomainEndpointOptions: {},
    },
    'ValidationException',
    /HTTPS/,
  ],
  [
    'both masters',
    master({ MasterUserName: 'admin', MasterUserARN: 'arn:aws:iam::111122223333:role/a' }),
    'ValidationException',
    /cannot be used together/,
  ],
  [
    'weak password',
    master({ MasterUserName: 'admin', MasterUserPassword: 'abcdefgh' }, true),
    'ValidationException',
    /uppercase/,
  ],
  [
    'missing master role',
    master({ MasterUserARN: 'arn:aws:iam::111122223333:role/gone' }),
    'ValidationException',
    /has not propagated yet/,
  ],
])('refused: %s', async (_what, input, name, message) => {
  await refused(create(input), name, message);
  expect(world.dump()).not.toContain('images');
});

test('a master role counts once it has propagated; the answer never names it', async () => {
  world.delays.iamPropagation = 10_000;
  await role('admin');
  const input = master({ MasterUserARN: 'arn:aws:iam::111122223333:role/admin' });
  await refused(create(input), 'ValidationException', /has not propagated yet/);
  await world.clock.advance(10_000);
  await create(input);
  const domain = await status();
  expect(domain?.AdvancedSecurityOptions).toMatchObject({ Enabled: true });
  expect(JSON.stringify(domain)).not.toContain('role/admin');
  expect(domain?.EncryptionAtRestOptions?.KmsKeyId).toMatch(/^arn:aws:kms:eu-west-1:111122223333:key\//);
  await refused(
    update({ NodeToNodeEncryptionOptions: { Enabled: false } }),
    'ValidationException',
    /cannot disable/,
  );
});

test('access policies are of this domain, name known principals, and are not open without control', async () => {
  const policy = (Principal: object | string, Action = 'es:ESHttpGet') =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal, Action, Resource: `${arn}/*` }],
    });
  const who = { AWS: 'arn:aws:iam::111122223333:role/search' };
  await refused(create({ ...small, AccessPolicies: policy(who) }), 'InvalidTypeException', /setting policy/);
  await role('search');
  await refused(create({ ...small, AccessPolicies: policy(who, 's3:GetObject') }), 'InvalidTypeException');
  await refused(create({ ...small, AccessPolicies: policy('*') }), 'ValidationException', /fine-grained/);
  await create({ ...small, AccessPolicies: policy(who) });
  expect((await status())?.AccessPolicies).toBe(policy(who));
});

test('a domain in a VPC needs the linked role and a subnet a zone, and holds its group', async () => {
  const ec2 = new EC2Client(world.client());
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({}));
  const subnets = Subnets.map((each) => each.SubnetId ?? '');
  const { GroupId = '' } = await ec2.send(
    new CreateSecurityGroupCommand({ GroupName: 'domain', Description: 'domain' }),
  );
  const inVpc = (SubnetIds: string[]) => ({
    ...small,
    VPCOptions: { SubnetIds, SecurityGroupIds: [GroupId] },
  });
  await refused(create(inVpc(subnets.slice(0, 1))), 'ValidationException', /service-linked role/);
  await iam.send(new CreateServiceLinkedRoleCommand({ AWSServiceName: 'opensearchservice.amazonaws.com' }));
  await refused(create(inVpc(subnets)), 'ValidationException', /exactly one subnet/);
  await create(inVpc(subnets.slice(0, 1)));
  const domain = await status();
  expect(domain?.Endpoint).toBeUndefined();
  expect(domain?.Endpoints?.vpc).toMatch(/^vpc-images-/);
  expect(domain?.VPCOptions).toMatchObject({ VPCId: expect.any(String), AvailabilityZones: ['eu-west-1a'] });
  const drop = () => ec2.send(new DeleteSecurityGroupCommand({ GroupId }));
  await refused(drop(), 'DependencyViolation');
  await refused(
    update({ VPCOptions: { SubnetIds: [], SecurityGroupIds: [] } }),
    'ValidationException',
    /switch/,
  );
  await remove();
  await drop();
});

test('logs are published only to groups whose account lets the service in', async () => {
  const logs = new CloudWatchLogsClient(world.client());
  const group = 'arn:aws:logs:eu-west-1:111122223333:log-group:/rekback/index';
  const LogPublishingOptions = { ES_APPLICATION_LOGS: { CloudWatchLogsLogGroupArn: group, Enabled: true } };
  await logs.send(new CreateLogGroupCommand({ logGroupName: '/rekback/index' }));
  await refused(create({ ...small, LogPublishingOptions }), 'ValidationException', /Resource Access Policy/);
  const Statement = {
    Effect: 'Allow',
    Principal: { Service: 'es.amazonaws.com' },
    Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    Resource: `${group}:*`,
  };
  const policyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [Statement] });
  await logs.send(new PutResourcePolicyCommand({ policyName: 'index', policyDocument }));
  await create({ ...small, LogPublishingOptions });
  expect((await status())?.LogPublishingOptions?.ES_APPLICATION_LOGS?.Enabled).toBe(true);
});

test('a test can put its own index behind every domain', async () => {
  indexEndpoint(world, 'http://127.0.0.1:9200');
  await create();
  expect((await status())?.Endpoint).toBe('http://127.0.0.1:9200');
});
