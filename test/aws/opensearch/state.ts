import { AwsError } from '../kernel/errors.ts';
import type { Call } from '../kernel/operation.ts';
import type { GivenOptions } from './shapes.ts';

/** Options as a domain has them: what was given over the defaults, without the master user's. */
export type DomainOptions = GivenOptions & {
  ClusterConfig: NonNullable<GivenOptions['ClusterConfig']> & { InstanceType: string; InstanceCount: number };
};
export type OptionName = keyof GivenOptions | 'EngineVersion';

export interface Domain {
  name: string;
  arn: string;
  version: string;
  options: DomainOptions;
  /** Where a VPC domain is. */
  network: { vpcId: string; zones: string[] } | undefined;
  /** Who is mapped to everything; the password of a named one is not kept. */
  master: { arn?: string; name?: string } | undefined;
  tags: Map<string, string>;
  /** Roles and role mappings of the security plugin, by name. */
  roles: Map<string, Record<string, unknown>>;
  mappings: Map<string, Record<string, unknown>>;
  _created: Date;
  /** Host name that AWS would give it. */
  _host: string;
  /** Whether it has an endpoint yet. */
  _ready: boolean;
  _status: 'Creating' | 'Active' | 'Modifying' | 'UpgradingEngineVersion' | 'Deleting';
  /** Options that are being changed. */
  _pending: Set<string>;
  _updates: Map<string, { date: Date; version: number }>;
  /** Interfaces in its subnets. */
  _interfaces: string[];
}

export interface OpenSearchState {
  domains: Map<string, Domain>;
}
export type OpenSearchCall = Call<OpenSearchState>;

export function invalid(message: string): AwsError {
  return new AwsError('ValidationException', message);
}

/** The model gives 409 to all but ValidationException. */
export function conflict(code: string, message: string): AwsError {
  return new AwsError(code, message, { status: 409 });
}

export function arnOf(call: { region: string; account: string }, name: string): string {
  return `arn:aws:es:${call.region}:${call.account}:domain/${name}`;
}

export function domainNamed(call: OpenSearchCall, name: string): Domain {
  const domain = call.state.domains.get(name);
  if (!domain) throw conflict('ResourceNotFoundException', `Domain not found: ${name}`);
  return domain;
}

export const aboutDomain = {
  resource: ({ DomainName }: { DomainName: string }, call: OpenSearchCall) => arnOf(call, DomainName),
};

/** Does it now, or after the delay that the test has set for domains. */
export function later(call: OpenSearchCall, run: () => void): void {
  const delay = call.world.delays.openSearchDomain;
  if (delay === 0) run();
  else call.world.clock.after(delay, run);
}
