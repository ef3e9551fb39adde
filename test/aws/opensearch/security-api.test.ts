import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CreateRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import {
  AddTagsCommand,
  CreateDomainCommand,
  DescribeDomainCommand,
  DescribeInstanceTypeLimitsCommand,
  GetCompatibleVersionsCommand,
  ListTagsCommand,
  ListVersionsCommand,
  OpenSearchClient,
  RemoveTagsCommand,
  UpgradeDomainCommand,
} from '@aws-sdk/client-opensearch';
import {
  GetResourcesCommand,
  ResourceGroupsTaggingAPIClient,
} from '@aws-sdk/client-resource-groups-tagging-api';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { World } from '../kernel/world.ts';
import { startWorld } from '../world.ts';
import { frontIndex } from './front.ts';

let world: World;
let es: OpenSearchClient;
const DomainName = 'images';
const roleArn = (name: string) => `arn:aws:iam::111122223333:role/${name}`;
beforeAll(async () => {
  world = await startWorld();
  es = new OpenSearchClient(world.client());
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(async () => {
  await world.stop();
});

interface Mapping {
  backend_roles: string[];
}

/** Requests to the domain as who has assumed the role. */
async function as(name: string) {
  const statement = { Effect: 'Allow', Principal: { AWS: '111122223333' }, Action: 'sts:AssumeRole' };
  await new IAMClient(world.client()).send(
    new CreateRoleCommand({
      RoleName: name,
      AssumeRolePolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement: [statement] }),
    }),
  );
  const { Credentials } = await new STSClient(world.client()).send(
    new AssumeRoleCommand({ RoleArn: roleArn(name), RoleSessionName: 'test' }),
  );
  return async (method: string, path: string, body?: unknown, base = world.url) => {
    const scope = `${Credentials?.AccessKeyId}/20260101/eu-west-1/es/aws4_request`;
    const response = await fetch(`${base}/_plugins/_security/api/${path}`, {
      method,
      headers: {
        authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`,
        'x-amz-security-token': Credentials?.SessionToken ?? '',
        'content-type': 'application/json',
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, Mapping> };
  };
}
const domain = (more: object = {}) =>
  es.send(
    new CreateDomainCommand({
      DomainName,
      ClusterConfig: { InstanceType: 't3.small.search' },
      EBSOptions: { EBSEnabled: true, VolumeSize: 10 },
      ...more,
    }),
  );
const secured = (master: string) =>
  domain({
    DomainEndpointOptions: { EnforceHTTPS: true },
    EncryptionAtRestOptions: { Enabled: true },
    NodeToNodeEncryptionOptions: { Enabled: true },
    AdvancedSecurityOptions: { Enabled: true, MasterUserOptions: { MasterUserARN: roleArn(master) } },
  });

test('the master role makes roles and maps them; what it did is in the dump and the journal', async () => {
  const admin = await as('admin');
  await secured('admin');
  const role = {
    cluster_permissions: [],
    index_permissions: [{ index_patterns: ['images*'], allowed_actions: ['read'] }],
  };
  const mapping = { backend_roles: [roleArn('search')] };
  expect(await admin('PUT', 'rolesmapping/search', mapping)).toMatchObject({ status: 404 });
  expect(await admin('PUT', 'roles/search', role)).toMatchObject({
    status: 201,
    body: { status: 'CREATED' },
  });
  expect(await admin('PUT', 'roles/search', role)).toMatchObject({ status: 200, body: { status: 'OK' } });
  expect(await admin('PUT', 'rolesmapping/search', mapping)).toMatchObject({ status: 201 });
  expect(await admin('GET', 'rolesmapping/search')).toMatchObject({
    status: 200,
    body: { search: { ...mapping, users: [], hosts: [], reserved: false } },
  });
  const patch = [{ op: 'add', path: '/backend_roles/-', value: roleArn('worker') }];
  expect(await admin('PATCH', 'rolesmapping/search', patch)).toMatchObject({ status: 200 });
  expect((await admin('GET', 'rolesmapping')).body.search?.backend_roles).toEqual([
    roleArn('search'),
    roleArn('worker'),
  ]);
  expect(world.dump()).toContain(roleArn('worker'));
  expect(await admin('DELETE', 'rolesmapping/search')).toMatchObject({ status: 200 });
  expect(await admin('DELETE', 'rolesmapping/search')).toMatchObject({ status: 404 });
  expect(world.dump()).not.toContain(roleArn('worker'));
  expect(world.journal.of('es', 'PutRolesMapping')).toMatchObject([
    { action: 'es:ESHttpPut', role: roleArn('admin') },
    {},
  ]);
});

test('others may not, until they are mapped to all_access; built-in roles stay as they are', async () => {
  const [admin, other] = [await as('admin'), await as('other')];
  await secured('admin');
  expect(await other('GET', 'roles/all_access')).toMatchObject({ status: 403 });
  expect((await admin('GET', 'rolesmapping/all_access')).body.all_access?.backend_roles).toEqual([
    roleArn('admin'),
  ]);
  const mapping = { backend_roles: [roleArn('admin'), roleArn('other')] };
  expect(await admin('PUT', 'rolesmapping/all_access', mapping)).toMatchObject({ status: 200 });
  expect(await other('GET', 'roles/all_access')).toMatchObject({ status: 200 });
  expect(await other('PUT', 'roles/all_access', {})).toMatchObject({ status: 403 });
});

test('two domains of one master are told apart by the host only', async () => {
  const admin = await as('admin');
  await secured('admin');
  await es.send(new CreateDomainCommand({ ...(await copy()), DomainName: 'others' }));
  expect(await admin('GET', 'roles')).toMatchObject({ status: 501 });
  expect(world.takeViolations()).toHaveLength(1);
});
async function copy() {
  const { DomainStatus: given } = await es.send(new DescribeDomainCommand({ DomainName }));
  return {
    ClusterConfig: given?.ClusterConfig,
    EBSOptions: given?.EBSOptions,
    DomainEndpointOptions: given?.DomainEndpointOptions,
    EncryptionAtRestOptions: given?.EncryptionAtRestOptions,
    NodeToNodeEncryptionOptions: given?.NodeToNodeEncryptionOptions,
    AdvancedSecurityOptions: { Enabled: true, MasterUserOptions: { MasterUserARN: roleArn('admin') } },
  };
}

test('behind one address the double answers for security and an index for the rest', async () => {
  const index = createServer((incoming, response) => {
    void incoming.toArray().then((chunks) => response.end(`${incoming.url} ${Buffer.concat(chunks)}`));
  });
  await new Promise<void>((resolve) => index.listen(0, '127.0.0.1', resolve));
  const front = await frontIndex(world, `http://127.0.0.1:${(index.address() as AddressInfo).port}`);
  const admin = await as('admin');
  await secured('admin');
  const { DomainStatus } = await es.send(new DescribeDomainCommand({ DomainName }));
  expect(DomainStatus?.Endpoint).toBe(front);
  expect(await admin('PUT', 'roles/search', {}, front)).toMatchObject({ status: 201 });
  const answer = await fetch(`${front}/images/_bulk?refresh=true`, { method: 'POST', body: '{}\n{}\n' });
  expect(await answer.text()).toBe('/images/_bulk?refresh=true {}\n{}\n');
  index.closeAllConnections();
  index.close();
});

test('versions are listed newest first, and a domain is upgraded along the supported ways', async () => {
  const { Versions = [] } = await es.send(new ListVersionsCommand({}));
  expect(Versions.slice(0, 4)).toEqual([
    'OpenSearch_3.5',
    'OpenSearch_3.3',
    'OpenSearch_3.1',
    'OpenSearch_2.19',
  ]);
  const first = await es.send(new ListVersionsCommand({ MaxResults: 3 }));
  const second = await es.send(new ListVersionsCommand({ MaxResults: 3, NextToken: first.NextToken }));
  expect([...(first.Versions ?? []), ...(second.Versions ?? [])]).toEqual(Versions.slice(0, 6));
  await domain({ EngineVersion: 'OpenSearch_2.17' });
  const targets = async () =>
    (await es.send(new GetCompatibleVersionsCommand({ DomainName }))).CompatibleVersions?.[0]?.TargetVersions;
  expect(await targets()).toEqual(['OpenSearch_2.19']);
  const upgrade = (TargetVersion: string) => es.send(new UpgradeDomainCommand({ DomainName, TargetVersion }));
  await expect(upgrade('OpenSearch_3.5')).rejects.toMatchObject({ name: 'ValidationException' });
  await upgrade('OpenSearch_2.19');
  expect(await targets()).toEqual(['OpenSearch_3.5', 'OpenSearch_3.3', 'OpenSearch_3.1']);
});

test('the limits of an instance type are told', async () => {
  const limits = await es.send(
    new DescribeInstanceTypeLimitsCommand({
      InstanceType: 't3.small.search',
      EngineVersion: 'OpenSearch_3.5',
    }),
  );
  const { data } = limits.LimitsByRole ?? {};
  expect(data?.InstanceLimits?.InstanceCountLimits?.MaximumInstanceCount).toBe(10);
  expect(data?.StorageTypes?.[0]?.StorageTypeLimits?.[1]).toEqual({
    LimitName: 'MaximumVolumeSize',
    LimitValues: ['100'],
  });
});

test('tags are added, listed, found by the tagging API, and removed', async () => {
  await domain();
  const ARN = 'arn:aws:es:eu-west-1:111122223333:domain/images';
  await es.send(new AddTagsCommand({ ARN, TagList: [{ Key: 'stack', Value: 'x' }] }));
  expect((await es.send(new ListTagsCommand({ ARN }))).TagList).toEqual([{ Key: 'stack', Value: 'x' }]);
  const { ResourceTagMappingList } = await new ResourceGroupsTaggingAPIClient(world.client()).send(
    new GetResourcesCommand({ ResourceTypeFilters: ['es'] }),
  );
  expect(ResourceTagMappingList?.map((each) => each.ResourceARN)).toEqual([ARN]);
  await es.send(new RemoveTagsCommand({ ARN, TagKeys: ['stack'] }));
  expect((await es.send(new ListTagsCommand({ ARN }))).TagList).toEqual([]);
  await expect(es.send(new ListTagsCommand({ ARN: `${ARN}2` }))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
  });
});
