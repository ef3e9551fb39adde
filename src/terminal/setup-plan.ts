import type { Session } from '../aws/session.ts';
import type { Forecast } from '../provision/forecast.ts';
import type { Change } from '../provision/plan.ts';
import type { Difference } from '../provision/resource.ts';
import type { BucketChanges } from '../provision/s3/bucket-changes.ts';
import type { SetupPlan } from '../provision/setup.ts';
import { describeThings } from './changes.ts';
import { costLines, formatHours } from './costs.ts';
import { describeUpdate } from './differences.ts';
import { formatCounted, formatDollars } from './format.ts';
import { sanitise } from './sanitise.ts';
import { fitted } from './width.ts';

/** One line of what a setup does. */
interface SetupChange {
  action: Change['action'];
  type: string;
  name: string;
  /** The bucket's owner does it; setup only looks. */
  byOwner?: true;
  drift?: Difference[];
}

/** A plan as `--json` prints it. */
export const planJson = ({
  context: { spec },
  changes,
  notifications,
  forecast,
  checks,
  bucketChanges,
}: SetupPlan) => ({
  account: spec.account,
  region: spec.region,
  changes: changes.map(
    ({ action, resource: { type, name, byOwner }, found }): SetupChange => ({
      action,
      type,
      name,
      ...(byOwner && { byOwner }),
      ...(found.state === 'drifted' && { drift: found.drift }),
    }),
  ),
  notifications,
  forecast,
  checks,
  ...(bucketChanges !== undefined && { bucketChanges }),
});

/** What a setup of a bucket adds to what every setup prints with `--json`. */
export type PlanJson = Partial<Omit<ReturnType<typeof planJson>, 'changes'>>;

/** What a setup of a bucket would make and cost, with the price last: it is what a question is asked about. */
export function describePlan(plan: SetupPlan): string[] {
  const { changes, notifications, forecast, checks, bucketChanges, record } = plan;
  const notes = [
    ...new Set([...forecast.idle.notes, ...(forecast.backfill?.notes ?? []), ...forecast.notes]),
    ...checks.map(({ message, suggestions }) => [message, ...suggestions].join('; ')),
  ];
  return [
    `Stack ${record.name} for the images in s3://${record.aws.bucket}: ${formatCounted(changes.length, 'change')}`,
    '',
    ...describeChanges(changes).map((line) => fitted(line, ' '.repeat(12))),
    ...(notifications.length === 0 ? [] : ['', "The bucket's notifications:"]),
    ...notifications.map((line) => fitted(`  ${sanitise(line)}`, ' '.repeat(4))),
    ...(bucketChanges === undefined ? [] : ['', ...describeBucketChanges(bucketChanges)]),
    '',
    ...describeForecast(forecast, record.aws.backfill).map((line) => fitted(line, ' '.repeat(11))),
    ...(notes.length === 0 ? [] : ['']),
    ...notes.map((note) => fitted(sanitise(`Note: ${note}`), '  ')),
  ];
}

/** What would be made or changed, field by field where something differs. */
function describeChanges(changes: readonly Change[]): string[] {
  const things = describeThings(changes.map(({ resource }) => resource));
  return changes.flatMap(({ action, resource, found }, index) => [
    `  ${(resource.byOwner ? 'check' : action).padEnd(6)}  ${things[index]}`,
    ...(found.state === 'drifted' ? found.drift.map((each) => `          ${describeUpdate(each)}`) : []),
  ]);
}

/** What it will cost, with how each figure comes about. */
function describeForecast({ idle, backfill, callsPerSecond }: Forecast, when: 'auto' | 'manual'): string[] {
  const lines = [`While idle: ${formatDollars(idle.dollars)} a month`, ...costLines(idle)];
  if (backfill === undefined) return lines;
  const { calls, dollars, hours, measuredAt } = backfill;
  return [
    ...lines,
    '',
    `Backfill: at most ${formatCounted(calls, 'call')}, ${formatDollars(dollars)}, ${formatHours(hours)} at ${callsPerSecond} calls a second`,
    when === 'auto'
      ? '  It begins by itself once the inventory arrives, within 48 hours.'
      : '  It does not begin by itself.',
    ...costLines(backfill),
    `  (an upper bound: AWS's count of ${measuredAt.slice(0, 10)} has every version and format in it)`,
  ];
}

/** Whose account is changed, where, and by whom. */
export const describeIdentity = ({ account, region, callerArn }: Session): string =>
  fitted(`In account ${account}, Region ${region}, as ${callerArn}.`, '  ', process.stderr);

/** What the owner of the bucket has to apply, as documents and commands to paste. */
const describeBucketChanges = ({ notification, inventory, policy }: BucketChanges): string[] => [
  "For the bucket's owner to apply, once this setup has made the rest:",
  ...[notification, inventory].flatMap(({ file, json, command }) => [
    `${file}:`,
    sanitiseLines(JSON.stringify(json, undefined, 2)),
    command,
  ]),
  "statements for the bucket's policy, where it has one that denies:",
  sanitiseLines(JSON.stringify(policy.bucket, undefined, 2)),
  ...(policy.key.length === 0
    ? []
    : ["statements for the key's policy:", sanitiseLines(JSON.stringify(policy.key, undefined, 2))]),
];

const sanitiseLines = (text: string): string => text.split('\n').map(sanitise).join('\n');
