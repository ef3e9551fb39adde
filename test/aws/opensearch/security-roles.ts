import type { Domain } from './state.ts';

/** Roles that every domain has and nobody can change. */
export const BUILT_IN = [
  'all_access',
  'security_manager',
  'readall',
  'readall_and_monitor',
  'kibana_user',
  'kibana_read_only',
  'logstash',
  'manage_snapshots',
  'own_index',
];

/** The service maps its master user to these two roles, which let him use the security API. */
export const ADMIN_ROLES = ['all_access', 'security_manager'];

export function mappingOf(given: Record<string, unknown>): Record<string, unknown> {
  return {
    hosts: [],
    users: [],
    reserved: false,
    hidden: false,
    backend_roles: [],
    and_backend_roles: [],
    ...given,
  };
}

/** Mappings of a new domain: the master user's. */
export function builtInMappings(master: Domain['master']): Map<string, Record<string, unknown>> {
  const { arn, name } = master ?? {};
  const isUser = arn === undefined || /:user\//.test(arn);
  const who = arn ?? name;
  if (who === undefined) return new Map();
  return new Map(
    ADMIN_ROLES.map((role) => [role, mappingOf({ [isUser ? 'users' : 'backend_roles']: [who] })]),
  );
}
