import { runSimulation } from '@cloud-copilot/iam-simulate';
import type { Policy } from '../../../src/provision/iam/policy.ts';
import type { Principal } from '../../aws/kernel/principals.ts';
import type { World } from '../../aws/kernel/world.ts';

/** Something that was asked of the double: by a call, or beside one (`iam:PassRole`). */
export interface Need {
  action: string;
  resource: string;
}

/**
 * Writes down every right that is asked for from now on, and grants it. Ends with the world's reset.
 *
 * @param of - whose calls count; those of an assumed role are not the operator's. Everybody who is no role if left out
 */
export function recordNeeds(
  world: World,
  of: (principal: Principal) => boolean = ({ role }) => role === undefined,
): Need[] {
  const needs: Need[] = [];
  world.authorize = (principal, action, resource) => {
    if (of(principal)) needs.push({ action, resource: ofObjects(action, resource) });
    return true;
  };
  return needs;
}

/** Those of the needs that the policy does not cover, as `action on resource`, each once. The double gives no context keys: they are what requests of ours have. */
export async function uncovered(
  policy: Policy,
  needs: readonly Need[],
  { account, stack }: { account: string; stack: string },
): Promise<string[]> {
  const missing = new Set<string>();
  for (const { action, resource } of unique(needs)) {
    const response = await runSimulation(
      {
        request: {
          principal: `arn:aws:iam::${account}:user/operator`,
          action,
          resource: { resource, accountId: account },
          contextVariables: contextOf(action, resource, stack),
        },
        identityPolicies: [{ name: 'persona', policy }],
        serviceControlPolicies: [],
        resourceControlPolicies: [],
      },
      {},
    );
    if (response.resultType === 'error') {
      missing.add(`${action} on ${resource}: ${JSON.stringify(response.errors)}`);
    } else if (response.overallResult !== 'Allowed') missing.add(`${action} on ${resource}`);
  }
  return [...missing].sort();
}

/** DeleteObjects is asked for once, about the bucket; AWS asks about each key. */
export const ofObjects = (action: string, resource: string) =>
  /^s3:DeleteObject/.test(action) && !resource.includes('/') ? `${resource}/key` : resource;

/** The condition keys that AWS gives to a call of ours. */
export function contextOf(action: string, resource: string, stack: string): Record<string, string> {
  const [service] = action.split(':');
  if (action === 'iam:PassRole') return { 'iam:PassedToService': passedTo(resource) };
  if (action === 'iam:CreateServiceLinkedRole') return { 'iam:AWSServiceName': 'batch.amazonaws.com' };
  if (service === 'ec2') return { 'aws:ResourceTag/rekback:stack': stack };
  // Only mappings of our function are ever changed; what it is called follows from the stack's name.
  return service === 'lambda'
    ? { 'lambda:FunctionArn': `arn:aws:lambda:eu-west-1:111122223333:function:rekback-${stack}-live` }
    : {};
}

/** Roles of ours are passed to who their names say. */
const passedTo = (role: string) => (/-live$/.test(role) ? 'lambda.amazonaws.com' : 'ecs-tasks.amazonaws.com');

const unique = (needs: readonly Need[]): Need[] => [
  ...new Map(needs.map((need) => [`${need.action} ${need.resource}`, need])).values(),
];
