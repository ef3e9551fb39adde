import type { Session } from '../aws/session.ts';
import type { Forecast } from '../provision/forecast.ts';
import type { Change } from '../provision/plan.ts';
import type { Difference } from '../provision/resource.ts';
import type { BucketChanges } from '../provision/s3/bucket-changes.ts';
import type { SetupPlan } from '../provision/setup.ts';
import type { Cost } from '../runtime/price.ts';
import { describeChange } from './changes.ts';
import { formatCount, formatDollars } from './format.ts';
import { sanitise } from './sanitise.ts';

/** One line of what a setup does. */
export interface SetupChange {
  action: Change['action'];
  type: string;
  name: string;
  drift?: Difference[];
}

/** A plan as `--json` prints it. */
export const planJson = ({ changes, notifications, forecast, checks, bucketChanges }: SetupPlan) => ({
  changes: changes.map(
    ({ action, resource: { type, name }, found }): SetupChange => ({
      action,
      type,
      name,
      ...(found.state === 'drifted' && { drift: found.drift }),
    }),
  ),
  notifications,
  forecast,
  checks,
  ...(bucketChanges !== undefined && { bucketChanges }),
});

/** What a setup of a bucket would make and cost. */
export const describePlan = ({
  changes,
  notifications,
  forecast,
  checks,
  bucketChanges,
  record,
}: SetupPlan): string[] => [
  ...describeChanges(changes),
  ...notifications.map((line) => `    ${sanitise(line)}`),
  ...describeForecast(forecast, record.aws.backfill),
  ...checks.map(({ message, suggestions }) => sanitise(`Note: ${[message, ...suggestions].join('; ')}`)),
  ...(bucketChanges === undefined ? [] : describeBucketChanges(bucketChanges)),
];

/** What would be made or changed, field by field where something differs. */
const describeChanges = (changes: readonly Change[]): string[] =>
  changes.flatMap((change) => [
    describeChange(change),
    ...(change.found.state === 'drifted'
      ? change.found.drift.map(
          ({ field, wanted, actual }) =>
            `    ${field}: ${sanitise(short(actual))} → ${sanitise(short(wanted))}`,
        )
      : []),
  ]);

/** Long values (policies, task definitions) are cut: `--json` has them whole. */
const short = (value: unknown): string => {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
};

/** What it will cost, with how each figure comes about. */
function describeForecast(
  { idle, backfill, callsPerSecond, notes }: Forecast,
  when: 'auto' | 'manual',
): string[] {
  const lines = [`Idle: ${formatDollars(idle.dollars)} a month`, ...costLines(idle)];
  if (backfill !== undefined) {
    const { calls, dollars, hours } = backfill;
    lines.push(
      `Backfill (${when === 'auto' ? 'begins by itself once the inventory arrives, within 48 hours' : 'begins when you say: rekback backfill now'}): at most ${formatCount(calls)} calls, ${formatDollars(dollars)}, ${formatHours(hours)} at ${callsPerSecond} calls a second`,
      ...costLines(backfill),
      `  (an upper bound: AWS's count of ${backfill.measuredAt.slice(0, 10)} has every version and format in it)`,
    );
  }
  const remarks = new Set([...idle.notes, ...(backfill?.notes ?? []), ...notes]);
  return [...lines, ...[...remarks].map((note) => `Note: ${sanitise(note)}`)];
}

const costLines = ({ lines }: Cost): string[] =>
  lines.map(({ what, formula, dollars }) => `  ${formatDollars(dollars)}  ${what} (${formula})`);

function formatHours(hours: number): string {
  if (hours < 1) return `${Math.ceil(hours * 60)} minutes`;
  return hours < 48 ? `${hours.toFixed(1)} hours` : `${(hours / 24).toFixed(1)} days`;
}

/** Whose account is changed, where, and by whom. */
export const describeIdentity = ({ account, region, callerArn }: Session): string =>
  `In account ${account}, Region ${region}, as ${callerArn}.`;

/** What the owner of the bucket has to apply, as documents and commands to paste. */
const describeBucketChanges = ({ notification, inventory, policy }: BucketChanges): string[] => [
  "For the bucket's owner to apply:",
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
