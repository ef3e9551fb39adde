import {
  ask,
  bodyOf,
  type Correction,
  isRest,
  jsonAnswer,
  jsonError,
  withBody,
  withText,
} from './exchange.ts';

type Json = Record<string, unknown>;
const DOMAIN = '/2021-01-01/opensearch/domain';

/** moto takes a domain of the same name again. AWS: ResourceAlreadyExistsException, 409 (API reference, CreateDomain). */
export function refusesSecondDomain(): Correction {
  return async (request, next) => {
    if (!isRest(request, 'es', 'POST', /^\/2021-01-01\/opensearch\/domain$/)) return await next(request);
    const name = bodyOf<{ DomainName: string }>(request).DomainName;
    const there = await next(ask(request, { service: 'es', method: 'GET', path: `${DOMAIN}/${name}` }));
    if (there.status !== 200) return await next(request);
    return jsonError('ResourceAlreadyExistsException', 'Domain with this name already exists', 409);
  };
}

/** moto puts the ClusterConfig or EBSOptions that are sent in the place of the old. AWS: members that are not sent stay (API reference, UpdateDomainConfig). */
export function mergesDomainConfig(): Correction {
  return async (request, next) => {
    const [, name] = /^\/2021-01-01\/opensearch\/domain\/([^/]+)\/config$/.exec(request.url.pathname) ?? [];
    if (request.service !== 'es' || request.method !== 'POST' || name === undefined)
      return await next(request);
    const input = bodyOf<Json>(request);
    const there = await next(ask(request, { service: 'es', method: 'GET', path: `${DOMAIN}/${name}` }));
    if (there.status !== 200) return there;
    const { DomainStatus: status } = bodyOf<{ DomainStatus: Json }>(there);
    for (const member of [
      'ClusterConfig',
      'EBSOptions',
      'AdvancedSecurityOptions',
      'DomainEndpointOptions',
    ]) {
      if (input[member] !== undefined)
        input[member] = { ...(status[member] as Json), ...(input[member] as Json) };
    }
    return await next(withBody(request, JSON.stringify(input)));
  };
}

/** moto has no ListVersions. AWS: engines, newest first (API reference; the versions are those seen in 2026). */
export function listsVersions(): Correction {
  return async (request, next) => {
    if (!isRest(request, 'es', 'GET', /^\/2021-01-01\/opensearch\/versions$/)) return await next(request);
    return jsonAnswer({
      Versions: [
        'OpenSearch_3.5',
        'OpenSearch_3.3',
        'OpenSearch_2.19',
        'OpenSearch_2.17',
        'Elasticsearch_7.10',
      ],
    });
  };
}

/** moto names a host that no test may reach. With `url`, that of a node on this machine, every domain is there. */
export function pointsToNode(url: string): Correction {
  return async (request, next) => {
    const answer = await next(request);
    if (request.service !== 'es') return answer;
    const text = answer.body
      .toString('utf8')
      .replaceAll(
        /("(?:Endpoint|vpc)": ?)"[a-z0-9.-]+\.es\.amazonaws\.com"/g,
        (_, key: string) => `${key}"${url}"`,
      );
    return withText(answer, text);
  };
}
