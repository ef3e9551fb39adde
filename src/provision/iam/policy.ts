/** One statement as we write it; the same shape for identity and resource policies. */
export interface Statement {
  Sid?: string;
  Effect: 'Allow' | 'Deny';
  Principal?: '*' | Readonly<Record<string, string | readonly string[]>>;
  Action: string | readonly string[];
  Resource?: string | readonly string[];
  Condition?: Readonly<Record<string, Readonly<Record<string, string | boolean | readonly string[]>>>>;
}

export interface Policy {
  Version: '2012-10-17';
  Statement: readonly Statement[];
}

export const policy = (...Statement: readonly Statement[]): Policy => ({ Version: '2012-10-17', Statement });

/**
 * A policy in the one form that equal policies have: AWS gives back single values for lists of one, lists in another
 * order and, in some services, booleans as text.
 *
 * @param text - JSON as AWS answered it; undefined for none, and for what is no JSON
 */
export function canonicalPolicy(text: string | undefined): Policy | undefined {
  if (text === undefined || text === '') return undefined;
  try {
    return canonical(JSON.parse(text)) as Policy;
  } catch {
    return undefined;
  }
}

/** A policy of ours in the form in which `canonicalPolicy` gives AWS's. */
export const canonicalOf = (wanted: Policy): Policy => canonical(wanted) as Policy;

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(canonical);
    if (items.length === 1 && typeof items[0] !== 'object') return items[0];
    return items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  if (typeof value === 'boolean') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(
    entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, member]) => [key, canonical(member)]),
  );
}
