import { runSimulation, runUnsafeSimulation, type Simulation } from '@cloud-copilot/iam-simulate';
import type { PolicyDocument } from './lint.ts';

/** A call that a role may or may not make. */
export interface Attempt {
  /** `s3:GetObject`. */
  action: string;
  /** An ARN, or `*` for what has no resource. */
  resource: string;
  /** Condition keys: `{ 'iam:PassedToService': 'batch.amazonaws.com' }`. */
  context?: Readonly<Record<string, string | string[]>>;
  /** The resource's own policy: a key without one lets nobody in. */
  resourcePolicy?: PolicyDocument;
}

/** A role in an account. */
export interface Subject {
  /** ARN of the role. */
  principal: string;
  /** Its policies by name, inline and attached. */
  identityPolicies: Readonly<Record<string, PolicyDocument>>;
  permissionsBoundary?: PolicyDocument;
}

/**
 * What AWS would say to each attempt, by an independent simulator that also checks that the action exists, takes such a
 * resource and knows such condition keys: `allowed` and `denied`, as `action resource`. Throws when one is no real request.
 */
export async function simulate(
  subject: Subject,
  attempts: readonly Attempt[],
): Promise<{ allowed: string[]; denied: string[] }> {
  const allowed: string[] = [];
  const denied: string[] = [];
  for (const attempt of attempts) {
    const shown = `${attempt.action} ${attempt.resource}`;
    const result = await runSimulation(simulationOf(subject, attempt), {});
    if (result.resultType === 'error') throw new Error(`${shown}: ${JSON.stringify(result.errors)}`);
    const ignored = result.resultType === 'single' ? result.result.ignoredContextKeys : [];
    if (ignored?.length) throw new Error(`${shown} has no condition keys ${ignored.join(', ')}`);
    (result.overallResult === 'Allowed' ? allowed : denied).push(shown);
  }
  return { allowed, denied };
}

/** The same for one attempt, at once and without looking whether it is a real request. */
export function isAllowed(subject: Subject, attempt: Attempt): boolean {
  return runUnsafeSimulation(simulationOf(subject, attempt), {}) === 'Allowed';
}

function simulationOf(
  subject: Subject,
  { action, resource, context = {}, resourcePolicy }: Attempt,
): Simulation {
  const { principal, identityPolicies, permissionsBoundary } = subject;
  return {
    identityPolicies: Object.entries(identityPolicies).map(([name, policy]) => ({ name, policy })),
    ...(resourcePolicy && { resourcePolicy }),
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    ...(permissionsBoundary && {
      permissionBoundaryPolicies: [{ name: 'boundary', policy: permissionsBoundary }],
    }),
    request: {
      action,
      principal,
      // Buckets have no account in their ARNs; they are taken for the caller's own.
      resource: { resource, accountId: resource.split(':')[4] || (principal.split(':')[4] ?? '') },
      contextVariables: { ...context },
    },
  };
}
