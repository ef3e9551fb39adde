import { setTimeout } from 'node:timers/promises';
import { awsFailure } from '../aws/errors.ts';
import { openSession, type Session } from '../aws/session.ts';
import { messageOf, RekbackError } from '../runtime/errors.ts';
import { checkLinkedRole, checkOptOut } from './doctor/account.ts';
import { checkBucket } from './doctor/bucket.ts';
import { type Check, ok, problem, warning } from './doctor/check.ts';
import { checkQuotas } from './doctor/limits.ts';
import { checkRights } from './doctor/rights.ts';
import { type DoctorOptions, subjectOf } from './doctor/subject.ts';

/** Milliseconds for each check; the rights take some thirty calls one after the other. */
const WITHIN = 45_000;

/**
 * Looks for what a stack could fail on. Changes nothing and never throws: what can't be looked at is a warning.
 *
 * @param within - milliseconds after which a check is given up
 */
export async function doctor(options: DoctorOptions, within = WITHIN): Promise<Check[]> {
  let session: Session;
  try {
    session = await openSession(options);
  } catch (error) {
    return [sessionProblem(error)];
  }
  const { region, account, callerArn } = session;
  const { scope, bucket, recorded } = await subjectOf(session, options);
  const kmsKey = recorded?.kmsKey;
  const checks = await Promise.all([
    bounded('rights', within, () => checkRights(session, scope)),
    bounded('service-linked-role', within, () => checkLinkedRole(session)),
    bounded('quotas', within, () => checkQuotas(session, recorded)),
    ...(bucket === undefined
      ? []
      : [bounded('bucket', within, () => checkBucket(session, { bucket, kmsKey }))]),
    bounded('ai-opt-out', within, () => checkOptOut(session)),
  ]);
  return [ok('credentials', `account ${account} in ${region}, as ${callerArn}`), ...checks.flat()];
}

function sessionProblem(error: unknown): Check {
  const isRegion = error instanceof RekbackError && /region$/.test(error.code);
  return problem(
    isRegion ? 'region' : 'credentials',
    messageOf(error),
    error instanceof RekbackError ? error.suggestions : [],
  );
}

/** A check that fails or hangs says only that it could not look. */
async function bounded(name: string, within: number, look: () => Promise<Check[]>): Promise<Check[]> {
  const done = new AbortController();
  const giveUp = setTimeout(within, undefined, { signal: done.signal }).then(() => [
    warning(name, `AWS did not answer within ${within / 1000} s`, ['try again']),
  ]);
  // Rejected once it is no longer needed.
  giveUp.catch(() => {});
  try {
    return await Promise.race([look(), giveUp]);
  } catch (error) {
    const failure = awsFailure(error);
    const call = failure?.call === undefined ? '' : `${failure.call}: `;
    return [warning(name, `can't be looked at: ${call}${failure?.code ?? messageOf(error)}`, [])];
  } finally {
    done.abort();
  }
}
