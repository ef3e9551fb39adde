import {
  AddTagsCommand,
  CreateDomainCommand,
  type CreateDomainRequest,
  DeleteDomainCommand,
  type DomainStatus,
  OpenSearchClient,
  type OpenSearchPartitionInstanceType,
  UpdateDomainConfigCommand,
} from '@aws-sdk/client-opensearch';
import { isAwsMessage } from '../../aws/errors.ts';
import { retryWhile } from '../../aws/wait.ts';
import { RekbackError } from '../../runtime/errors.ts';
import { IMAGES_TAG } from '../../stack/aws-spec.ts';
import type { Context } from '../context.ts';
import { canonicalOf, canonicalPolicy, type Policy } from '../iam/policy.ts';
import { defineResource, type Resource } from '../resource.ts';
import { tagList } from '../tags.ts';
import { accessPolicy } from './access-policy.ts';
import { endpointOf, findDomain } from './find-domain.ts';

/** Each field is one part of a request: AWS may take a part as a whole, so that none is ever sent in pieces. */
interface Config {
  nodes: { type: string | undefined; count: number | undefined; zones: number };
  volume: { type: string | undefined; GiB: number | undefined };
  encryptedAtRest: boolean;
  encryptedBetweenNodes: boolean;
  endpoint: { onlyHttps: boolean; tls: string | undefined };
  accessControl: { fineGrained: boolean; passwords: boolean };
  accessPolicy: Policy | undefined;
  autoTune: boolean;
  softwareUpdates: boolean;
  /** Can't be changed. */
  network: 'public' | 'vpc';
}

/** A domain takes 15 to 30 minutes and can take longer, to be made, changed and deleted alike. */
const CHANGE = { every: 15_000, within: 60 * 60_000 };

/** A new role is known to the service some seconds after it was made. */
const ROLES_KNOWN = { every: 5000, within: 180_000 };

/** What the Terraform provider for AWS tries again too: internal/service/opensearch/domain.go. */
const isRoleUnknown = (error: unknown) =>
  isAwsMessage(error, 'InvalidTypeException', /Error setting policy/) ||
  isAwsMessage(error, 'ValidationException', /role has not propagated yet|enable a service-linked role/);

/** Another change, also one that AWS began by itself; or the deletion of the one before. */
const isBusy = (error: unknown) =>
  isAwsMessage(error, 'ValidationException', /Domain is still being deleted|change\/update is in progress/);

/**
 * The newest that clients of the last years speak, TLS 1.2 and 1.3, and what Security Hub's control Opensearch.8 wants;
 * the newer ones are for FIPS.
 */
const TLS_POLICY = 'Policy-Min-TLS-1-2-PFS-2023-10';

/**
 * The OpenSearch that the stack makes, unless one is given. Its engine version is chosen when it is made; a newer one,
 * and AWS's own patches, are no drift. Its administrator is a role of the stack: nobody has a password.
 *
 * @param after - the roles that its access policy names: AWS refuses those that are not there
 */
export function domain(context: Context, after: readonly Resource[]): Resource {
  const { spec, names, clients, waiting, outputs } = context;
  const { name, arn } = names.domain;
  const tags = { ...context.tags, [IMAGES_TAG]: spec.bucket };
  const client = clients(OpenSearchClient);
  if (spec.indexEndpoint !== undefined) outputs.indexEndpoint = spec.indexEndpoint;
  const patiently = <Result>(send: () => Promise<Result>) =>
    retryWhile(isBusy, () => retryWhile(isRoleUnknown, send, ROLES_KNOWN, waiting), CHANGE, waiting);

  return defineResource<Config>(context, {
    type: 'domain',
    name,
    after,
    tags,
    wanted: () => (spec.indexEndpoint === undefined ? wantedOf(context) : undefined),
    async read() {
      const found = await findDomain(context);
      if (found === undefined) return undefined;
      const { status } = found;
      const endpoint = endpointOf(status);
      if (spec.indexEndpoint === undefined && endpoint !== undefined) outputs.indexEndpoint = endpoint;
      return { tags: found.tags, config: configOf(status), pending: isPending(status) };
    },
    async create(wanted) {
      const create = new CreateDomainCommand({
        DomainName: name,
        EngineVersion: spec.domain.engineVersion,
        TagList: tagList(tags),
        ...partsOf(context, wanted, Object.keys(wanted)),
      });
      await patiently(() => client.send(create));
    },
    async update(wanted, fields) {
      if (fields.has('network')) throw inVpc(name);
      const parts = partsOf(context, wanted, [...fields]);
      const update = new UpdateDomainConfigCommand({ DomainName: name, ...parts });
      await patiently(() => client.send(update));
    },
    async tag(missing) {
      await client.send(new AddTagsCommand({ ARN: arn, TagList: tagList(missing) }));
    },
    async remove() {
      await client.send(new DeleteDomainCommand({ DomainName: name }));
    },
    settling: CHANGE,
    vanishing: CHANGE,
  });
}

function wantedOf(context: Context): Config {
  const { instanceType, instances, volumeGiB } = context.spec.domain;
  return {
    nodes: { type: instanceType, count: instances, zones: zonesFor(instances) },
    volume: { type: 'gp3', GiB: volumeGiB },
    encryptedAtRest: true,
    encryptedBetweenNodes: true,
    endpoint: { onlyHttps: true, tls: TLS_POLICY },
    accessControl: { fineGrained: true, passwords: false },
    accessPolicy: canonicalOf(accessPolicy(context)),
    // AWS refuses it on burstable instances.
    autoTune: !/^t\d/.test(instanceType),
    softwareUpdates: true,
    network: 'public',
  };
}

/**
 * As many Availability Zones as nodes can be spread over evenly: 3, 2 or 1. With two, AWS takes only even numbers.
 * https://docs.aws.amazon.com/opensearch-service/latest/developerguide/managedomains-multiaz.html
 */
function zonesFor(instances: number): number {
  if (instances % 3 === 0) return 3;
  return instances % 2 === 0 ? 2 : 1;
}

function configOf(status: DomainStatus): Config {
  const { ClusterConfig: cluster, EBSOptions: volume, AdvancedSecurityOptions: access } = status;
  const zones = cluster?.ZoneAwarenessConfig?.AvailabilityZoneCount ?? 2;
  return {
    nodes: {
      type: cluster?.InstanceType,
      count: cluster?.InstanceCount,
      zones: cluster?.ZoneAwarenessEnabled ? zones : 1,
    },
    volume: { type: volume?.VolumeType, GiB: volume?.VolumeSize },
    encryptedAtRest: status.EncryptionAtRestOptions?.Enabled ?? false,
    encryptedBetweenNodes: status.NodeToNodeEncryptionOptions?.Enabled ?? false,
    endpoint: {
      onlyHttps: status.DomainEndpointOptions?.EnforceHTTPS ?? false,
      tls: status.DomainEndpointOptions?.TLSSecurityPolicy,
    },
    accessControl: {
      fineGrained: access?.Enabled ?? false,
      passwords: access?.InternalUserDatabaseEnabled ?? false,
    },
    accessPolicy: canonicalPolicy(status.AccessPolicies),
    // ENABLED, or ENABLE_IN_PROGRESS, which lasts for hours.
    autoTune: /^ENABLE/.test(status.AutoTuneOptions?.State ?? ''),
    softwareUpdates: status.SoftwareUpdateOptions?.AutoSoftwareUpdateEnabled ?? false,
    network: status.VPCOptions === undefined ? 'public' : 'vpc',
  };
}

/** Without an address it can't be used, whatever it says. */
const isPending = (status: DomainStatus): boolean =>
  Boolean(status.Processing || status.UpgradeProcessing || status.Deleted) ||
  (status.Endpoint === undefined && status.Endpoints === undefined);

type Parts = Omit<CreateDomainRequest, 'DomainName' | 'EngineVersion' | 'TagList'>;

/** These fields as requests have them. */
function partsOf({ names }: Context, wanted: Config, fields: readonly string[]): Parts {
  const { nodes, volume, endpoint } = wanted;
  const parts: Record<keyof Config, Parts> = {
    nodes: {
      ClusterConfig: {
        // Any type is AWS's to know: there are newer ones than the client has names for.
        InstanceType: nodes.type as OpenSearchPartitionInstanceType | undefined,
        InstanceCount: nodes.count,
        ZoneAwarenessEnabled: nodes.zones > 1,
        ...(nodes.zones > 1 && { ZoneAwarenessConfig: { AvailabilityZoneCount: nodes.zones } }),
      },
    },
    volume: { EBSOptions: { EBSEnabled: true, VolumeType: 'gp3', VolumeSize: volume.GiB } },
    encryptedAtRest: { EncryptionAtRestOptions: { Enabled: wanted.encryptedAtRest } },
    encryptedBetweenNodes: { NodeToNodeEncryptionOptions: { Enabled: wanted.encryptedBetweenNodes } },
    endpoint: {
      DomainEndpointOptions: { EnforceHTTPS: endpoint.onlyHttps, TLSSecurityPolicy: TLS_POLICY },
    },
    accessControl: {
      AdvancedSecurityOptions: {
        Enabled: true,
        InternalUserDatabaseEnabled: false,
        MasterUserOptions: { MasterUserARN: names.roles.admin.arn },
      },
    },
    accessPolicy: { AccessPolicies: JSON.stringify(wanted.accessPolicy) },
    autoTune: {
      AutoTuneOptions: wanted.autoTune
        ? { DesiredState: 'ENABLED', UseOffPeakWindow: true }
        : { DesiredState: 'DISABLED' },
    },
    softwareUpdates: { SoftwareUpdateOptions: { AutoSoftwareUpdateEnabled: wanted.softwareUpdates } },
    network: {},
  };
  const isField = (field: string): field is keyof Config => field in parts;
  return Object.assign({}, ...fields.filter(isField).map((field) => parts[field]));
}

const inVpc = (name: string): RekbackError =>
  new RekbackError(
    'fixed-setting',
    `the domain '${name}' is in a VPC, and AWS can't give it a public address`,
    {
      suggestions: [
        'keep it and use it with --index-endpoint',
        `or delete the domain '${name}' yourself, with all that is in it, and run setup again`,
      ],
    },
  );
