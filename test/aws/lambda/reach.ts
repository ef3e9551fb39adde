import { allows, parsePolicy } from '../kernel/policy.ts';
import type { World } from '../kernel/world.ts';
import { policyText } from './permissions.ts';
import { startPolling } from './poller.ts';
import { invokeLater, runnerOf } from './run.ts';
import { lambda } from './service.ts';
import { type LambdaFunction, nameOf, type Runner } from './state.ts';

/**
 * Runs functions from now on with `runner`: what is invoked, what S3 or EventBridge sends, and what lies in queues that
 * are mapped. Queues are looked into every second of the clock; on the virtual one, `advance` waits for what it started.
 * Ends at `world.reset()`, or by the returned function.
 */
export function runFunctions(world: World, runner: Runner): () => void {
  const place = runnerOf(world);
  place._runner = runner;
  startPolling(world);
  return () => {
    place._runner = undefined;
  };
}

/** Gives an account another total of concurrent executions than AWS's 1,000; new accounts may have 10. */
export function setConcurrencyLimit(
  world: World,
  where: { account: string; region: string },
  limit: number,
): void {
  world.state(lambda, where.account, where.region).concurrencyLimit = limit;
}

/** The function of an ARN, in whichever account and Region it is. */
export function functionByArn(world: World, arn: string): LambdaFunction | undefined {
  const [, , service, region = '', account = ''] = arn.split(':');
  return service === 'lambda' ? world.state(lambda, account, region).functions.get(nameOf(arn)) : undefined;
}

/** Whether a service may invoke the function for one of its resources, by the function's policy. */
export function functionAccepts(
  found: LambdaFunction,
  sender: { service: string; sourceArn: string; sourceAccount: string },
): boolean {
  const policy = policyText(found);
  if (policy === undefined) return false;
  return allows(parsePolicy(policy, 'resource'), {
    principal: { kind: 'Service', value: sender.service },
    action: 'lambda:InvokeFunction',
    resource: found.arn,
    context: { 'aws:SourceArn': sender.sourceArn, 'aws:SourceAccount': sender.sourceAccount },
  });
}

/** Sends an event to a function as S3 and EventBridge do; false when the function is not there or does not let them. */
export function deliverToFunction(
  world: World,
  arn: string,
  sender: { service: string; sourceArn: string; sourceAccount: string },
  event: unknown,
): boolean {
  const found = functionByArn(world, arn);
  if (!found || !functionAccepts(found, sender)) return false;
  invokeLater(world, found, event);
  return true;
}
