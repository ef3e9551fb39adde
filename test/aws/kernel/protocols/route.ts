import { Unsupported } from '../errors.ts';
import type { Operation, Service } from '../operation.ts';
import type { Members } from '../shape.ts';
import type { Request } from './wire.ts';

interface Route {
  operation: Operation<unknown>;
  method: string;
  parts: string[];
  /** `key` or `key=value` that must be in the query, or `@name`: a header that must be there. */
  required: string[];
}

const compiled = new WeakMap<Service<unknown>, Route[]>();

function routesOf(service: Service<unknown>): Route[] {
  let routes = compiled.get(service);
  if (!routes) {
    routes = service.operations.map((operation) => {
      const [method = '', target = ''] = (operation.http ?? '').split(' ');
      const [path = '', query = ''] = target.split('?');
      return { operation, method, parts: split(path), required: query.split('&').filter(Boolean) };
    });
    compiled.set(service, routes);
  }
  return routes;
}

function split(path: string): string[] {
  return path.replace(/^\//, '').split('/');
}

/** Finds the operation by method, path and query (the one that asks for most wins) and reads the bound members. */
export function route(request: Request, service: Service<unknown>) {
  const given = split(request.path);
  const found = routesOf(service)
    .flatMap((each) => {
      const labels = each.method === request.method ? labelsOf(each.parts, given) : undefined;
      return labels && each.required.every((one) => isIn(request, one)) ? [{ ...each, labels }] : [];
    })
    .sort((a, b) => b.required.length - a.required.length || literals(b.parts) - literals(a.parts))[0];
  if (!found) {
    throw new Unsupported(
      `the double's ${service.id} does not know ${request.method} ${request.path}?${request.query}`,
    );
  }
  const members = found.operation.input as { members?: Members };
  return {
    operation: found.operation,
    labels: found.labels,
    required: found.required,
    members: members.members ?? {},
  };
}

function literals(parts: string[]): number {
  return parts.filter((part) => !part.startsWith('{')).length;
}

function isIn({ query, headers }: Request, required: string): boolean {
  if (required.startsWith('@')) return headers[required.slice(1)] !== undefined;
  const [key = '', value] = required.split('=');
  return query.has(key) && (value === undefined || query.get(key) === value);
}

function labelsOf(parts: string[], given: string[]): Record<string, string> | undefined {
  const labels: Record<string, string> = {};
  for (const [index, part] of parts.entries()) {
    const greedy = part.endsWith('+}');
    const value = greedy ? given.slice(index).join('/') : given[index];
    if (value === undefined) return undefined;
    if (!part.startsWith('{')) {
      if (part !== value) return undefined;
      continue;
    }
    if (value === '') return undefined;
    labels[part.replace(/[{}+]/g, '')] = decodeURIComponent(value);
    if (greedy) return labels;
  }
  // One slash at the end is none; two are the key `/`.
  const rest = given.slice(parts.length);
  return rest.length < 2 && rest.every((part) => part === '') ? labels : undefined;
}

/** Query keys that belong to the transport: the SDK's hint at the operation, and a presigned address's signature. */
const AMBIENT_QUERY =
  /^(x-id|x-amz-(checksum-mode|sdk-checksum-algorithm)|X-Amz-(Algorithm|Credential|Date|Expires|SignedHeaders|Signature|Security-Token|Content-Sha256))$/;

/** Members from path, query and headers; what the operation does not name stands under a name that no shape has. */
export function boundMembers(request: Request, found: ReturnType<typeof route>): Record<string, unknown> {
  const input: Record<string, unknown> = { ...found.labels };
  const queries = new Map<string, string>();
  const isPresigned = request.query.has('X-Amz-Signature');
  const required = found.required.map((each) => each.split('=')[0]);
  for (const [name, { place }] of Object.entries(found.members)) {
    if (place?.in === 'query') queries.set(place.name, name);
    if (place?.in === 'header') {
      // A presigned address carries in its query what would be a header.
      const given = request.headers[place.name] ?? (isPresigned ? request.query.get(place.name) : undefined);
      if (given !== undefined && given !== null) input[name] = given;
      if (isPresigned) required.push(place.name);
    }
    if (place?.in === 'headers') {
      const { prefix } = place;
      const given = Object.entries(request.headers).filter(([key]) => key.startsWith(prefix));
      input[name] = Object.fromEntries(given.map(([key, value]) => [key.slice(prefix.length), value]));
    }
  }
  for (const key of new Set(request.query.keys())) {
    if (AMBIENT_QUERY.test(key)) continue;
    const name = queries.get(key);
    const values = request.query.getAll(key);
    if (name !== undefined) input[name] = values.length > 1 ? values : values[0];
    else if (!required.includes(key)) input[`?${key}`] = values[0];
  }
  return input;
}
