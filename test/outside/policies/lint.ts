import { join } from 'node:path';
import type { Python } from '../python/venv.ts';

/** A policy as its JSON says it. */
export type PolicyDocument = Readonly<Record<string, unknown>>;

/** A finding of parliament that counts. */
export interface Finding {
  /** The policy's name. */
  policy: string;
  severity: 'INFO' | 'LOW' | 'MEDIUM' | 'HIGH' | 'CRITICAL';
  /** `UNKNOWN_ACTION`, `RESOURCE_MISMATCH`, `MALFORMED`, … */
  issue: string;
  detail: string;
  /** The text that it is about. */
  where: string;
}

/** A finding that is known and meant; every member that is given must agree. */
export interface LintException {
  issue: string;
  policy?: string;
  /** A part of the detail. */
  detail?: string;
  /** Why it stays. */
  reason: string;
}

/** Findings of low severity count when they are of these kinds: parliament calls a misspelt action LOW. */
const COUNTED_THOUGH_LOW = ['UNKNOWN_ACTION', 'UNKNOWN_PREFIX', 'UNKNOWN_CONDITION_FOR_ACTION'];

/**
 * What parliament says against identity policies, by name: everything above LOW, and unknown actions. Exceptions that
 * match nothing are a finding of their own (`UNUSED_EXCEPTION`), so that none outlives its reason.
 */
export async function lint(
  python: Python,
  policies: Readonly<Record<string, PolicyDocument>>,
  exceptions: readonly LintException[] = [],
): Promise<Finding[]> {
  const output = await python.run(join(import.meta.dirname, 'lint.py'), JSON.stringify(policies));
  const used = new Set<LintException>();
  const findings = (JSON.parse(output) as Finding[]).filter((finding) => {
    const counts =
      COUNTED_THOUGH_LOW.includes(finding.issue) || ['MEDIUM', 'HIGH', 'CRITICAL'].includes(finding.severity);
    const exception = exceptions.find((each) => excuses(each, finding));
    if (counts && exception) used.add(exception);
    return counts && !exception;
  });
  const unused = exceptions.filter((each) => !used.has(each));
  return [
    ...findings,
    ...unused.map(({ issue, policy = '*', reason }): Finding => {
      return { policy, severity: 'LOW', issue: 'UNUSED_EXCEPTION', detail: `${issue}: ${reason}`, where: '' };
    }),
  ];
}

function excuses({ issue, policy, detail }: LintException, finding: Finding): boolean {
  return (
    finding.issue === issue &&
    (policy === undefined || finding.policy === policy) &&
    (detail === undefined || finding.detail.includes(detail))
  );
}
