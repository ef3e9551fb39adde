import { AwsError } from '../kernel/errors.ts';
import type { Call } from '../kernel/operation.ts';
import type { FunctionSettings } from './shapes.ts';

/** One invocation, as the code in it sees it. */
export interface Invocation {
  requestId: string;
  /** The whole environment: the function's variables, the role's keys, the double's address, Lambda's own names. */
  env: Record<string, string>;
  /** Writes a line to the function's log group, if it is there and the role may. */
  log(line: string): void;
}

/** Runs a function's code: its answer, or a rejection for an error. What goes in and out is copied through JSON. */
export type Runner = (found: LambdaFunction, event: unknown, invocation: Invocation) => Promise<unknown>;

/** A function's code: a zip, or an image that a tag was resolved to. */
export interface Code {
  zip: Buffer | undefined;
  imageUri: string | undefined;
  /** The image by digest. */
  resolvedImageUri: string | undefined;
  /** Base64 for a zip; the digest's hexadecimal digits for an image. */
  sha256: string;
  /** Bytes; 0 for an image. */
  size: number;
}

export interface EventInvokeConfig {
  modified: Date;
  MaximumRetryAttempts: number | undefined;
  MaximumEventAgeInSeconds: number | undefined;
  DestinationConfig: object | undefined;
}

export interface LambdaFunction {
  name: string;
  arn: string;
  account: string;
  region: string;
  packageType: 'Zip' | 'Image';
  role: string;
  architecture: string;
  /** Empty when it is in none. */
  vpcId: string;
  settings: FunctionSettings;
  code: Code;
  modified: Date;
  revision: string;
  tags: Map<string, string>;
  /** Published versions, oldest first: what was published, by its hash. */
  versions: { version: string; sha256: string; modified: Date }[];
  /** Statements of the resource policy by id. */
  policy: Map<string, object>;
  reserved: number | undefined;
  eventInvoke: EventInvokeConfig | undefined;
  /** Pending until then. */
  _activeAt: number;
  /** LastUpdateStatus is InProgress until then. */
  _updatedAt: number;
  /** Invocations under way. */
  _running: number;
}

export interface Mapping {
  uuid: string;
  arn: string;
  queueArn: string;
  functionArn: string;
  enabled: boolean;
  batchSize: number;
  /** Seconds. */
  window: number;
  maximumConcurrency: number | undefined;
  responseTypes: string[];
  filters: string[];
  tags: Map<string, string>;
  modified: Date;
  /** What it is doing until `_settledAt`. */
  _doing: 'Creating' | 'Updating' | 'Enabling' | 'Disabling' | 'Deleting';
  _settledAt: number;
  /** Batches under way. */
  _running: number;
}

export interface LambdaState {
  functions: Map<string, LambdaFunction>;
  mappings: Map<string, Mapping>;
  /** The account's concurrent executions in this Region. */
  concurrencyLimit: number | undefined;
  /** What runs functions; only in the state of account '' and Region '': one for the whole world. */
  _runner: Runner | undefined;
}

export type LambdaCall = Call<LambdaState>;

/** AWS's default of concurrent executions; new accounts may have 10. */
const CONCURRENCY = 1000;

export function concurrencyLimit(state: LambdaState): number {
  return state.concurrencyLimit ?? CONCURRENCY;
}

/** What functions have reserved, but for one of them. */
export function reservedConcurrency(state: LambdaState, but?: LambdaFunction): number {
  return [...state.functions.values()]
    .filter((each) => each !== but)
    .reduce((sum, each) => sum + (each.reserved ?? 0), 0);
}

/** Lambda's errors name the side at fault. */
export function lambdaError(code: string, status: number, message: string): AwsError {
  return new AwsError(code, message, { status, fields: { Type: 'User' } });
}

export function invalidParameter(message: string): AwsError {
  return lambdaError('InvalidParameterValueException', 400, message);
}

export function notFound(message: string): AwsError {
  return lambdaError('ResourceNotFoundException', 404, message);
}

export function conflict(message: string): AwsError {
  return lambdaError('ResourceConflictException', 409, message);
}

export function functionArn(call: { region: string; account: string }, name: string): string {
  return `arn:aws:lambda:${call.region}:${call.account}:function:${name}`;
}

/** The name in `NAME`, `ACCOUNT:function:NAME` or an ARN, each with or without `:$LATEST`. */
export function nameOf(given: string): string {
  const parts = given.split(':');
  const at = parts.indexOf('function');
  return (at < 0 ? parts[0] : parts[at + 1]) ?? '';
}

export function functionNamed(call: LambdaCall, given: string): LambdaFunction {
  const name = nameOf(given);
  const found = call.state.functions.get(name);
  if (!found) throw notFound(`Function not found: ${functionArn(call, name)}`);
  return found;
}

/** The function, if nothing is being done to it. */
export function settledFunction(call: LambdaCall, given: string): LambdaFunction {
  const found = functionNamed(call, given);
  const now = call.world.clock.now();
  const busy = 'The operation cannot be performed at this time.';
  if (now < found._activeAt) {
    throw conflict(`${busy} The function is currently in the following state: Pending`);
  }
  if (now < found._updatedAt) throw conflict(`${busy} An update is in progress for resource: ${found.arn}`);
  return found;
}
