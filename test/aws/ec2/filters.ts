import { like } from '../kernel/policy.ts';
import { bool, int, list, need, str, struct } from '../kernel/shape.ts';
import { type Ec2State, ec2Error, invalidValue, tagsOf } from './state.ts';

/** What every Describe call takes. */
export const described = {
  Filter: list(struct({ Name: need(str()), Value: list(str(), { flat: true, max: 200 }) }), { flat: true }),
  DryRun: bool(),
  NextToken: str(),
  MaxResults: int(5, 1000),
};
type Filters = readonly { Name: string; Value?: string[] | undefined }[];

/** A filter's name → what an item has there. */
export type FilterTable<T> = Readonly<Record<string, (item: T) => readonly (string | undefined)[]>>;

/** Items that satisfy every filter by one of its values (`*` and `?` as in EC2). Throws on a name that the table does not have. */
export function filtered<T extends { id: string }>(
  state: Ec2State,
  items: readonly T[],
  filters: Filters = [],
  table: FilterTable<T>,
): T[] {
  const tests = filters.map(({ Name: name, Value: values = [] }) => {
    const has = reader(state, name, table);
    if (values.length === 0) throw invalidValue(`The filter '${name}' has no values`);
    return (item: T) => has(item).some((actual) => values.some((value) => like(value, actual ?? '')));
  });
  return items.filter((item) => tests.every((test) => test(item)));
}

function reader<T extends { id: string }>(state: Ec2State, name: string, table: FilterTable<T>) {
  if (name.startsWith('tag:')) {
    const key = name.slice('tag:'.length);
    return (item: T) => {
      const value = tagsOf(state, item.id).get(key);
      return value === undefined ? [] : [value];
    };
  }
  if (name === 'tag-key') return (item: T) => [...tagsOf(state, item.id).keys()];
  const found = Object.hasOwn(table, name) ? table[name] : undefined;
  if (!found) throw invalidValue(`The filter '${name}' is invalid`);
  return found;
}

/** One page, and the token of the next. */
export function paged<T>(
  items: readonly T[],
  input: { NextToken?: string | undefined; MaxResults?: number | undefined },
): { page: T[]; nextToken?: string } {
  const from = input.NextToken === undefined ? 0 : Number(/^from-(\d+)$/.exec(input.NextToken)?.[1]);
  if (Number.isNaN(from)) throw ec2Error('InvalidNextToken', 'The specified NextToken is not valid.');
  const end = from + (input.MaxResults ?? 1000);
  return { page: items.slice(from, end), ...(end < items.length && { nextToken: `from-${end}` }) };
}

/** The items of these ids, all when none are given; `missing` makes the error for an id that is not there. */
export function named<T extends { id: string }>(
  items: readonly T[],
  ids: readonly string[] | undefined,
  missing: (id: string) => Error,
): readonly T[] {
  if (!ids || ids.length === 0) return items;
  const unknown = ids.find((id) => !items.some((item) => item.id === id));
  if (unknown !== undefined) throw missing(unknown);
  return items.filter(({ id }) => ids.includes(id));
}
