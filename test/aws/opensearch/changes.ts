import { operations } from '../kernel/operation.ts';
import { bool, inPath, inQuery, map, need, str, struct } from '../kernel/shape.ts';
import { checkCluster } from './cluster-rules.ts';
import { describeConfig } from './describe.ts';
import { attach, placeInVpc } from './network-rules.ts';
import { changedOptions, differences } from './options.ts';
import { checkAccess, checkLogs, checkSecurity, masterOf } from './security-rules.ts';
import { domainName, engineVersion, type GivenOptions, options } from './shapes.ts';
import {
  aboutDomain,
  type Domain,
  type DomainOptions,
  domainNamed,
  invalid,
  later,
  type OpenSearchCall,
  type OpenSearchState,
  type OptionName,
} from './state.ts';
import { targetsOf } from './versions.ts';

const op = operations<OpenSearchState>();
const DomainName = inPath(domainName);

/** Options whose change makes AWS build new nodes. */
const BLUE_GREEN: readonly OptionName[] = [
  'ClusterConfig',
  'EBSOptions',
  'VPCOptions',
  'EncryptionAtRestOptions',
  'NodeToNodeEncryptionOptions',
  'AdvancedSecurityOptions',
  'AdvancedOptions',
];

function checkIdle(domain: Domain): void {
  if (domain._status === 'Deleting') throw invalid('Domain is still being deleted');
  if (domain._status !== 'Active') {
    throw invalid(
      'A change/update is in progress. Please wait for it to complete before requesting another change.',
    );
  }
}

/** The options that a change leads to, every rule checked; nothing is stored. */
function planned(call: OpenSearchCall, domain: Domain, given: GivenOptions) {
  const after = changedOptions(call, domain.options, given);
  const hadVpc = domain.network !== undefined;
  const placed = given.VPCOptions ? placeInVpc(call, after) : undefined;
  if (given.VPCOptions && hadVpc !== (placed !== undefined)) {
    throw invalid('You cannot switch a domain between a public endpoint and a VPC.');
  }
  checkCluster(after);
  checkSecurity(after, domain.options);
  const master = given.AdvancedSecurityOptions
    ? masterOf(call, { ...after.AdvancedSecurityOptions, ...given.AdvancedSecurityOptions }, domain.master)
    : domain.master;
  const { VPCOptions: _, ...rest } = after;
  const vpc = placed?.vpc ?? domain.options.VPCOptions;
  const wanted: DomainOptions = { ...rest, ...(vpc && { VPCOptions: vpc }) };
  checkAccess(call, domain.name, wanted);
  checkLogs(call, domain.name, wanted);
  return { wanted, network: placed?.network ?? domain.network, master };
}

function begin(
  call: OpenSearchCall,
  domain: Domain,
  status: Domain['_status'],
  names: readonly OptionName[],
  done: () => void = () => undefined,
): void {
  domain._status = status;
  for (const name of names) {
    domain._pending.add(name);
    const { version = 1 } = domain._updates.get(name) ?? {};
    domain._updates.set(name, { date: call.now(), version: version + 1 });
  }
  later(call, () => {
    domain._pending.clear();
    if (domain._status !== status) return;
    domain._status = 'Active';
    done();
  });
}

export const changeOperations = [
  op(
    'UpdateDomainConfig',
    'Write',
    struct({
      ...options,
      DomainName,
      DryRun: bool(),
      DryRunMode: str({ oneOf: ['Basic', 'Verbose'] }),
    }),
    (call, input) => {
      const { DomainName: name, DryRun: isDry = false, DryRunMode: _, ...given } = input;
      const domain = domainNamed(call, name);
      checkIdle(domain);
      const { wanted, network, master } = planned(call, domain, given);
      const changed = differences(domain.options, wanted);
      if (isDry) {
        const deployment = changed.some((each) => BLUE_GREEN.includes(each)) ? 'Blue/Green' : 'DynamicUpdate';
        return {
          DomainConfig: describeConfig({ ...domain, options: wanted, network }),
          DryRunResults: {
            DeploymentType: changed.length === 0 ? 'None' : deployment,
            Message: changed.length === 0 ? 'No change.' : `This change will be a ${deployment} deployment.`,
          },
        };
      }
      const moved = changed.includes('VPCOptions');
      Object.assign(domain, { options: wanted, network, master });
      if (moved) attach(call, domain);
      if (changed.length > 0) begin(call, domain, 'Modifying', changed);
      return { DomainConfig: describeConfig(domain) };
    },
    { http: 'POST /2021-01-01/opensearch/domain/{DomainName}/config', ...aboutDomain },
  ),
  op(
    'UpgradeDomain',
    'Write',
    struct({
      DomainName: need(domainName),
      TargetVersion: need(engineVersion),
      PerformCheckOnly: bool(),
      AdvancedOptions: map(str()),
    }),
    (call, input) => {
      const { DomainName: name, TargetVersion: target, PerformCheckOnly: check = false } = input;
      const domain = domainNamed(call, name);
      checkIdle(domain);
      if (!targetsOf(domain.version).includes(target)) {
        throw invalid(`Upgrade from ${domain.version} to ${target} is not supported`);
      }
      if (!check) {
        begin(call, domain, 'UpgradingEngineVersion', ['EngineVersion'], () => {
          domain.version = target;
        });
      }
      return {
        UpgradeId: call.world.ids.uuid(),
        DomainName: name,
        TargetVersion: target,
        PerformCheckOnly: check,
      };
    },
    { http: 'POST /2021-01-01/opensearch/upgradeDomain', ...aboutDomain },
  ),
  op(
    'GetUpgradeStatus',
    'Read',
    struct({ DomainName }),
    (call, input) => {
      const domain = domainNamed(call, input.DomainName);
      const isRunning = domain._status === 'UpgradingEngineVersion';
      return {
        UpgradeStep: 'UPGRADE',
        StepStatus: isRunning ? 'IN_PROGRESS' : 'SUCCEEDED',
        UpgradeName: `Upgrade of ${domain.name}`,
      };
    },
    { http: 'GET /2021-01-01/opensearch/upgradeDomain/{DomainName}/status', ...aboutDomain },
  ),
  op(
    'DescribeDomainChangeProgress',
    'Read',
    struct({ DomainName, ChangeId: inQuery('changeid', str({ min: 36, max: 36 })) }),
    (call, input) => {
      const domain = domainNamed(call, input.DomainName);
      if (domain._updates.size === 0) return {};
      const names = [...domain._updates.keys()];
      const isDone = domain._pending.size === 0;
      return {
        ChangeProgressStatus: {
          Status: isDone ? 'COMPLETED' : 'PROCESSING',
          ConfigChangeStatus: isDone ? 'Completed' : 'ApplyingChanges',
          PendingProperties: [...domain._pending],
          CompletedProperties: names.filter((each) => !domain._pending.has(each)),
          InitiatedBy: 'CUSTOMER',
        },
      };
    },
    { http: 'GET /2021-01-01/opensearch/domain/{DomainName}/progress', ...aboutDomain },
  ),
];
