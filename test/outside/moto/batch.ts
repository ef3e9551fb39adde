import { MOTO_ACCOUNT } from './account.ts';
import {
  ask,
  bodyOf,
  type Correction,
  isRest,
  jsonError,
  type Next,
  type Request,
  withBody,
  withJson,
} from './exchange.ts';

type Json = Record<string, unknown>;
interface Environment {
  computeEnvironmentArn: string;
  state: string;
  computeResources?: Json;
}

const isBatch = (request: Request, operation: string) =>
  isRest(request, 'batch', 'POST', new RegExp(`^/v1/${operation}$`));

async function askBatch<T>(request: Request, next: Next, operation: string, body: Json): Promise<T> {
  return bodyOf<T>(
    await next(ask(request, { service: 'batch', method: 'POST', path: `/v1/${operation}`, body })),
  );
}

async function environmentOf(
  request: Request,
  next: Next,
  nameOrArn: unknown,
): Promise<Environment | undefined> {
  const { computeEnvironments } = await askBatch<{ computeEnvironments: Environment[] }>(
    request,
    next,
    'describecomputeenvironments',
    { computeEnvironments: [nameOrArn] },
  );
  return computeEnvironments[0];
}

/**
 * moto demands a serviceRole that exists. AWS: without one, Batch makes and uses its service-linked role (Batch user guide,
 * using-service-linked-roles).
 */
export function linksServiceRole(): Correction {
  const role = `arn:aws:iam::${MOTO_ACCOUNT}:role/aws-service-role/batch.amazonaws.com/AWSServiceRoleForBatch`;
  return async (request, next) => {
    if (!isBatch(request, 'createcomputeenvironment')) return await next(request);
    const input = bodyOf<Json>(request);
    if (input.serviceRole !== undefined) return await next(request);
    // Where it is there already, this is refused, and no harm done.
    await next(
      ask(request, {
        service: 'iam',
        method: 'POST',
        path: '/',
        body: 'Action=CreateServiceLinkedRole&Version=2010-05-08&AWSServiceName=batch.amazonaws.com',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
      }),
    );
    return await next(withBody(request, JSON.stringify({ ...input, serviceRole: role })));
  };
}

/** moto ignores computeResources in UpdateComputeEnvironment. AWS: they are applied (API reference). */
export function updatesEnvironments(): Correction {
  const updates = new Map<string, Json>();
  return async (request, next) => {
    const answer = await next(request);
    if (answer.status >= 300) return answer;
    if (isBatch(request, 'updatecomputeenvironment')) {
      const { computeResources } = bodyOf<{ computeResources?: Json }>(request);
      const { computeEnvironmentArn: arn } = bodyOf<Environment>(answer);
      updates.set(arn, { ...updates.get(arn), ...computeResources });
    }
    if (isBatch(request, 'createcomputeenvironment'))
      updates.delete(bodyOf<Environment>(answer).computeEnvironmentArn);
    if (!isBatch(request, 'describecomputeenvironments')) return answer;
    return withJson<{ computeEnvironments: Environment[] }>(answer, ({ computeEnvironments }) => {
      for (const each of computeEnvironments) {
        Object.assign(each.computeResources ?? {}, updates.get(each.computeEnvironmentArn));
      }
    });
  };
}

/**
 * moto deletes what is ENABLED, and an environment that a queue uses. AWS: ClientException; both must be disabled first, and
 * an environment's queues be gone (API reference, DeleteJobQueue and DeleteComputeEnvironment).
 */
export function deletesOnlyDisabled(): Correction {
  return async (request, next) => {
    if (isBatch(request, 'deletejobqueue')) {
      const { jobQueue } = bodyOf<Json>(request);
      const { jobQueues } = await askBatch<{ jobQueues: { state: string }[] }>(
        request,
        next,
        'describejobqueues',
        { jobQueues: [jobQueue] },
      );
      if (jobQueues.some(({ state }) => state === 'ENABLED'))
        return jsonError('ClientException', 'Cannot delete, job queue is ENABLED');
    }
    if (isBatch(request, 'deletecomputeenvironment')) {
      const environment = await environmentOf(request, next, bodyOf<Json>(request).computeEnvironment);
      if (environment?.state === 'ENABLED')
        return jsonError('ClientException', 'Cannot delete, compute environment is ENABLED');
      const { jobQueues } = await askBatch<{
        jobQueues: { computeEnvironmentOrder: { computeEnvironment: string }[] }[];
      }>(request, next, 'describejobqueues', {});
      const used = jobQueues.some(({ computeEnvironmentOrder }) =>
        computeEnvironmentOrder.some(
          ({ computeEnvironment }) => computeEnvironment === environment?.computeEnvironmentArn,
        ),
      );
      if (used) return jsonError('ClientException', 'Cannot delete, found existing JobQueue relationship');
    }
    return await next(request);
  };
}

/** What moto changes or loses of a job definition, of its second revision above all. */
const KEPT = ['retryStrategy', 'platformCapabilities', 'propagateTags', 'ecsProperties'];

interface Container extends Json {
  image: string;
  resourceRequirements?: { type: string; value: string }[];
}

/**
 * moto refuses ecsProperties, answers evaluateOnExit's action in lower case, and loses platformCapabilities and propagateTags
 * on a second revision. AWS: a definition is described as it was registered (API reference, RegisterJobDefinition).
 */
export function keepsDefinitions(): Correction {
  const sent = new Map<string, Json>();
  return async (request, next) => {
    if (isBatch(request, 'registerjobdefinition')) {
      const input = bodyOf<Json & { ecsProperties?: { taskProperties: { containers: Container[] }[] } }>(
        request,
      );
      const [container] = input.ecsProperties?.taskProperties[0]?.containers ?? [];
      const { ecsProperties, ...rest } = input;
      // Moto needs a container to take the definition at all.
      const known = container ? { ...rest, containerProperties: containerOf(container) } : input;
      const answer = await next(withBody(request, JSON.stringify(known)));
      if (answer.status < 300) sent.set(bodyOf<{ jobDefinitionArn: string }>(answer).jobDefinitionArn, input);
      return answer;
    }
    const answer = await next(request);
    if (!isBatch(request, 'describejobdefinitions')) return answer;
    return withJson<{ jobDefinitions: (Json & { jobDefinitionArn: string })[] }>(
      answer,
      ({ jobDefinitions }) => {
        for (const each of jobDefinitions) {
          const input = sent.get(each.jobDefinitionArn) ?? {};
          for (const name of KEPT) if (input[name] !== undefined) each[name] = input[name];
          if (input.ecsProperties !== undefined) delete each.containerProperties;
        }
      },
    );
  };
}

function containerOf({ image, resourceRequirements }: Container): Json {
  return { image, ...(resourceRequirements && { resourceRequirements }) };
}

/** moto's ListJobs ignores jobStatus. AWS: only that status, RUNNING where none is named and nothing is filtered (API reference). */
export function listsJobsByStatus(): Correction {
  return async (request, next) => {
    const answer = await next(request);
    if (!isBatch(request, 'listjobs')) return answer;
    const { jobStatus = 'RUNNING', filters } = bodyOf<{ jobStatus?: string; filters?: unknown[] }>(request);
    if (filters !== undefined && filters.length > 0) return answer;
    return withJson<{ jobSummaryList: { status: string }[] }>(answer, (body) => {
      body.jobSummaryList = body.jobSummaryList.filter(({ status }) => status === jobStatus);
    });
  };
}

/** moto answers InvalidParameterValue, a code that Batch does not have. AWS: ClientException (API reference, common errors of Batch). */
export function speaksOfClientErrors(): Correction {
  return async (request, next) => {
    const answer = await next(request);
    if (request.service !== 'batch' || answer.status !== 400) return answer;
    const { message = '' } = bodyOf<{ message?: string }>(answer);
    // Seen in issues of infrastructure tools that meet a name again.
    const isThere = /already exists/.test(message);
    return jsonError('ClientException', isThere ? 'Object already exists' : message);
  };
}
