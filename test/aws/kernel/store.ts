import { createHash } from 'node:crypto';
import { Delayed } from './delayed.ts';
import type { Service } from './operation.ts';

/** What all services remember, by service, account and Region. */
export class Store {
  #states = new Map<string, unknown>();

  /** The service's state there; empty when nothing has asked before. */
  state<S>(service: Service<S>, account: string, region: string): S {
    const key = this.#key(service, account, region);
    let state = this.#states.get(key) as S | undefined;
    if (state === undefined) {
      state = service.empty();
      this.#states.set(key, state);
    }
    return state;
  }

  /** Every state of a service, wherever it is. */
  all<S>(service: Service<S>): S[] {
    return [...this.#states]
      .filter(([key]) => key.split('/')[0] === service.id)
      .map(([, state]) => state as S);
  }

  /** Every place that holds something, sorted: `[["sqs/111122223333/eu-west-1", state], …]`. */
  entries(): [string, unknown][] {
    return [...this.#states].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  clear(): void {
    this.#states.clear();
  }

  /** All states as they are now; what a service has planned (timers) is no part of it. */
  snapshot(): Snapshot {
    return copy(this.#states, new Map());
  }

  /** Puts all states back, as often as wanted. */
  restore(snapshot: Snapshot): void {
    this.#states = copy(snapshot, new Map());
  }

  #key<S>({ id, reach }: Service<S>, account: string, region: string): string {
    if (reach === 'world') return id;
    return reach === 'account' ? `${id}/${account}` : `${id}/${account}/${region}`;
  }
}

type Snapshot = Map<string, unknown>;

/** A copy as deep as it goes, in which what was one thing stays one thing. Bytes are shared: nobody writes into them. */
function copy<T>(value: T, seen: Map<unknown, unknown>): T {
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  const known = seen.get(value);
  if (known !== undefined) return known as T;
  const remember = <Copied extends object>(copied: Copied) => {
    seen.set(value, copied);
    return copied;
  };
  const each = <Part>(part: Part) => copy(part, seen);
  if (value instanceof Date) return remember(new Date(value)) as T;
  if (value instanceof Delayed) return remember(value.copy(each)) as T;
  if (Array.isArray(value)) {
    const copied = remember<unknown[]>([]);
    for (const part of value) copied.push(each(part));
    return copied as T;
  }
  if (value instanceof Map) {
    const copied = remember(new Map());
    for (const [key, part] of value) copied.set(each(key), each(part));
    return copied as T;
  }
  if (value instanceof Set) {
    const copied = remember(new Set());
    for (const part of value) copied.add(each(part));
    return copied as T;
  }
  if (Object.getPrototypeOf(value) !== Object.prototype)
    throw new Error(`a state holds a ${value.constructor.name}, which a snapshot can't copy`);
  const copied = remember<Record<string, unknown>>({});
  for (const [key, part] of Object.entries(value)) copied[key] = each(part);
  return copied as T;
}

/**
 * The store as JSON that two equal worlds share: keys sorted, points in time and random ids replaced by what they are,
 * bytes by their hash, members that start with `_` and what is empty left out.
 */
export function canonical(store: Store, ids: ReadonlySet<string>): string {
  const states = store.entries().map(([place, state]) => [place, plain(state, ids)] as const);
  return JSON.stringify(Object.fromEntries(states.filter(([, state]) => !isEmpty(state))), null, 2);
}

function plain(value: unknown, ids: ReadonlySet<string>): unknown {
  if (value instanceof Date) return '<time>';
  if (value instanceof Delayed) return plain(value.latest(), ids);
  if (value instanceof Uint8Array)
    return `<${value.length} bytes ${createHash('md5').update(value).digest('hex')}>`;
  if (typeof value === 'string') return withoutIds(value, ids);
  if (value instanceof Set) return [...value].map((each) => plain(each, ids)).sort();
  if (Array.isArray(value)) return value.map((each) => plain(each, ids));
  if (typeof value !== 'object' || value === null) return typeof value === 'function' ? undefined : value;
  const entries =
    value instanceof Map ? [...value] : Object.entries(value).filter(([key]) => !key.startsWith('_'));
  const sorted = entries
    .map(([key, each]) => ({ key: withoutIds(String(key), ids), value: plain(each, ids) }))
    .filter((each) => each.value !== undefined)
    .map((each) => ({ ...each, text: each.key + JSON.stringify(each.value) }))
    .sort((a, b) => (a.text < b.text ? -1 : 1));
  const result: Record<string, unknown> = {};
  for (const { key, value } of sorted) {
    let name = key;
    for (let n = 2; name in result; n++) name = `${key}#${n}`;
    result[name] = value;
  }
  return result;
}

function withoutIds(text: string, ids: ReadonlySet<string>): string {
  if (text.length < 8) return text;
  return text.replace(/[A-Za-z0-9_-]{8,}/g, (token) => (ids.has(token) ? '<id>' : token));
}

function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === 'object' && value !== null && Object.values(value).every(isEmpty);
}
