import { type Cost, idleCost, labelCost } from '../runtime/price.ts';
import type { RunSummary } from '../runtime/run/record.ts';
import { RECORD_FORMAT } from '../stack/record.ts';
import type { InspectedStack } from './inspect.ts';
import { type InventoryStatus, inventoryStatus, type LiveStatus, liveStatus } from './live-status.ts';
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
  live: LiveStatus;
  inventory: InventoryStatus;
  /**
   * US dollars: of a month in which nothing happens, and of the labels paid for so far. `labelCalls`: what was paid for;
   * those of live changes are null, and not in the sum, where they can't be read.
   */
  cost: { monthly: number; spent: number; labelCalls: { runs: number; live: number | null }; idle: Cost };
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
  const [runs, live, inventory] = await Promise.all([
    runsOf(context),
    liveStatus(context),
    inventoryStatus(context),
  ]);
  const idle = idleCost({ region, ...domain, ownDomain: indexEndpoint === undefined });
  const liveCalls = live.labelCalls?.byMonth;
  const labelCalls = {
    runs: callsOf(runs),
    live: liveCalls === undefined ? null : sum(Object.values(liveCalls)),
  };
  return {
    stack: record.name,
    region,
    account,
    images: `s3://${bucket}`,
    resources,
    runs,
    live,
    inventory,
    cost: { monthly: idle.dollars, spent: spentOn(runs, liveCalls ?? {}, region), labelCalls, idle },
    notes: [...notesOf(stack, resources, runs), ...liveNotes(live, record.name)],
  };
}

/** Prices fall by the calls of a month, so each month is reckoned by itself. */
function spentOn(
  runs: readonly RunSummary[],
  liveCalls: Readonly<Record<string, number>>,
  region: string,
): number {
  const byMonth: Record<string, number> = { ...liveCalls };
  for (const { startedAt, labelCalls } of runs) {
    const month = startedAt.slice(0, 'YYYY-MM'.length);
    byMonth[month] = (byMonth[month] ?? 0) + labelCalls;
  }
  return sum(Object.values(byMonth).map((calls) => labelCost(calls, region).dollars));
}

const sum = (values: readonly number[]): number => values.reduce((total, each) => total + each, 0);

function liveNotes({ state, deadLetters }: LiveStatus, stack: string): string[] {
  const notes: string[] = [];
  if (state === 'Disabled' || state === 'Disabling')
    notes.push('live changes are paused: they wait in the queue, for 14 days at most');
  if (deadLetters !== null && deadLetters.waiting > 0) {
    notes.push(
      `changes that could not be carried out are dead letters (${deadLetters.waiting}); see why: rekback logs --live --failed --stack ${stack}`,
    );
  }
  return notes;
}

function notesOf(
  { record: { name, createdAt, aws, format } }: InspectedStack,
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
  const isNewer = format > RECORD_FORMAT;
  if (isNewer) notes.push('this stack was set up by a newer rekback; this one only reads it');
  const wrong =
    format > RECORD_FORMAT ? [] : resources.filter(({ state }) => state === 'absent' || state === 'drifted');
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
