import { GetRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { assumedRole } from '../../aws/assumed-role.ts';
import { ifThere, isAwsError } from '../../aws/errors.ts';
import { retryWhile } from '../../aws/wait.ts';
import { RekbackError } from '../../runtime/errors.ts';
import type { Names } from '../../stack/aws-names.ts';
import type { Context } from '../context.ts';
import { defineResource, type Observed, type Resource } from '../resource.ts';
import { isOurs } from '../tags.ts';
import { endpointOf, findDomain } from './find-domain.ts';
import { type SecurityApi, type SecurityPath, securityApi } from './security-api.ts';

/** What each of the index's own roles may do, and who has it. */
type Config = Partial<Record<keyof typeof PATHS, unknown>>;

const WRITER = 'rekback-writer';
const READER = 'rekback-reader';

/** In the order in which they can be made: only a role that is there can be given to somebody. */
const PATHS = {
  writerRights: `roles/${WRITER}`,
  readerRights: `roles/${READER}`,
  writerMembers: `rolesmapping/${WRITER}`,
  readerMembers: `rolesmapping/${READER}`,
} as const satisfies Record<string, SecurityPath>;

const FIELDS = ['writerRights', 'readerRights', 'writerMembers', 'readerMembers'] as const;

const INDICES = ['rekback-*'];

/**
 * Groups of rights as OpenSearch names them, and single rights that are in none of those:
 * https://docs.opensearch.org/latest/security/access-control/default-action-groups/
 * `_bulk`, `_mget` and aliases are asked for the cluster first. Nobody but the administrator deletes an index.
 */
const WRITER_RIGHTS = {
  cluster_permissions: ['cluster_composite_ops'],
  index_permissions: [
    {
      index_patterns: INDICES,
      allowed_actions: [
        'crud',
        'create_index',
        'manage_aliases',
        'indices:admin/mappings/get',
        'indices:admin/refresh*',
      ],
    },
  ],
};

/** `read` has searches and points in time. */
const READER_RIGHTS = {
  cluster_permissions: ['cluster_composite_ops_ro'],
  index_permissions: [
    {
      index_patterns: INDICES,
      allowed_actions: ['read', 'indices:admin/mappings/get', 'indices:monitor/stats'],
    },
  ],
};

/** A role of IAM is known to the index by its ARN, as a "backend role". */
const wantedOf = ({ roles }: Names) => ({
  writerRights: WRITER_RIGHTS,
  readerRights: READER_RIGHTS,
  writerMembers: { backend_roles: [roles.worker.arn, roles.live.arn] },
  readerMembers: { backend_roles: [roles.search.arn] },
});

/** The security plugin of a new domain starts some time after the domain has its address, and its name spreads. */
const READY = { every: 5000, within: 600_000 };

/** A new role can't be acted as for some seconds, and the domain learns of it still later. */
const ROLE_KNOWN = { every: 2000, within: 120_000 };

const isCode = (error: unknown, code: string) => error instanceof RekbackError && error.code === code;
const isNotReady = (error: unknown) => isCode(error, 'index-not-ready');
const isDenied = (error: unknown) => isAwsError(error, 'AccessDenied') || isCode(error, 'index-denied');

/**
 * Two roles inside the stack's own domain, set by its administrator: the worker and live roles of IAM write the index, the
 * search role reads it. Other roles of the domain are never touched. Not wanted for an index of others
 * (`--index-endpoint`): its owner gives the stack's roles, whose ARNs setup prints, what they need.
 *
 * @param after - the domain, and all roles of IAM that are named
 */
export function indexRoles(context: Context, after: readonly Resource[]): Resource {
  const { spec, names, clients, waiting } = context;
  const admin = names.roles.admin;
  const credentials = assumedRole(clients, admin.arn);

  /** Undefined as long as there is no domain of ours to ask. */
  const api = async (): Promise<SecurityApi | undefined> => {
    const found = await findDomain(context);
    if (found === undefined || !isOurs(found.tags, context.tags)) return undefined;
    const endpoint = endpointOf(found.status);
    if (endpoint === undefined) return undefined;
    return securityApi({ endpoint, region: spec.region, credentials, signal: waiting.signal });
  };

  /** As the last look found it. */
  let known: SecurityApi | undefined;
  const needApi = (): SecurityApi => {
    if (known === undefined) throw noDomain(names.domain.name);
    return known;
  };

  const look = async (): Promise<Observed<Config> | undefined> => {
    const security = await api();
    known = security;
    if (security === undefined) return undefined;
    const config: Config = {};
    try {
      await Promise.all(
        FIELDS.map(async (field) => {
          config[field] = canonical(await security.get(PATHS[field]));
        }),
      );
    } catch (error) {
      // Without the administrator nothing can be seen of them, nor do they work: setup makes it first.
      if (isDenied(error) && !(await isThere())) return undefined;
      throw error;
    }
    return Object.values(config).every((value) => value === undefined) ? undefined : { config };
  };
  const isThere = async () =>
    (await ifThere(clients(IAMClient).send(new GetRoleCommand({ RoleName: admin.name })))) !== undefined;

  const put = async (fields: readonly string[]) => {
    const security = needApi();
    const wanted = wantedOf(names);
    // One after the other: OpenSearch has all roles in one document, and all mappings in another, and refuses changes of one
    // that come at once with 409. A mapping needs its role.
    for (const field of FIELDS.filter((each) => fields.includes(each))) {
      await retryWhile(isNotReady, () => security.put(PATHS[field], wanted[field]), READY, waiting);
    }
  };

  const resource = defineResource<Config>(context, {
    type: 'index-roles',
    name: names.domain.name,
    after,
    wanted: () => (spec.indexEndpoint === undefined ? wantedConfig(names) : undefined),
    read: () =>
      look().catch((error: unknown) => {
        // Whoever may not act as the administrator can't see them, nor can anybody while its trust is not as wanted.
        if (isNotReady(error) || isDenied(error)) return { config: {}, pending: true };
        throw error;
      }),
    create: () => put(FIELDS),
    update: (_wanted, fields) => put([...fields]),
    async remove({ pending }) {
      // They go with their domain, also with one that can't be reached or asked.
      if (pending) return;
      const security = needApi();
      for (const field of FIELDS.toReversed()) await security.remove(PATHS[field]);
    },
  });
  return {
    ...resource,
    async ensure() {
      if (resource.isWanted()) {
        const patiently = () => retryWhile(isDenied, look, ROLE_KNOWN, waiting);
        await retryWhile(isNotReady, patiently, READY, waiting);
      }
      return resource.ensure();
    },
  };
}

const wantedConfig = (names: Names): Config =>
  Object.fromEntries(Object.entries(wantedOf(names)).map(([field, value]) => [field, canonical(value)]));

/** What OpenSearch adds to what was written. */
const ADDED = new Set(['reserved', 'hidden', 'static', 'description']);

/** The one form of equal settings: OpenSearch adds members and empty lists, and keeps lists in an order of its own. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(canonical).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([key, member]) => !ADDED.has(key) && !isEmpty(member));
  return Object.fromEntries(members.map(([key, member]) => [key, canonical(member)]));
}

const isEmpty = (value: unknown) =>
  value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0);

const noDomain = (name: string): RekbackError =>
  new RekbackError('index-not-ready', `the domain '${name}' has no address yet`, {
    suggestions: ['run the same command again in some minutes: it goes on where this one ended'],
  });
