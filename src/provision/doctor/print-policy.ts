import { openSession } from '../../aws/session.ts';
import { managedPolicies, type Persona, personaPolicy } from '../iam/personas.ts';
import type { Policy } from '../iam/policy.ts';
import { type DoctorOptions, subjectOf } from './subject.ts';

/**
 * What a persona needs in the account and Region of the session.
 *
 * @throws RekbackError of `openSession`
 */
export async function policyFor(
  persona: Persona,
  options: DoctorOptions,
): Promise<{ policy: Policy; managed: Policy[] }> {
  const { scope } = await subjectOf(await openSession(options), options);
  return { policy: personaPolicy(persona, scope), managed: managedPolicies(persona, scope) };
}
