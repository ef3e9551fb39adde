import { Delayed } from '../kernel/delayed.ts';
import { AwsError } from '../kernel/errors.ts';
import type { Call } from '../kernel/operation.ts';

export interface Tag {
  Key: string;
  Value: string;
}

export interface Role {
  name: string;
  path: string;
  id: string;
  arn: string;
  created: Date;
  trust: string;
  description: string | undefined;
  maxSession: number;
  boundary: string | undefined;
  tags: Map<string, string>;
  /** Inline policies, text by name. */
  inline: Map<string, string>;
  /** ARNs of managed policies. */
  attached: Set<string>;
  /** The service that a service-linked role belongs to. */
  linkedTo?: string;
  /** From then on services can assume it and policies can name it. */
  _propagatedAt: number;
}

export interface Profile {
  name: string;
  path: string;
  id: string;
  arn: string;
  created: Date;
  tags: Map<string, string>;
  /** Names of roles: at most one. */
  roles: string[];
  _propagatedAt: number;
}

export interface ManagedPolicy {
  name: string;
  path: string;
  id: string;
  arn: string;
  created: Date;
  document: string;
  tags: Map<string, string>;
}

/** One account's IAM. What readers see lags behind by `delays.iamRead`. */
export interface IamState {
  roles: Map<string, Delayed<Role | undefined>>;
  profiles: Map<string, Delayed<Profile | undefined>>;
  policies: Map<string, ManagedPolicy>;
}

export type IamCall = Call<IamState>;

export function noSuchEntity(message: string): AwsError {
  return new AwsError('NoSuchEntity', message, { status: 404 });
}

export function roleNamed(call: IamCall, name: string): Role {
  const role = call.state.roles.get(name)?.read(call.world.clock.now());
  if (!role) throw noSuchEntity(`The role with name ${name} cannot be found.`);
  return role;
}

export function profileNamed(call: IamCall, name: string): Profile {
  const profile = call.state.profiles.get(name)?.read(call.world.clock.now());
  if (!profile) throw noSuchEntity(`Instance Profile ${name} cannot be found.`);
  return profile;
}

/** Puts a new role or profile there: writers collide with it at once, readers see it after the delay. */
export function appear<T>(
  call: Pick<IamCall, 'world'>,
  map: Map<string, Delayed<T | undefined>>,
  name: string,
  value: T,
): void {
  const now = call.world.clock.now();
  map.set(name, new Delayed<T | undefined>(undefined, value, now + call.world.delays.iamRead));
}

export function arnOf(call: { account: string }, kind: string, path: string, name: string): string {
  return `arn:aws:iam::${call.account}:${kind}${path}${name}`;
}

export function tagList(tags: ReadonlyMap<string, string>): Tag[] {
  return [...tags].map(([Key, Value]) => ({ Key, Value }));
}

export function tagMap(tags: readonly Tag[] = []): Map<string, string> {
  const keys = tags.map(({ Key }) => Key.toLowerCase());
  if (new Set(keys).size !== keys.length) {
    throw new AwsError(
      'InvalidInput',
      'Duplicate tag keys found. Please note that Tag keys are case insensitive.',
    );
  }
  return new Map(tags.map(({ Key, Value }) => [Key, Value]));
}
