import { openSession } from '../../aws/session.ts';
import { managedPolicies, type Persona, personaPolicy } from '../iam/personas.ts';
import type { Policy } from '../iam/policy.ts';
import { type DoctorOptions, subjectOf } from './subject.ts';

/**
 * What a persona needs in the account and Region of the session, and the bucket that it is about; undefined for every
 * bucket.
 *
 * @throws RekbackError of `openSession`
 */
export async function policyFor(
  persona: Persona,
  options: DoctorOptions,
): Promise<{ policy: Policy; managed: Policy[]; bucket: string | undefined }> {
  const { scope, bucket } = await subjectOf(await openSession(options), options);
  return { policy: personaPolicy(persona, scope), managed: managedPolicies(persona, scope), bucket };
}
