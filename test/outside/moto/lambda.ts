import {
  ask,
  bodyOf,
  type Correction,
  isRest,
  jsonAnswer,
  jsonError,
  type Request,
  withJson,
} from './exchange.ts';

type LoggingConfig = Record<string, unknown>;
interface Configuration {
  FunctionName: string;
  LoggingConfig?: LoggingConfig;
}

const FUNCTIONS = /^\/2015-03-31\/functions\/?(.*)$/;
const MAPPINGS = '/2015-03-31/event-source-mappings';

/** moto drops LoggingConfig. AWS: it is kept; the default is text to `/aws/lambda/NAME` (API reference, LoggingConfig). */
export function keepsLoggingConfig(): Correction {
  const sent = new Map<string, LoggingConfig>();
  return async (request, next) => {
    const answer = await next(request);
    const [, rest] = FUNCTIONS.exec(request.url.pathname) ?? [];
    if (request.service !== 'lambda' || rest === undefined || answer.status >= 300) return answer;
    const key = (name: string) => `${request.region} ${name}`;
    const show = (each: Configuration) => {
      const group = { LogFormat: 'Text', LogGroup: `/aws/lambda/${each.FunctionName}` };
      each.LoggingConfig = { ...group, ...sent.get(key(each.FunctionName)) };
    };
    if (request.method === 'DELETE') {
      sent.delete(key(nameOf(rest)));
      return answer;
    }
    if (rest === '' && request.method === 'GET')
      return withJson<{ Functions: Configuration[] }>(answer, ({ Functions }) => Functions.forEach(show));
    if (rest === '' || /^[^/]+\/(configuration|code)$/.test(rest)) {
      return withJson<Configuration>(answer, (each) => {
        if (request.method !== 'GET') {
          const before = sent.get(key(each.FunctionName));
          const { LoggingConfig } = bodyOf<{ LoggingConfig?: LoggingConfig }>(request);
          sent.set(key(each.FunctionName), { ...before, ...LoggingConfig });
        }
        show(each);
      });
    }
    if (!rest.includes('/') && request.method === 'GET')
      return withJson<{ Configuration: Configuration }>(answer, (body) => show(body.Configuration));
    return answer;
  };
}

/** The name in a path that holds a name or an ARN. */
function nameOf(path: string): string {
  return decodeURIComponent(path).split('/')[0]?.split(':').at(-1) ?? '';
}

/** moto takes a second mapping of one queue to one function. AWS: ResourceConflictException that names the first (seen in many tools' issues). */
export function refusesSecondMapping(): Correction {
  return async (request, next) => {
    if (!isRest(request, 'lambda', 'POST', /event-source-mappings\/?$/)) return await next(request);
    const { EventSourceArn = '', FunctionName = '' } = bodyOf<Record<string, string>>(request);
    const query = new URLSearchParams({ EventSourceArn, FunctionName: nameOf(FunctionName) });
    const path = `${MAPPINGS}?${query}`;
    const list = await next(ask(request, { service: 'lambda', method: 'GET', path }));
    const [first] = bodyOf<{ EventSourceMappings?: { UUID: string }[] }>(list).EventSourceMappings ?? [];
    if (!first) return await next(request);
    const message =
      `An event source mapping with SQS arn (" ${EventSourceArn} ") and function (" ${FunctionName} ") already exists. ` +
      `Please update or delete the existing mapping with UUID ${first.UUID}`;
    return jsonError('ResourceConflictException', message, 409);
  };
}

/** moto has no GetAccountSettings. AWS: limits and use of the Region (API reference; the default quotas of Lambda). */
export function answersAccountSettings(): Correction {
  return async (request, next) => {
    if (!isRest(request, 'lambda', 'GET', /^\/2016-08-19\/account-settings\/?$/)) return await next(request);
    return jsonAnswer({
      AccountLimit: {
        TotalCodeSize: 80_530_636_800,
        CodeSizeUnzipped: 262_144_000,
        CodeSizeZipped: 52_428_800,
        ConcurrentExecutions: 1000,
        UnreservedConcurrentExecutions: 1000,
      },
      AccountUsage: { TotalCodeSize: 0, FunctionCount: await countFunctions(request) },
    });

    async function countFunctions(of: Request): Promise<number> {
      const path = '/2015-03-31/functions';
      const list = await next(ask(of, { service: 'lambda', method: 'GET', path }));
      return bodyOf<{ Functions: unknown[] }>(list).Functions.length;
    }
  };
}
