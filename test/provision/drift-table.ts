/** Something that was done to a resource behind our back: by AWS's own calls, or in the double where AWS has none. */
export type Make = () => unknown;

/** What can happen to one resource. */
export interface Drifts {
  gone: Make;
  /** Others, as `type name`, that go with it or have to be changed once it is made anew. */
  with?: readonly string[];
  /** For every field that setup writes: what changes it, and the operations that put it right. */
  fields: Readonly<Record<string, readonly [change: Make, ...operations: string[]]>>;
}

/** By `type name`. */
export type DriftTable = Record<string, Drifts>;

/** Every table in one. */
export const joined = (tables: readonly DriftTable[]): DriftTable => Object.assign({}, ...tables);

/** A policy that allows too much: a role's own, or with a principal the one of the resource. */
export const tooMuch = (Action: string, Resource: string, Principal?: '*') =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action, Resource, ...(Principal && { Principal }) }],
  });
