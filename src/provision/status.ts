import { type Cost, idleCost, labelCost } from '../runtime/price.ts';
import type { RunSummary } from '../runtime/run/record.ts';
import type { InspectedStack } from './inspect.ts';
import type { Difference } from './resource.ts';
import { activeRun, callsOf, runsOf } from './runs.ts';

/** One resource as it is now. */
export interface ResourceStatus {
  type: string;
  name: string;
  state: 'present' | 'absent' | 'drifted' | 'pending' | 'foreign';
  /** Field by field what is not as setup writes it. */
  drift?: Difference[];
}

export interface AwsStatus {
  stack: string;
  region: string;
  account: string;
  images: string;
  resources: ResourceStatus[];
  runs: RunSummary[];
  /** US dollars: of a month in which nothing happens, and of the labels paid for so far. */
  cost: { monthly: number; spent: number; idle: Cost };
  notes: string[];
}

/** The stack as it is now: resources that its options leave out, and that are not there, are no part of it. */
export async function awsStatus(stack: InspectedStack): Promise<AwsStatus> {
  const { context, record, inspected } = stack;
  const { region, account, bucket, domain, indexEndpoint } = context.spec;
  const resources = inspected
    .filter(({ resource, found }) => resource.isWanted() || found.state !== 'absent')
    .map(({ resource: { type, name, isWanted }, found }): ResourceStatus => {
      if (found.state === 'drifted') return { type, name, state: 'drifted', drift: found.drift };
      return { type, name, state: found.state === 'present' && !isWanted() ? 'drifted' : found.state };
    });
  const runs = await runsOf(context);
  const idle = idleCost({ region, ...domain, ownDomain: indexEndpoint === undefined });
  const calls = callsOf(runs);
  return {
    stack: record.name,
    region,
    account,
    images: `s3://${bucket}`,
    resources,
    runs,
    cost: { monthly: idle.dollars, spent: labelCost(calls, region).dollars, idle },
    notes: notesOf(stack, resources, runs),
  };
}

function notesOf(
  { record: { name, createdAt, aws } }: InspectedStack,
  resources: readonly ResourceStatus[],
  runs: readonly RunSummary[],
): string[] {
  const notes: string[] = [];
  const running = activeRun(runs);
  if (running !== undefined) notes.push(`run ${running.id} is active (${running.state})`);
  if (createdAt === '') {
    notes.push(
      `a setup or teardown of this stack was interrupted; finish it with: rekback teardown --stack ${name}`,
    );
    return notes;
  }
  const wrong = resources.filter(({ state }) => state === 'absent' || state === 'drifted');
  if (wrong.length > 0) {
    notes.push(
      `${wrong.length} of ${resources.length} resources are not as they should be; put them right with: rekback setup --bucket ${aws.bucket} --stack ${name}`,
    );
  }
  for (const { type, name: foreign } of resources.filter(({ state }) => state === 'foreign')) {
    notes.push(`the ${type} '${foreign}' has our name but is not this stack's: it is left alone`);
  }
  return notes;
}
