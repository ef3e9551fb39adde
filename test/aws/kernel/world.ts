import { Clock } from './clock.ts';
import { Faults } from './faults.ts';
import { Journal } from './journal.ts';
import type { Service, Tagged } from './operation.ts';
import { like } from './policy.ts';
import { type Credentials, type Principal, Principals } from './principals.ts';
import { Ids } from './random.ts';
import { type Listening, listen } from './server.ts';
import { canonical, Store } from './store.ts';

/** The account that callers are in unless they say otherwise. */
const ACCOUNT = '111122223333';

/**
 * The NODE_OPTIONS of processes under test. One that dials anything but loopback ends at once; what it sends is recorded
 * where a run records.
 */
export const PRELOAD = [
  new URL('./loopback-guard.js', import.meta.url),
  new URL('../../outside/botocore/record.js', import.meta.url),
]
  .map(({ href }) => `--import ${href}`)
  .join(' ');

/** What a request did that AWS, or this double, does not know. A test with violations fails (`check`). */
export interface Violation {
  /** `unsupported`: the double cannot do this. `model`: the request breaks the service's model. */
  kind: 'unsupported' | 'model';
  service: string;
  operation: string;
  message: string;
}

/** Milliseconds for which something that was written is not yet seen. Nothing is delayed by default. */
export interface Delays {
  /** A new role or instance profile is not found by readers. */
  iamRead: number;
  /** A new role cannot be assumed by services, and a principal is unknown to policies. */
  iamPropagation: number;
  /** A queue's changed policy is not seen by services that deliver to it. */
  sqsPolicy: number;
  /** A new bucket is not found. */
  s3Bucket: number;
  /** A bucket's changed configuration (policy, notification, lifecycle, …) is not seen by readers. */
  s3Configuration: number;
  /** A changed notification configuration has no effect (AWS: up to five minutes). */
  s3Notification: number;
  /** A compute environment is CREATING, UPDATING or DELETING. */
  batchEnvironment: number;
  /** A job queue is CREATING, UPDATING or DELETING. */
  batchQueue: number;
  /** A job is SUBMITTED, and again that long STARTING. */
  batchJob: number;
  /** A function is Pending after its creation, and its last update InProgress after a change. */
  lambdaFunction: number;
  /** An event source mapping is Creating, Updating, Enabling, Disabling or Deleting. */
  lambdaMapping: number;
  /** A domain is Processing: new, changed, upgraded or being deleted (AWS: 15 minutes and longer). */
  openSearchDomain: number;
  /** Each phase of a build lasts so long. */
  codeBuildPhase: number;
  /** The tagging API still returns what is gone. */
  taggingAfterDelete: number;
}

const NO_DELAYS: Delays = {
  iamRead: 0,
  iamPropagation: 0,
  sqsPolicy: 0,
  s3Bucket: 0,
  s3Configuration: 0,
  s3Notification: 0,
  batchEnvironment: 0,
  batchQueue: 0,
  batchJob: 0,
  lambdaFunction: 0,
  lambdaMapping: 0,
  openSearchDomain: 0,
  codeBuildPhase: 0,
  taggingAfterDelete: 0,
};

/** Says whether a principal may; a simulator of IAM can be put here. A refusal's text becomes the error's reason. */
export type Authorize = (principal: Principal, action: string, resource: string) => true | string;

/** A fresh AWS: nothing in it, an administrator in every account. */
export class World {
  readonly clock = new Clock();
  readonly ids = new Ids();
  readonly faults = new Faults();
  readonly journal = new Journal();
  readonly store = new Store();
  readonly violations: Violation[] = [];
  principals = new Principals(this.ids);
  delays: Delays = { ...NO_DELAYS };
  /** Everything is allowed unless this, or `deny`, says no. */
  authorize: Authorize = () => true;
  readonly services: readonly Service<unknown>[];
  #denied: { action: string; principal: string; resource: string }[] = [];
  #remembered = new Map<string, Tagged & { account: string; region: string; seen: number }>();
  #listening: Listening | undefined;
  #cleanups: (() => void)[] = [];

  constructor(services: readonly Service<unknown>[]) {
    this.services = services;
  }

  /** `http://127.0.0.1:PORT`, the value for AWS_ENDPOINT_URL. */
  get url(): string {
    if (!this.#listening) throw new Error('the world is not started');
    return this.#listening.url;
  }

  async start(): Promise<this> {
    this.#listening = await listen(this);
    return this;
  }

  async stop(): Promise<void> {
    this.#cleanUp();
    this.clock.clear();
    await this.#listening?.close();
  }

  /** A service's state elsewhere: how one service looks into another. */
  state<S>(service: Service<S>, account: string, region: string): S {
    return this.store.state(service, account, region);
  }

  /** What the tagging API lists there: what is, and for `taggingAfterDelete` what was. */
  taggedResources(account: string, region: string): Tagged[] {
    const now = this.clock.now();
    const there = this.#taggedNow(account, region);
    const gone = [...this.#remembered.values()].filter(
      (each) =>
        each.account === account &&
        each.region === region &&
        now < each.seen + this.delays.taggingAfterDelete &&
        !there.some(({ arn }) => arn === each.arn),
    );
    return [...there, ...gone];
  }

  /** Notes what has tags before a call that may delete it; only where the tagging API is late. */
  rememberTagged(account: string, region: string): void {
    if (this.delays.taggingAfterDelete === 0) return;
    const seen = this.clock.now();
    for (const each of this.#taggedNow(account, region)) {
      this.#remembered.set(each.arn, { ...each, account, region, seen });
    }
  }

  #taggedNow(account: string, region: string): Tagged[] {
    return this.services.flatMap(
      (service) => service.tagged?.(this.state(service, account, region), account, region) ?? [],
    );
  }

  /** Refuses an action (`s3:PutBucketNotification`, `iam:*`) from now on; the returned function allows it again. */
  deny(action: string, only: { principal?: string; resource?: string } = {}): () => void {
    const rule = { action, principal: only.principal ?? '*', resource: only.resource ?? '*' };
    this.#denied.push(rule);
    return () => {
      this.#denied = this.#denied.filter((each) => each !== rule);
    };
  }

  /** Whether the principal may, or why not. For what one call needs beside its own action (`kms:Decrypt`, `iam:PassRole`). */
  permits(principal: Principal, action: string, resource: string): true | string {
    const denied = this.#denied.some(
      (rule) =>
        like(rule.action.toLowerCase(), action.toLowerCase()) &&
        like(rule.principal, principal.role ?? principal.arn) &&
        like(rule.resource, resource),
    );
    const verdict = denied
      ? 'with an explicit deny in an identity-based policy'
      : this.authorize(principal, action, resource);
    if (verdict === true) return true;
    return `User: ${principal.arn} is not authorized to perform: ${action} on resource: ${resource} ${verdict}`;
  }

  /** Throws when a request was against the model or beyond the double. Call it in `afterEach`. */
  check(): void {
    const lines = this.takeViolations().map((each) => `${each.service} ${each.operation}: ${each.message}`);
    if (lines.length > 0)
      throw new Error(`requests that AWS or the double does not know:\n${lines.join('\n')}`);
  }

  /** Gives the violations and forgets them: for a test that means them. */
  takeViolations(): Violation[] {
    return this.violations.splice(0);
  }

  /** The whole store as text that is the same for the same state: no points in time, no random ids. */
  dump(): string {
    return canonical(this.store, this.ids.issued);
  }

  /** Everything forgotten: store, timers, faults, journal, denials. The address stays. */
  reset(): void {
    this.#cleanUp();
    this.clock.clear();
    this.store.clear();
    this.faults.clear();
    this.journal.clear();
    this.violations.length = 0;
    this.#denied = [];
    this.#remembered.clear();
    this.principals = new Principals(this.ids);
    this.delays = { ...NO_DELAYS };
    this.authorize = () => true;
  }

  /** Runs once at the next `reset` or `stop`: ends what a service or a test has going on outside of the store. */
  onReset(run: () => void): void {
    this.#cleanups.push(run);
  }

  #cleanUp(): void {
    for (const each of this.#cleanups.splice(0)) each();
  }

  /** What an SDK client is built with: `new SQSClient(world.client())`. One attempt, so that a test sees each answer. */
  client(options: { region?: string; account?: string; credentials?: Credentials } = {}) {
    return {
      endpoint: this.url,
      region: options.region ?? 'eu-west-1',
      credentials: options.credentials ?? this.principals.admin(options.account ?? ACCOUNT),
      maxAttempts: 1,
    };
  }

  /** The environment of a process whose every AWS call comes here. */
  env(
    options: { region?: string; account?: string; credentials?: Credentials } = {},
  ): Record<string, string> {
    const credentials = options.credentials ?? this.principals.admin(options.account ?? ACCOUNT);
    return {
      AWS_ENDPOINT_URL: this.url,
      AWS_REGION: options.region ?? 'eu-west-1',
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      AWS_EC2_METADATA_DISABLED: 'true',
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      NODE_OPTIONS: PRELOAD,
      ...(credentials.sessionToken !== undefined && { AWS_SESSION_TOKEN: credentials.sessionToken }),
    };
  }
}
