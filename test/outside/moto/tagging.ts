import { ask, bodyOf, type Correction, isTarget, type Question, withJson } from './exchange.ts';

type Tags = Record<string, string>;
type TagList = { Key: string; Value: string }[];
interface Tagged {
  arn: string;
  tags: Tags;
}
interface Filters {
  TagFilters?: { Key: string; Values?: string[] }[];
  ResourceTypeFilters?: string[];
  ResourceARNList?: string[];
}

/**
 * moto's GetResources leaves out ECR, Batch, OpenSearch, rules of EventBridge and event source mappings. AWS: they are
 * listed (Resource Groups user guide, supported-resources).
 */
export function listsAllTagged(): Correction {
  return async (request, next) => {
    const answer = await next(request);
    if (request.service !== 'tagging' || !isTarget(request, '.GetResources')) return answer;
    const asking = async <T>(question: Question) => bodyOf<T>(await next(ask(request, question)));
    const more = (
      await Promise.all([repositories, batch, domains, rules, mappings].map((find) => find(asking)))
    ).flat();
    const filters = bodyOf<Filters>(request);
    return withJson<{ PaginationToken?: string; ResourceTagMappingList: unknown[] }>(answer, (body) => {
      // What moto has is paged; the rest goes with the last page.
      if (body.PaginationToken) return;
      const known = new Set(
        (body.ResourceTagMappingList as { ResourceARN: string }[]).map((each) => each.ResourceARN),
      );
      for (const { arn, tags } of more.filter((each) => matches(each, filters) && !known.has(each.arn))) {
        const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
        body.ResourceTagMappingList.push({ ResourceARN: arn, Tags });
      }
    });
  };
}

function matches({ arn, tags }: Tagged, filters: Filters): boolean {
  const { TagFilters = [], ResourceTypeFilters = [], ResourceARNList = [] } = filters;
  const [, , service = '', , , ...rest] = arn.split(':');
  const type = rest.join(':').split(/[:/]/, 1)[0] ?? '';
  const typed =
    ResourceTypeFilters.length === 0 ||
    ResourceTypeFilters.some((each) => each === service || each === `${service}:${type}`);
  const named = ResourceARNList.length === 0 || ResourceARNList.includes(arn);
  const tagged = TagFilters.every(({ Key, Values = [] }) => {
    const value = tags[Key];
    return value !== undefined && (Values.length === 0 || Values.includes(value));
  });
  return typed && named && tagged && Object.keys(tags).length > 0;
}

type Asking = <T>(question: Question) => Promise<T>;

async function repositories(asking: Asking): Promise<Tagged[]> {
  const target = (operation: string) => ({
    'x-amz-target': `AmazonEC2ContainerRegistry_V20150921.${operation}`,
    'content-type': 'application/x-amz-json-1.1',
  });
  const post = { service: 'ecr', method: 'POST', path: '/' };
  const { repositories = [] } = await asking<{ repositories?: { repositoryArn: string }[] }>({
    ...post,
    body: {},
    headers: target('DescribeRepositories'),
  });
  return await Promise.all(
    repositories.map(async ({ repositoryArn: arn }) => {
      const headers = target('ListTagsForResource');
      const { tags } = await asking<{ tags: TagList }>({ ...post, body: { resourceArn: arn }, headers });
      return { arn, tags: mapOf(tags) };
    }),
  );
}

async function batch(asking: Asking): Promise<Tagged[]> {
  const kinds = [
    ['describecomputeenvironments', 'computeEnvironments', 'computeEnvironmentArn'],
    ['describejobqueues', 'jobQueues', 'jobQueueArn'],
    ['describejobdefinitions', 'jobDefinitions', 'jobDefinitionArn'],
  ] as const;
  const found = kinds.map(async ([operation, list, arn]) => {
    const question = { service: 'batch', method: 'POST', path: `/v1/${operation}`, body: {} };
    const answer = await asking<Record<string, Record<string, unknown>[]>>(question);
    return (answer[list] ?? [])
      .filter(({ status }) => status !== 'INACTIVE')
      .map((each) => ({ arn: String(each[arn]), tags: (each.tags ?? {}) as Tags }));
  });
  return (await Promise.all(found)).flat();
}

async function domains(asking: Asking): Promise<Tagged[]> {
  const get = { service: 'es', method: 'GET' };
  const { DomainNames = [] } = await asking<{ DomainNames?: { DomainName: string }[] }>({
    ...get,
    path: '/2021-01-01/domain',
  });
  return await Promise.all(
    DomainNames.map(async ({ DomainName }) => {
      const { DomainStatus } = await asking<{ DomainStatus: { ARN: string } }>({
        ...get,
        path: `/2021-01-01/opensearch/domain/${DomainName}`,
      });
      const arn = DomainStatus.ARN;
      const { TagList } = await asking<{ TagList: TagList }>({
        ...get,
        path: `/2021-01-01/tags/?arn=${encodeURIComponent(arn)}`,
      });
      return { arn, tags: mapOf(TagList) };
    }),
  );
}

async function rules(asking: Asking): Promise<Tagged[]> {
  const post = { service: 'events', method: 'POST', path: '/' };
  const target = (operation: string) => ({ 'x-amz-target': `AWSEvents.${operation}` });
  const { Rules = [] } = await asking<{ Rules?: { Arn: string }[] }>({
    ...post,
    body: {},
    headers: target('ListRules'),
  });
  return await Promise.all(
    Rules.map(async ({ Arn: arn }) => {
      const headers = target('ListTagsForResource');
      const { Tags } = await asking<{ Tags: TagList }>({ ...post, body: { ResourceARN: arn }, headers });
      return { arn, tags: mapOf(Tags) };
    }),
  );
}

async function mappings(asking: Asking): Promise<Tagged[]> {
  const get = { service: 'lambda', method: 'GET' };
  const { EventSourceMappings = [] } = await asking<{
    EventSourceMappings?: { EventSourceMappingArn: string }[];
  }>({
    ...get,
    path: '/2015-03-31/event-source-mappings',
  });
  return await Promise.all(
    EventSourceMappings.map(async ({ EventSourceMappingArn: arn }) => {
      const { Tags } = await asking<{ Tags?: Tags }>({
        ...get,
        path: `/2017-03-31/tags/${encodeURIComponent(arn)}`,
      });
      return { arn, tags: Tags ?? {} };
    }),
  );
}

function mapOf(tags: TagList): Tags {
  return Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]));
}
