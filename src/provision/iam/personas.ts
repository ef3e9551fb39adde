import { admin, operator, type Scope, viewer } from './persona-rights.ts';
import { type Policy, policy, type Statement } from './policy.ts';

/** Whoever has to do with a stack, from the one who may least; each may what those before it may. */
export const PERSONAS = ['viewer', 'operator', 'admin'] as const;

export type Persona = (typeof PERSONAS)[number];

/**
 * The rights of a persona as one policy. An administrator's is too long for a managed policy (6,144 characters) and fits
 * into a role as an inline one (10,240): https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
export const personaPolicy = (persona: Persona, scope: Scope): Policy =>
  merged(PERSONAS.slice(0, PERSONAS.indexOf(persona) + 1).flatMap((each) => STATEMENTS[each](scope)));

/** The same rights as managed policies, each short enough. */
export function managedPolicies(persona: Persona, scope: Scope): Policy[] {
  if (persona !== 'admin') return [personaPolicy(persona, scope)];
  return [personaPolicy('operator', scope), merged(STATEMENTS.admin(scope))];
}

/** Statements that differ in their actions only become one. */
function merged(statements: readonly Statement[]): Policy {
  const byResource = new Map<string, Statement>();
  for (const statement of statements) {
    const { Action, Resource, Condition } = statement;
    const key = JSON.stringify([Resource, Condition]);
    const actions = [byResource.get(key)?.Action ?? [], Action].flat();
    byResource.set(key, { ...statement, Action: [...new Set(actions)].sort() });
  }
  return policy(...byResource.values());
}

/** What a persona may beyond the one before it. */
const STATEMENTS: Readonly<Record<Persona, (scope: Scope) => Statement[]>> = { viewer, operator, admin };
