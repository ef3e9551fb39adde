interface Step {
  op: 'add' | 'remove' | 'replace';
  /** JSON pointer. */
  path: string;
  value?: unknown;
}

/** The document after the steps of RFC 6902 that the security API is used with; undefined when one cannot be applied. */
export function patched(
  document: Record<string, unknown>,
  steps: readonly Step[],
): Record<string, unknown> | undefined {
  const result = structuredClone(document);
  for (const step of steps) {
    const keys = step.path
      .split('/')
      .slice(1)
      .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
    const last = keys.pop();
    let at: unknown = result;
    for (const key of keys) at = isContainer(at) ? at[key] : undefined;
    if (last === undefined || !isContainer(at) || !apply(at, last, step)) return undefined;
  }
  return result;
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function apply(at: Record<string, unknown>, key: string, { op, value }: Step): boolean {
  if (Array.isArray(at)) {
    const index = key === '-' ? at.length : Number(key);
    if (!Number.isInteger(index) || index < 0 || index > at.length) return false;
    if (op !== 'add' && index === at.length) return false;
    at.splice(index, op === 'add' ? 0 : 1, ...(op === 'remove' ? [] : [value]));
    return true;
  }
  if (op !== 'add' && !(key in at)) return false;
  if (op === 'remove') delete at[key];
  else at[key] = value;
  return true;
}
