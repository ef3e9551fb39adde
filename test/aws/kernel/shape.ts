/**
 * What an operation accepts, written down once: it checks a request, turns text into numbers and booleans where the wire
 * knows only text (XML, query), and gives the handler its type. Member names are the names on the wire.
 */

/** One way in which a request breaks the service's model. */
export interface Problem {
  kind: 'unknown' | 'missing' | 'type' | 'enum' | 'length' | 'range' | 'pattern';
  /** Dotted path of the member, as `Tags.0.Key`. */
  path: string;
  message: string;
}

/** Thrown while reading a request; the service's `invalid` turns it into the service's own error. */
export class ShapeError extends Error {
  readonly problem: Problem;
  constructor(kind: Problem['kind'], path: string, message: string) {
    super(message);
    this.problem = { kind, path, message };
  }
}

/** Where a member travels in a REST request; members without a place are in the body. */
export type Place =
  | { in: 'label' | 'query' | 'header'; name: string }
  | { in: 'headers'; prefix: string }
  /** The whole body is this member: an XML or JSON document, or bytes. */
  | { in: 'payload' | 'bytes' };

export interface Shape<T> {
  /** `text`: the wire has only text (XML, query, headers); throws `ShapeError`. */
  read(value: unknown, path: string, text: boolean): T;
  readonly place?: Place;
  readonly needed?: true;
  /** Members by wire name, of a structure. */
  readonly members?: Members;
}
export interface Needed<T> extends Shape<T> {
  readonly needed: true;
}
export type Members = Readonly<Record<string, Shape<unknown>>>;
type Value<S> = S extends Shape<infer T> ? T : never;
type NeededKeys<M> = { [K in keyof M]: M[K] extends Needed<unknown> ? K : never }[keyof M];
export type Struct<M> = { [K in NeededKeys<M>]: Value<M[K]> } & {
  [K in Exclude<keyof M, NeededKeys<M>>]?: Value<M[K]> | undefined;
};

/** The member must be there. */
export function need<T>(shape: Shape<T>): Needed<T> {
  return { ...shape, needed: true };
}

/** The member travels in the query string under `name`. */
export function inQuery<T>(name: string, shape: Shape<T>): Shape<T> {
  return { ...shape, place: { in: 'query', name } };
}

/** The member travels in the header `name` (lower case). */
export function inHeader<T>(name: string, shape: Shape<T>): Shape<T> {
  return { ...shape, place: { in: 'header', name } };
}

/** The member is a part of the path: `{name}` in the operation's route. Always there. */
export function inPath<T>(shape: Shape<T>, name = ''): Needed<T> {
  return { ...shape, needed: true, place: { in: 'label', name } };
}

/** Every header that starts with `prefix` (lower case), the prefix taken off. */
export function inHeaders(prefix: string): Shape<Record<string, string>> {
  return { ...map(str()), place: { in: 'headers', prefix } };
}

/** The whole body is this member. */
export function payload<T>(shape: Shape<T>): Shape<T> {
  return { ...shape, place: { in: 'payload' } };
}

/** The whole body, as it came. */
export function bytes(): Needed<Buffer> {
  return { needed: true, place: { in: 'bytes' }, read: (value) => value as Buffer };
}

interface StringLimits<E extends string> {
  min?: number;
  max?: number;
  pattern?: RegExp;
  oneOf?: readonly E[];
}

export function str<const E extends string = string>(limits: StringLimits<E> = {}): Shape<E> {
  const { min = 0, max = Number.POSITIVE_INFINITY, pattern, oneOf } = limits;
  return {
    read(value, path) {
      if (typeof value !== 'string') throw new ShapeError('type', path, `${path} must be a string`);
      if (oneOf && !(oneOf as readonly string[]).includes(value)) {
        throw new ShapeError('enum', path, `${path}: "${value}" is not one of ${oneOf.join(', ')}`);
      }
      if (value.length < min || value.length > max) {
        throw new ShapeError(
          'length',
          path,
          `${path}: length ${value.length}, must be between ${min} and ${max}`,
        );
      }
      if (pattern && !pattern.test(value)) {
        throw new ShapeError('pattern', path, `${path}: "${value}" does not match ${pattern.source}`);
      }
      return value as E;
    },
  };
}

export function num(limits: { min?: number; max?: number; whole?: boolean } = {}): Shape<number> {
  const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY, whole = false } = limits;
  return {
    read(value, path, text) {
      const number = text && typeof value === 'string' && value !== '' ? Number(value) : value;
      if (typeof number !== 'number' || Number.isNaN(number) || (whole && !Number.isInteger(number))) {
        throw new ShapeError('type', path, `${path} must be ${whole ? 'a whole' : 'a'} number`);
      }
      if (number < min || number > max) {
        throw new ShapeError('range', path, `${path}: ${number} is not between ${min} and ${max}`);
      }
      return number;
    },
  };
}

export function int(min?: number, max?: number): Shape<number> {
  return num({ whole: true, ...(min !== undefined && { min }), ...(max !== undefined && { max }) });
}

export function bool(): Shape<boolean> {
  return {
    read(value, path, text) {
      if (text && (value === 'true' || value === 'false')) return value === 'true';
      if (typeof value !== 'boolean') throw new ShapeError('type', path, `${path} must be true or false`);
      return value;
    },
  };
}

/** A point in time: epoch seconds (JSON), ISO 8601 (XML, query) or an HTTP date (headers). */
export function time(): Shape<Date> {
  return {
    read(value, path) {
      const date =
        value instanceof Date
          ? value
          : new Date(
              typeof value === 'number' ? value * 1000 : typeof value === 'string' ? value : Number.NaN,
            );
      if (Number.isNaN(date.getTime())) throw new ShapeError('type', path, `${path} must be a point in time`);
      return date;
    },
  };
}

/** Bytes inside a document: base64 in JSON and query, a byte string in CBOR. */
export function blob(): Shape<Buffer> {
  return {
    read(value, path) {
      if (value instanceof Uint8Array) return Buffer.from(value);
      if (typeof value !== 'string') throw new ShapeError('type', path, `${path} must be base64`);
      return Buffer.from(value, 'base64');
    },
  };
}

/** `item`: the element around each entry in XML or query (`member` is query's usual one); `flat`: there is none. */
export function list<T>(
  entry: Shape<T>,
  limits: { min?: number; max?: number; item?: string; flat?: boolean } = {},
): Shape<T[]> {
  const { min = 0, max = Number.POSITIVE_INFINITY, item = 'member', flat = false } = limits;
  return {
    read(value, path, text) {
      const entries = text ? entriesOf(value, path, flat ? undefined : item) : value;
      if (!Array.isArray(entries)) throw new ShapeError('type', path, `${path} must be a list`);
      if (entries.length < min || entries.length > max) {
        throw new ShapeError(
          'length',
          path,
          `${path}: ${entries.length} entries, must be between ${min} and ${max}`,
        );
      }
      return entries.map((each, index) => entry.read(each, `${path}.${index}`, text));
    },
  };
}

function entriesOf(value: unknown, path: string, item: string | undefined): unknown {
  if (value === '') return [];
  if (item === undefined) return Array.isArray(value) ? value : [value];
  if (Array.isArray(value)) return value;
  if (typeof value !== 'object' || value === null) return value;
  const unknown = Object.keys(value).find((name) => name !== item);
  if (unknown !== undefined)
    throw new ShapeError('unknown', `${path}.${unknown}`, `unknown member ${unknown}`);
  return entriesOf(Object.values(value)[0], path, undefined);
}

/** In query form a map is a list of entries with `key` and `value`. */
export function map<T>(entry: Shape<T>, limits: { max?: number } = {}): Shape<Record<string, T>> {
  return {
    read(value, path, text) {
      const object = text ? mapOf(value) : value;
      if (typeof object !== 'object' || object === null || Array.isArray(object)) {
        throw new ShapeError('type', path, `${path} must be a map`);
      }
      const entries = Object.entries(object).filter(([, each]) => each !== null);
      if (entries.length > (limits.max ?? Number.POSITIVE_INFINITY)) {
        throw new ShapeError('length', path, `${path}: ${entries.length} entries, at most ${limits.max}`);
      }
      return Object.fromEntries(
        entries.map(([key, each]) => [key, entry.read(each, `${path}.${key}`, text)]),
      );
    },
  };
}

function mapOf(value: unknown): unknown {
  const entries = (value as { entry?: unknown } | null)?.entry;
  if (!Array.isArray(entries)) return value;
  return Object.fromEntries(entries.map((each: { key: string; value: unknown }) => [each.key, each.value]));
}

/** A structure; a member that is not named is refused. `null` is the same as absent, as AWS takes it. */
export function struct<const M extends Members>(members: M): Shape<Struct<M>> & { members: M } {
  return {
    members,
    read(value, path, text) {
      const object = text && value === '' ? {} : value;
      if (typeof object !== 'object' || object === null || Array.isArray(object)) {
        throw new ShapeError('type', path, `${path || 'the request'} must be a structure`);
      }
      const given = object as Record<string, unknown>;
      const at = (name: string) => (path ? `${path}.${name}` : name);
      for (const name of Object.keys(given)) {
        if (!(name in members)) throw new ShapeError('unknown', at(name), `unknown member ${at(name)}`);
      }
      const result: Record<string, unknown> = {};
      for (const [name, shape] of Object.entries(members)) {
        const each = given[name];
        if (each !== undefined && each !== null) {
          result[name] = shape.read(each, at(name), text || isTextPlace(shape.place));
        } else if (shape.needed)
          throw new ShapeError('missing', at(name), `missing required member ${at(name)}`);
      }
      return result as Struct<M>;
    },
  };
}

/** Path, query and headers are text whatever the body is. */
function isTextPlace(place: Place | undefined): boolean {
  return place !== undefined && place.in !== 'payload' && place.in !== 'bytes';
}

/** Key and value of a tag, with the limits that nearly all services share. */
export function tag() {
  return struct({ Key: need(str({ min: 1, max: 128 })), Value: need(str({ max: 256 })) });
}
