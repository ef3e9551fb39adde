import type { AwsError } from './errors.ts';
import type { Principal } from './principals.ts';
import type { Answer, Request } from './protocols/wire.ts';
import type { Problem, Shape } from './shape.ts';
import type { World } from './world.ts';

/** IAM's access levels, as the Service Authorization Reference lists them for each action. */
export type Access = 'Read' | 'List' | 'Write' | 'Tagging' | 'Permissions management';

/** One request on its way through a service. `S`: the service's state in this account and Region. */
export interface Call<S> {
  world: World;
  state: S;
  region: string;
  account: string;
  principal: Principal;
  requestId: string;
  /** `http://127.0.0.1:PORT`, as the caller reached the double. */
  origin: string;
  now(): Date;
}

/** An answer that is more than a document: S3's headers and bodies. */
export class Http {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: Buffer | undefined;
  /** Document and its root element, where the body is one. */
  readonly document: { root: string; value: object } | undefined;

  constructor(answer: {
    status?: number;
    headers?: Readonly<Record<string, string | undefined>>;
    body?: Buffer;
    document?: { root: string; value: object };
  }) {
    this.status = answer.status ?? 200;
    this.headers = answer.headers ?? {};
    this.body = answer.body;
    this.document = answer.document;
  }
}

/** What a handler gives back: the members of the output, or nothing. Dates and bytes as such; `undefined` is left out. */
export type Output = object | Http | undefined;

export interface Operation<S> {
  name: string;
  access: Access;
  /** IAM action without its prefix, where it is not the operation's name. */
  action?: string;
  /** Where IAM's access level says Write though nothing is stored (AssumeRole). */
  mutating?: boolean;
  /** REST only: `PUT /{Bucket}/{Key+}?tagging`; `+` takes slashes, what follows `?` must be in the query (`@name`: in the headers). */
  http?: string;
  input: Shape<unknown>;
  /** ARN that the call is about; `*` when absent. */
  resource?(input: Readonly<Record<string, unknown>>, call: Call<S>): string;
  /** Gives an `Output`, or a promise of one. */
  run(call: Call<S>, input: unknown): unknown;
}

/** Which wire forms a service speaks; the request says which one it is in. */
export type Wire = 'rest-xml' | 'rest-json' | 'query' | 'ec2' | 'json' | 'cbor';

/** Something with tags, as the tagging API lists it. */
export interface Tagged {
  arn: string;
  /** `logs:log-group`, `s3:bucket`, `sqs`: what ResourceTypeFilters name. */
  type: string;
  tags: ReadonlyMap<string, string>;
}

/** HTTP of a service that is no API call, with its own way to say who asks and what went wrong: ECR's registry. */
export interface Web<S> {
  /** Whether the request is of this kind. */
  takes(request: Request): boolean;
  /** Who asks, and for what, under the name of an IAM action; throws an `AwsError` when that cannot be told. */
  open(
    world: World,
    request: Request,
  ): {
    principal: Principal;
    account: string;
    region: string;
    operation: Pick<Operation<S>, 'name' | 'access'>;
    resource: string;
  };
  serve(call: Call<S>, request: Request): Answer;
  failure(error: AwsError): Answer;
}

export interface Service<S> {
  /** Short name: in the journal, in fault rules, and IAM's prefix. */
  id: string;
  /** Names in the credential scope of a signature (`monitoring`, `es`, …). */
  signedAs: readonly string[];
  wires: readonly Wire[];
  /** X-Amz-Target's part before the dot. */
  target?: string;
  /** XML namespace of answers. */
  xmlns?: string;
  /** How far one state reaches: a Region of an account, an account, or the whole world (S3's bucket names). */
  reach: 'region' | 'account' | 'world';
  /** An empty state. Plain objects, Maps, Dates: `dump` prints it. */
  empty(): S;
  operations: readonly Operation<S>[];
  /** What of a state the tagging API lists in this account and Region; nothing when absent (IAM roles). */
  tagged?(state: S, account: string, region: string): Tagged[];
  web?: Web<S>;
  /** A request against the model, in the service's words. */
  invalid(problem: Problem): AwsError;
  /** A refusal, in the service's words. */
  denied(message: string): AwsError;
  /** The answer to too many requests; ThrottlingException (400) when absent. */
  throttled?(): AwsError;
}

/** Starts a service's list of operations: `const op = operations<State>()`, then `op('CreateX', 'Write', struct({…}), (call, input) => …)`. */
export function operations<S>() {
  return <I>(
    name: string,
    access: Access,
    input: Shape<I>,
    run: (call: Call<S>, input: I) => unknown,
    more: {
      action?: string;
      mutating?: boolean;
      http?: string;
      resource?: (input: I, call: Call<S>) => string;
    } = {},
  ): Operation<S> => ({
    name,
    access,
    input,
    run: (call, value) => run(call, value as I),
    ...(more.action !== undefined && { action: more.action }),
    ...(more.mutating !== undefined && { mutating: more.mutating }),
    ...(more.http !== undefined && { http: more.http }),
    ...(more.resource && { resource: more.resource as NonNullable<Operation<S>['resource']> }),
  });
}

export function isMutating(operation: Pick<Operation<unknown>, 'access' | 'mutating'>): boolean {
  return operation.mutating ?? (operation.access !== 'Read' && operation.access !== 'List');
}
