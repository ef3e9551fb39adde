import type { Difference } from '../provision/resource.ts';
import { sanitise } from './sanitise.ts';

/** Characters of a value; policies and the like have thousands. `--json` has all of them. */
const SHOWN = 50;

/** What a field is and what it should be, cut to where they differ. */
export function describeDifference({ field, actual, wanted }: Difference): string {
  const [is, should] = cutEqual(text(actual), text(wanted));
  return sanitise(`${field} is ${is}, not ${should}`);
}

/** The same for a change to be made. */
export function describeUpdate({ field, actual, wanted }: Difference): string {
  const [from, to] = cutEqual(text(actual), text(wanted));
  return sanitise(`${field}: ${from} → ${to}`);
}

const text = (value: unknown): string => (value === undefined ? 'not set' : JSON.stringify(value));

/** Leaves out what long texts begin with alike, but for a few characters that show where it is. */
function cutEqual(a: string, b: string): [string, string] {
  if (Math.max(a.length, b.length) <= SHOWN) return [a, b];
  let alike = 0;
  while (alike < a.length && a[alike] === b[alike]) alike++;
  const from = Math.max(0, alike - 15);
  const cut = (whole: string) => {
    const part = `${from > 0 ? '…' : ''}${whole.slice(from)}`;
    return part.length > SHOWN ? `${part.slice(0, SHOWN - 1)}…` : part;
  };
  return [cut(a), cut(b)];
}
