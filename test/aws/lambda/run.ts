import { roleMay } from '../iam/permissions.ts';
import { assumable, roleByArn } from '../iam/reach.ts';
import { Unsupported } from '../kernel/errors.ts';
import type { World } from '../kernel/world.ts';
import { writeLog } from '../logs/reach.ts';
import { queueByArn } from '../sqs/reach.ts';
import { enqueue } from '../sqs/state.ts';
import { logGroupOf } from './configuration.ts';
import { lambda } from './service.ts';
import { concurrencyLimit, conflict, type LambdaFunction, lambdaError } from './state.ts';

/** Bytes of a synchronous answer (Lambda quotas). */
const ANSWER_BYTES = 6_291_556;

/** How an invocation ended: the function's answer, or its error as Lambda words it. */
export interface Outcome {
  answer: unknown;
  error: { errorMessage: string; errorType: string } | undefined;
  lines: string[];
}

/** Where the world keeps what runs functions. */
export function runnerOf(world: World) {
  return world.state(lambda, '', '');
}

/** Runs a function now; throws when it cannot be started: no concurrency left, or not yet Active. */
export async function invoke(world: World, found: LambdaFunction, event: unknown): Promise<Outcome> {
  const runner = runnerOf(world)._runner;
  if (!runner) throw new Unsupported(`nothing runs ${found.name}: call runFunctions first`);
  if (world.clock.now() < found._activeAt) {
    throw conflict(
      'The operation cannot be performed at this time. The function is currently in the following state: Pending',
    );
  }
  checkConcurrency(world, found);
  const requestId = world.ids.uuid();
  const lines: string[] = [];
  const log = (line: string) => {
    lines.push(line);
    logLine(world, found, requestId, line);
  };
  if (assumable(world, found.role, 'lambda.amazonaws.com', found.arn) !== 'yes') {
    throw lambdaError(
      'AccessDeniedException',
      403,
      'The role defined for the function cannot be assumed by Lambda.',
    );
  }
  found._running++;
  log(`START RequestId: ${requestId} Version: $LATEST`);
  try {
    const env = environmentOf(world, found);
    const answer = copy(await runner(found, copy(event), { requestId, env, log }));
    if (Buffer.byteLength(JSON.stringify(answer)) > ANSWER_BYTES) {
      const errorMessage = `Response payload size exceeded maximum allowed payload size (${ANSWER_BYTES} bytes).`;
      return {
        answer: null,
        error: { errorMessage, errorType: 'Function.ResponseSizeTooLarge' },
        lines,
      };
    }
    return { answer, error: undefined, lines };
  } catch (error) {
    const { message, name } = error instanceof Error ? error : new Error(String(error));
    log(`ERROR ${name}: ${message}`);
    return { answer: null, error: { errorMessage: message, errorType: name }, lines };
  } finally {
    found._running--;
    log(`END RequestId: ${requestId}`);
  }
}

function copy(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value ?? null));
}

function checkConcurrency(world: World, found: LambdaFunction): void {
  const state = world.state(lambda, found.account, found.region);
  const inAccount = [...state.functions.values()].reduce((sum, each) => sum + each._running, 0);
  const isFull =
    found.reserved !== undefined ? found._running >= found.reserved : inAccount >= concurrencyLimit(state);
  if (isFull) throw lambdaError('TooManyRequestsException', 429, 'Rate Exceeded.');
}

function logLine(world: World, found: LambdaFunction, requestId: string, line: string): void {
  const group = logGroupOf(found);
  const stream = `${world.clock.date().toISOString().slice(0, 10).replaceAll('-', '/')}/[$LATEST]${requestId.replaceAll('-', '')}`;
  const arn = `arn:aws:logs:${found.region}:${found.account}:log-group:${group}`;
  const resource = `${arn}:log-stream:${stream}`;
  const may = (action: string) =>
    roleMay(world, found.role, action, resource) || roleMay(world, found.role, action, `${arn}:*`);
  if (may('logs:CreateLogStream') && may('logs:PutLogEvents')) writeLog(world, found, group, stream, line);
}

/** What the process of a function finds in its environment, with keys of its role. */
function environmentOf(world: World, found: LambdaFunction): Record<string, string> {
  const role = roleByArn(world, found.role);
  const credentials = world.principals.temporary(
    {
      account: found.account,
      arn: `arn:aws:sts::${found.account}:assumed-role/${role?.name}/${found.name}`,
      userId: `${role?.id}:${found.name}`,
      role: found.role,
    },
    new Date(world.clock.now() + 12 * 3_600_000),
  );
  return {
    ...world.env({ region: found.region, credentials }),
    AWS_DEFAULT_REGION: found.region,
    AWS_EXECUTION_ENV: `AWS_Lambda_${found.settings.Runtime ?? 'image'}`,
    AWS_LAMBDA_FUNCTION_NAME: found.name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(found.settings.MemorySize ?? 128),
    AWS_LAMBDA_LOG_GROUP_NAME: logGroupOf(found),
    ...(found.settings.Handler !== undefined && { _HANDLER: found.settings.Handler }),
    ...found.settings.Environment?.Variables,
  };
}

/** Waits before the second and third attempt of an asynchronous invocation (developer guide, "Asynchronous invocation"). */
const RETRY_AFTER = [60_000, 120_000];

/** Puts an event into the function's own queue: run by the clock, repeated on errors, at last given to the dead letters. Nothing happens while nothing runs functions. */
export function invokeLater(world: World, found: LambdaFunction, event: unknown): void {
  if (!runnerOf(world)._runner) return;
  const { MaximumRetryAttempts: retries = 2, MaximumEventAgeInSeconds: age = 21_600 } =
    found.eventInvoke ?? {};
  const end = world.clock.now() + age * 1000;
  const attempt = async (count: number) => {
    const error = await invoke(world, found, event).then(
      (outcome) => outcome.error,
      (refusal: Error) => ({ errorMessage: refusal.message, errorType: refusal.name }),
    );
    if (!error) return deadOrDone(world, found, 'OnSuccess', { requestPayload: event });
    const wait = RETRY_AFTER[count] ?? 0;
    if (count < retries && world.clock.now() + wait < end) {
      world.clock.after(wait, () => world.clock.alongside(attempt(count + 1)));
    } else deadOrDone(world, found, 'OnFailure', { requestPayload: event, responsePayload: error });
  };
  world.clock.after(0, () => world.clock.alongside(attempt(0)));
}

/** Sends what became of an event to the destination, or a failed event itself to the dead-letter queue. */
function deadOrDone(
  world: World,
  found: LambdaFunction,
  which: 'OnSuccess' | 'OnFailure',
  record: { requestPayload: unknown; responsePayload?: unknown },
): void {
  const destinations = found.eventInvoke?.DestinationConfig as
    | Record<string, { Destination?: string } | undefined>
    | undefined;
  const requestContext = { functionArn: `${found.arn}:$LATEST`, condition: which };
  send(world, found, destinations?.[which]?.Destination, { version: '1.0', requestContext, ...record });
  if (which === 'OnFailure') {
    send(world, found, found.settings.DeadLetterConfig?.TargetArn, record.requestPayload);
  }
}

function send(world: World, found: LambdaFunction, arn: string | undefined, body: unknown): void {
  const queue = arn ? queueByArn(world, arn) : undefined;
  if (!queue || !roleMay(world, found.role, 'sqs:SendMessage', queue.arn)) return;
  enqueue(queue, { id: world.ids.uuid(), body: JSON.stringify(body), now: world.clock.now() });
}
