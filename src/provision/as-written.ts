/**
 * Of what AWS answers, the members that setup writes: AWS adds others with their defaults, and those are no drift. Lists
 * are taken item by item; one that is longer than the written one stays longer.
 */
export function asWritten<Value>(actual: Value | undefined, written: Value): Value | undefined {
  return project(actual, written) as Value | undefined;
}

function project(actual: unknown, written: unknown): unknown {
  if (Array.isArray(actual) && Array.isArray(written)) {
    return actual.map((item, index) => (index < written.length ? project(item, written[index]) : item));
  }
  if (!isObject(actual) || !isObject(written)) return actual;
  return Object.fromEntries(Object.keys(written).map((key) => [key, project(actual[key], written[key])]));
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
