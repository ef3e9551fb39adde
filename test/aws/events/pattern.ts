import { like } from '../kernel/policy.ts';

type Json = Record<string, unknown>;

/** The pattern's first fault, in EventBridge's words; undefined when it is one. */
export function patternFault(text: string): string | undefined {
  let pattern: unknown;
  try {
    pattern = JSON.parse(text);
  } catch {
    return 'Event pattern is not valid. Reason: not JSON';
  }
  if (!isObject(pattern) || Object.keys(pattern).length === 0) {
    return 'Event pattern is not valid. Reason: Filter is not an object';
  }
  return faultIn(pattern);
}

function faultIn(pattern: Json): string | undefined {
  for (const [key, value] of Object.entries(pattern)) {
    if (key === '$or') continue;
    if (isObject(value)) {
      const inner = faultIn(value);
      if (inner !== undefined) return inner;
    } else if (!Array.isArray(value) || value.length === 0) {
      return `Event pattern is not valid. Reason: "${key}" must be an object or an array`;
    } else {
      const unknown = value.filter(isObject).find((each) => !MATCHERS.includes(Object.keys(each)[0] ?? ''));
      if (unknown)
        return `Event pattern is not valid. Reason: Unrecognized match type ${Object.keys(unknown)[0]}`;
    }
  }
  return undefined;
}

const MATCHERS = ['prefix', 'suffix', 'anything-but', 'exists', 'equals-ignore-case', 'wildcard'];

/** Whether an event fits: every named member has one of the values. */
export function fits(pattern: Json, event: Json): boolean {
  return Object.entries(pattern).every(([key, wanted]) => {
    if (key === '$or') return (wanted as Json[]).some((each) => fits(each, event));
    const actual = event[key];
    if (isObject(wanted)) return isObject(actual) && fits(wanted, actual);
    const values = Array.isArray(actual) ? actual : [actual];
    return (wanted as unknown[]).some((each) => values.some((value) => matches(each, value)));
  });
}

function matches(wanted: unknown, actual: unknown): boolean {
  if (!isObject(wanted)) return wanted === actual;
  const [kind, value] = Object.entries(wanted)[0] ?? [];
  if (kind === 'exists') return (actual !== undefined) === value;
  if (actual === undefined) return false;
  const text = String(actual);
  switch (kind) {
    case 'prefix':
      return text.startsWith(String(value));
    case 'suffix':
      return text.endsWith(String(value));
    case 'equals-ignore-case':
      return text.toLowerCase() === String(value).toLowerCase();
    case 'wildcard':
      return like(String(value).replaceAll('?', '[?]'), text);
    default:
      return !(Array.isArray(value) ? value : [value]).some((each) => matches(each, actual));
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
