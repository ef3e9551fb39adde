import {
  type ContextEntry,
  type EvaluationResult,
  GetRoleCommand,
  IAMClient,
  paginateSimulatePrincipalPolicy,
} from '@aws-sdk/client-iam';
import { isAwsError } from '../../aws/errors.ts';
import type { Session } from '../../aws/session.ts';
import type { Scope } from '../iam/persona-rights.ts';
import { PERSONAS, type Persona, personaPolicy } from '../iam/personas.ts';
import type { Policy, Statement } from '../iam/policy.ts';
import { type Check, ok, problem, warning } from './check.ts';

const CAN: Readonly<Record<Persona, string>> = {
  viewer: 'search and see the status',
  operator: 'search, and run backfills and live changes',
  admin: 'set up, run and tear down',
};

/** At most so many actions in a message. */
const SHOWN = 20;

/** Whether the caller may do what setup and the other commands do, by IAM's own simulator. */
export async function checkRights(session: Session, scope: Scope): Promise<Check[]> {
  const policy = personaPolicy('admin', scope);
  let denied: ReadonlySet<string>;
  try {
    const source = await policySourceOf(session);
    if (source === 'root') return [ok('rights', 'the root user may do everything', [ROOT_ADVICE])];
    denied = await deniedBy(session, source, policy);
  } catch (error) {
    if (!isDenied(error)) throw error;
    return [
      warning('rights', 'IAM does not let your rights be looked at', [
        'compare them with what is needed: rekback doctor --print-policy admin',
      ]),
    ];
  }
  const lacking = (persona: Persona) => missingActions(personaPolicy(persona, scope), denied);
  const can = PERSONAS.findLast((persona) => lacking(persona).length === 0);
  const missing = lacking('admin');
  if (can === 'admin') return [ok('rights', `you may ${CAN.admin}`)];
  const needed = missingActions(policy, undefined).length;
  const message =
    `${missing.length} of ${needed} IAM actions are missing for setup and teardown: ${shown(missing)}` +
    (can === undefined ? '' : `; you may ${CAN[can]}`);
  const advice = ['have this policy attached: rekback doctor --print-policy admin'];
  const check = can === undefined ? problem('rights', message, advice) : warning('rights', message, advice);
  return [{ ...check, missing }];
}

const ROOT_ADVICE =
  'better work as a user or role: https://docs.aws.amazon.com/IAM/latest/UserGuide/root-user-best-practices.html';

const shown = (actions: readonly string[]) =>
  actions.length <= SHOWN
    ? actions.join(', ')
    : `${actions.slice(0, SHOWN).join(', ')} and ${actions.length - SHOWN} more (--json lists them)`;

const isDenied = (error: unknown) => isAwsError(error, 'AccessDenied', 'AccessDeniedException');

/** The user or role whose policies decide. A role's ARN has its path, which its sessions do not tell. */
async function policySourceOf({ clients, callerArn }: Session): Promise<string> {
  if (/:root$/.test(callerArn)) return 'root';
  const role = /:assumed-role\/([^/]+)\//.exec(callerArn)?.[1];
  if (role === undefined) return callerArn;
  const { Role } = await clients(IAMClient).send(new GetRoleCommand({ RoleName: role }));
  return Role?.Arn ?? callerArn;
}

/** One after the other: IAM throttles at a few calls a second. */
async function deniedBy({ clients }: Session, source: string, policy: Policy): Promise<ReadonlySet<string>> {
  const denied = new Set<string>();
  for (const statement of policy.Statement) {
    const resources = [statement.Resource ?? []].flat();
    for (const ContextEntries of contextsOf(statement)) {
      const pages = paginateSimulatePrincipalPolicy(
        { client: clients(IAMClient) },
        {
          PolicySourceArn: source,
          ActionNames: [statement.Action].flat(),
          ...(resources[0] !== '*' && { ResourceArns: resources }),
          ContextEntries,
        },
      );
      for await (const { EvaluationResults = [] } of pages) {
        for (const result of EvaluationResults) for (const pair of deniedPairs(result)) denied.add(pair);
      }
    }
  }
  return denied;
}

/** What the conditions ask about, once with each value that they allow. */
function contextsOf({ Condition = {} }: Statement): ContextEntry[][] {
  const entries = Object.values(Condition).flatMap((keys) =>
    Object.entries(keys).flatMap(([ContextKeyName, values]) =>
      [values]
        .flat()
        .map((value): ContextEntry[] => [
          { ContextKeyName, ContextKeyValues: [String(value)], ContextKeyType: 'string' },
        ]),
    ),
  );
  return entries.length === 0 ? [[]] : entries;
}

function deniedPairs(result: EvaluationResult): string[] {
  const { EvalActionName: action = '', EvalResourceName: resource = '*', EvalDecision } = result;
  const each = result.ResourceSpecificResults ?? [];
  if (each.length === 0) return EvalDecision === 'allowed' ? [] : [pairOf(action, resource)];
  return each.flatMap(({ EvalResourceName = '*', EvalResourceDecision }) =>
    EvalResourceDecision === 'allowed' ? [] : [pairOf(action, EvalResourceName)],
  );
}

const pairOf = (action: string, resource: string) => `${action} ${resource}`;

/** The policy's actions that are denied on one of its resources; without `denied` all of them. */
function missingActions({ Statement }: Policy, denied: ReadonlySet<string> | undefined): string[] {
  const missing = Statement.flatMap(({ Action, Resource = [] }) =>
    [Action]
      .flat()
      .filter(
        (action) =>
          denied === undefined || [Resource].flat().some((resource) => denied.has(pairOf(action, resource))),
      ),
  );
  return [...new Set(missing)].sort();
}
