import { join } from 'node:path';
import type { Python } from '../python/venv.ts';

/** What an account holds in one Region, by kind (`buckets`, `queues`, `roles`, …) and then by name or ARN. */
export type Account = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/**
 * Looks at an account with boto3, a client that this project did not write: `env` is that of a process that calls it
 * (`moto.env()`). Two dumps of the same state are equal: nothing in them changes by itself.
 */
export async function dumpAccount(python: Python, env: Readonly<Record<string, string>>): Promise<Account> {
  const output = await python.run(join(import.meta.dirname, 'dump_account.py'), '', env);
  return JSON.parse(output) as Account;
}

/** What is in the second dump and not in the first, as `kind name`. */
export function added(before: Account, after: Account): string[] {
  return Object.entries(after).flatMap(([kind, resources]) =>
    Object.keys(resources)
      .filter((name) => before[kind]?.[name] === undefined)
      .map((name) => `${kind} ${name}`),
  );
}
