import { operations } from '../kernel/operation.ts';
import { inPath, inQuery, list, need, str, struct } from '../kernel/shape.ts';
import { checkCluster } from './cluster-rules.ts';
import { describe, describeConfig } from './describe.ts';
import { attach, detach, placeInVpc } from './network-rules.ts';
import { newOptions } from './options.ts';
import { builtInMappings } from './security-roles.ts';
import { checkAccess, checkLogs, checkSecurity, masterOf } from './security-rules.ts';
import { domainName, engineVersion, options, tagList } from './shapes.ts';
import {
  aboutDomain,
  arnOf,
  conflict,
  type Domain,
  domainNamed,
  invalid,
  later,
  type OpenSearchCall,
  type OpenSearchState,
} from './state.ts';
import { checkTags } from './tags.ts';
import { checkVersion, VERSIONS } from './versions.ts';

const op = operations<OpenSearchState>();
const DomainName = inPath(domainName);

/** Domains that an account can have in a Region, before a higher quota. */
const DOMAINS = 100;

function checkName(call: OpenSearchCall, name: string): void {
  const existing = call.state.domains.get(name);
  if (existing?._status === 'Deleting') throw invalid('Domain is still being deleted');
  if (existing) {
    throw conflict(
      'ResourceAlreadyExistsException',
      'Domain with given name already exists, choose a different name',
    );
  }
  if (call.state.domains.size >= DOMAINS) {
    throw conflict('LimitExceededException', `You have reached the limit of ${DOMAINS} domains`);
  }
}

export const domainOperations = [
  op(
    'CreateDomain',
    'Write',
    struct({
      ...options,
      DomainName: need(domainName),
      EngineVersion: engineVersion,
      TagList: tagList,
    }),
    (call, input) => {
      const {
        DomainName: name,
        EngineVersion: version = VERSIONS[0] ?? '',
        TagList: tags = [],
        ...given
      } = input;
      checkName(call, name);
      checkVersion(version);
      const wanted = newOptions(call, given);
      checkCluster(wanted);
      checkSecurity(wanted);
      const master = masterOf(call, given.AdvancedSecurityOptions ?? {}, undefined);
      const placed = placeInVpc(call, wanted);
      checkAccess(call, name, wanted);
      checkLogs(call, name, wanted);
      const { VPCOptions: _, ...rest } = wanted;
      const kind = placed ? 'vpc' : 'search';
      const domain: Domain = {
        name,
        arn: arnOf(call, name),
        version,
        options: placed ? { ...rest, VPCOptions: placed.vpc } : rest,
        network: placed?.network,
        master,
        tags: checkTags(new Map(), tags),
        roles: new Map(),
        mappings: builtInMappings(master),
        _created: call.now(),
        _host: `${kind}-${name}-${call.world.ids.make('', 'hex', 26)}.${call.region}.es.amazonaws.com`,
        _ready: false,
        _status: 'Creating',
        _pending: new Set(),
        _updates: new Map(),
        _interfaces: [],
      };
      call.state.domains.set(name, domain);
      attach(call, domain);
      const answer = describe(call.world, domain);
      later(call, () => {
        domain._ready = true;
        if (domain._status === 'Creating') domain._status = 'Active';
      });
      return { DomainStatus: answer };
    },
    { http: 'POST /2021-01-01/opensearch/domain', ...aboutDomain },
  ),
  op(
    'DescribeDomain',
    'Read',
    struct({ DomainName }),
    (call, input) => ({ DomainStatus: describe(call.world, domainNamed(call, input.DomainName)) }),
    { http: 'GET /2021-01-01/opensearch/domain/{DomainName}', ...aboutDomain },
  ),
  op(
    'DescribeDomains',
    'List',
    struct({ DomainNames: need(list(domainName)) }),
    (call, { DomainNames: names }) => ({
      // Names that are not there are left out.
      DomainStatusList: names
        .flatMap((name) => call.state.domains.get(name) ?? [])
        .map((domain) => describe(call.world, domain)),
    }),
    { http: 'POST /2021-01-01/opensearch/domain-info' },
  ),
  op(
    'DescribeDomainConfig',
    'Read',
    struct({ DomainName }),
    (call, input) => ({ DomainConfig: describeConfig(domainNamed(call, input.DomainName)) }),
    { http: 'GET /2021-01-01/opensearch/domain/{DomainName}/config', ...aboutDomain },
  ),
  op(
    'ListDomainNames',
    'List',
    struct({ EngineType: inQuery('engineType', str({ oneOf: ['OpenSearch', 'Elasticsearch'] })) }),
    (call, { EngineType: type }) => ({
      DomainNames: [...call.state.domains.values()]
        .map(({ name, version }) => ({ DomainName: name, EngineType: version.split('_')[0] }))
        .filter((each) => type === undefined || each.EngineType === type),
    }),
    { http: 'GET /2021-01-01/domain' },
  ),
  op(
    'DeleteDomain',
    'Write',
    struct({ DomainName }),
    (call, input) => {
      const domain = domainNamed(call, input.DomainName);
      if (domain._status !== 'Deleting') {
        domain._status = 'Deleting';
        later(call, () => {
          detach(call, domain);
          call.state.domains.delete(domain.name);
        });
      }
      return { DomainStatus: describe(call.world, domain) };
    },
    { http: 'DELETE /2021-01-01/opensearch/domain/{DomainName}', ...aboutDomain },
  ),
];
