import { operations } from '../kernel/operation.ts';
import { inPath, inQuery, int, str, struct } from '../kernel/shape.ts';
import { isBurstable, maximumCount, volumeLimits } from './instance-types.ts';
import { domainName, engineVersion, instanceType } from './shapes.ts';
import { conflict, domainNamed, invalid, type OpenSearchState } from './state.ts';

const op = operations<OpenSearchState>();

/** Newest first, as the API lists them. */
export const VERSIONS = [
  ...[5, 3, 1].map((minor) => `OpenSearch_3.${minor}`),
  ...[19, 17, 15, 13, 11, 9, 7, 5, 3].map((minor) => `OpenSearch_2.${minor}`),
  ...[3, 2, 1, 0].map((minor) => `OpenSearch_1.${minor}`),
  ...[10, 9, 8, 7, 4, 1].map((minor) => `Elasticsearch_7.${minor}`),
];

/** Versions that a domain of this one can be upgraded to: within the major version, and from its last on to the next. */
export function targetsOf(version: string): string[] {
  const newer = VERSIONS.slice(0, Math.max(0, VERSIONS.indexOf(version)));
  const major = (each: string) => each.split('.')[0];
  const last = ['OpenSearch_2.19', 'OpenSearch_1.3', 'Elasticsearch_7.10'].includes(version);
  const next = newer.findLast((each) => major(each) !== major(version));
  return newer.filter(
    (each) => major(each) === major(version) || (last && next !== undefined && major(each) === major(next)),
  );
}

export function checkVersion(version: string): void {
  if (!VERSIONS.includes(version)) throw invalid(`Unsupported engine version: ${version}`);
}

export const versionOperations = [
  op(
    'ListVersions',
    'List',
    struct({
      MaxResults: inQuery('maxResults', int(undefined, 100)),
      NextToken: inQuery('nextToken', str()),
    }),
    (_call, { MaxResults = 100, NextToken }) => {
      const from = NextToken === undefined ? 0 : VERSIONS.indexOf(NextToken);
      if (from < 0) throw invalid('Invalid next token');
      const end = from + MaxResults;
      return { Versions: VERSIONS.slice(from, end), NextToken: VERSIONS[end] };
    },
    { http: 'GET /2021-01-01/opensearch/versions' },
  ),
  op(
    'GetCompatibleVersions',
    'List',
    struct({ DomainName: inQuery('domainName', domainName) }),
    (call, { DomainName: name }) => {
      const versions = name === undefined ? VERSIONS : [domainNamed(call, name).version];
      return {
        CompatibleVersions: versions.map((version) => ({
          SourceVersion: version,
          TargetVersions: targetsOf(version),
        })),
      };
    },
    { http: 'GET /2021-01-01/opensearch/compatibleVersions' },
  ),
  op(
    'DescribeInstanceTypeLimits',
    'List',
    struct({
      InstanceType: inPath(instanceType),
      EngineVersion: inPath(engineVersion),
      DomainName: inQuery('domainName', domainName),
    }),
    (_call, { InstanceType: type, EngineVersion: version }) => {
      checkVersion(version);
      if (type.startsWith('ultrawarm')) {
        throw conflict('InvalidTypeException', `Invalid instance type: ${type}`);
      }
      const subtype = (name: string) => {
        const { min, max } = volumeLimits(type, name);
        return {
          StorageTypeName: 'ebs',
          StorageSubTypeName: name,
          StorageTypeLimits: [
            { LimitName: 'MinimumVolumeSize', LimitValues: [String(min)] },
            { LimitName: 'MaximumVolumeSize', LimitValues: [String(max)] },
          ],
        };
      };
      const count = (max: number) => ({
        InstanceLimits: { InstanceCountLimits: { MinimumInstanceCount: 1, MaximumInstanceCount: max } },
      });
      return {
        LimitsByRole: {
          data: {
            StorageTypes: ['gp2', 'gp3'].map(subtype),
            ...count(maximumCount(type)),
            AdditionalLimits: [
              {
                LimitName: 'MaximumNumberOfDataNodesWithoutMasterNode',
                LimitValues: [String(maximumCount(type))],
              },
            ],
          },
          ...(!isBurstable(type) && { master: count(5) }),
        },
      };
    },
    { http: 'GET /2021-01-01/opensearch/instanceTypeLimits/{EngineVersion}/{InstanceType}' },
  ),
];
