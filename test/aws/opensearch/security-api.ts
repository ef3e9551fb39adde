import { AwsError, Unsupported } from '../kernel/errors.ts';
import { Http, operations } from '../kernel/operation.ts';
import { inPath, list, need, payload, type Shape, str, struct } from '../kernel/shape.ts';
import { patched } from './json-patch.ts';
import { ADMIN_ROLES, BUILT_IN, mappingOf } from './security-roles.ts';
import type { Domain, OpenSearchCall, OpenSearchState } from './state.ts';

const op = operations<OpenSearchState>();
const Name = inPath(str({ min: 1 }));
const anything: Shape<unknown> = { read: (value) => value };

function refused(message: string): AwsError {
  return new AwsError('security_exception', message, { status: 403, fields: { status: 'FORBIDDEN' } });
}

/** Whose security API is meant: the domain of the host name, else the one in this account and Region that the caller may use. */
function domainOf(call: OpenSearchCall): Domain {
  const host = call.origin.replace(/^http:\/\//, '');
  const ready = [...call.state.domains.values()].filter((domain) => domain._ready);
  const named = ready.find((domain) => domain._host === host);
  const able = (named ? [named] : ready).filter((domain) => isAdmin(call, domain));
  const [only] = able;
  if (!only) {
    const { arn, role = arn } = call.principal;
    throw refused(
      `No permission to access REST API: User ${role} does not have any role privileged for admin access.`,
    );
  }
  if (able.length > 1)
    throw new Unsupported(`${able.length} domains of one master user: give the Host header`);
  return only;
}

function isAdmin({ principal }: OpenSearchCall, domain: Domain): boolean {
  const who = principal.role ?? principal.arn;
  return ADMIN_ROLES.some((role) => {
    const { users, backend_roles: backendRoles } = domain.mappings.get(role) ?? {};
    return [users, backendRoles].some((each) => Array.isArray(each) && each.includes(who));
  });
}

type Kind = 'roles' | 'rolesmapping';

function tableOf(domain: Domain, kind: Kind): Map<string, Record<string, unknown>> {
  return kind === 'roles' ? domain.roles : domain.mappings;
}

function read(domain: Domain, kind: Kind, name: string): Record<string, unknown> | undefined {
  if (kind === 'roles' && BUILT_IN.includes(name)) return { reserved: true, hidden: false, static: true };
  return tableOf(domain, kind).get(name);
}

function answer(code: number, status: string, message: string): Http {
  return new Http({ status: code, document: { root: '', value: { status, message } } });
}

function notFound(name: string): Http {
  return answer(404, 'NOT_FOUND', `Resource '${name}' not found.`);
}

function reserved(name: string): Http {
  return answer(403, 'FORBIDDEN', `Resource '${name}' is reserved.`);
}

/** `ok` when a role or mapping of this name may be written, else why not. */
function writable(domain: Domain, kind: Kind, name: string): Http | 'ok' {
  if (kind === 'roles') return BUILT_IN.includes(name) ? reserved(name) : 'ok';
  return read(domain, 'roles', name) ? 'ok' : notFound(name);
}

function stored(kind: Kind, body: Record<string, unknown>): Record<string, unknown> {
  return kind === 'roles'
    ? {
        reserved: false,
        hidden: false,
        cluster_permissions: [],
        index_permissions: [],
        tenant_permissions: [],
        static: false,
        ...body,
      }
    : mappingOf(body);
}

const bodies = {
  roles: struct({
    description: str(),
    cluster_permissions: list(str()),
    index_permissions: list(
      struct({
        index_patterns: list(str()),
        dls: str(),
        fls: list(str()),
        masked_fields: list(str()),
        allowed_actions: list(str()),
      }),
    ),
    tenant_permissions: list(struct({ tenant_patterns: list(str()), allowed_actions: list(str()) })),
  }),
  rolesmapping: struct({
    description: str(),
    backend_roles: list(str()),
    and_backend_roles: list(str()),
    hosts: list(str()),
    users: list(str()),
  }),
};

function operationsOf(kind: Kind, noun: string) {
  const http = (method: string) => `${method} /_plugins/_security/api/${kind}/{Name}`;
  const about = (method: string) => ({
    http: http(method),
    // Signed requests to a domain are actions of IAM too.
    action: `ESHttp${method.charAt(0)}${method.slice(1).toLowerCase()}`,
    resource: ({ Name: name }: { Name: string }, call: OpenSearchCall) => {
      const [only] = call.state.domains.values();
      return `${only?.arn ?? '*'}/_plugins/_security/api/${kind}/${name}`;
    },
  });
  const body = bodies[kind] as Shape<Record<string, unknown>>;
  return [
    op(
      `Get${noun}`,
      'Read',
      struct({ Name }),
      (call, { Name: name }) => {
        const value = read(domainOf(call), kind, name);
        return value ? { [name]: value } : notFound(name);
      },
      about('GET'),
    ),
    op(
      `Put${noun}`,
      'Write',
      struct({ Name, Body: need(payload(body)) }),
      (call, { Name: name, Body: given }) => {
        const domain = domainOf(call);
        const allowed = writable(domain, kind, name);
        if (allowed !== 'ok') return allowed;
        const table = tableOf(domain, kind);
        const existed = table.has(name);
        table.set(name, stored(kind, given));
        return existed
          ? answer(200, 'OK', `'${name}' updated.`)
          : answer(201, 'CREATED', `'${name}' created.`);
      },
      about('PUT'),
    ),
    op(
      `Patch${noun}`,
      'Write',
      struct({
        Name,
        Body: need(
          payload(
            list(
              struct({
                op: need(str({ oneOf: ['add', 'remove', 'replace'] })),
                path: need(str()),
                value: anything,
              }),
            ),
          ),
        ),
      }),
      (call, { Name: name, Body: steps }) => {
        const domain = domainOf(call);
        const before = read(domain, kind, name);
        if (!before) return notFound(name);
        const allowed = writable(domain, kind, name);
        if (allowed !== 'ok') return allowed;
        const after = patched(before, steps);
        if (!after) return answer(400, 'BAD_REQUEST', 'JSON patch cannot be applied');
        tableOf(domain, kind).set(name, after);
        return answer(200, 'OK', `'${name}' updated.`);
      },
      about('PATCH'),
    ),
    op(
      `Delete${noun}`,
      'Write',
      struct({ Name }),
      (call, { Name: name }) => {
        const domain = domainOf(call);
        if (kind === 'roles' && BUILT_IN.includes(name)) return reserved(name);
        return tableOf(domain, kind).delete(name) ? answer(200, 'OK', `'${name}' deleted.`) : notFound(name);
      },
      about('DELETE'),
    ),
    op(`List${noun}s`, 'Read', struct({}), (call) => Object.fromEntries(tableOf(domainOf(call), kind)), {
      ...about('GET'),
      http: `GET /_plugins/_security/api/${kind}`,
      resource: () => '*',
    }),
  ];
}

/** The part of OpenSearch's security API that setting a domain up needs, answered by the double's own port. */
export const securityOperations = [
  ...operationsOf('roles', 'Role'),
  ...operationsOf('rolesmapping', 'RolesMapping'),
];
