import type { Estimate, LabelerEstimate } from '../stack/estimate.ts';
import { costLines, formatHours } from './costs.ts';
import { formatBytes, formatCount, formatCounted, formatDate, formatDollars } from './format.ts';
import { sanitise } from './sanitise.ts';
import { fitted } from './width.ts';

/** What images cost, with how each figure comes about; what it means for all of them last. */
export function describeEstimate(estimate: Estimate): string[] {
  const { images, prefix, objects, bytes, countedAt, countedBy, labelers, idle } = estimate;
  const below = prefix === null ? '' : `, keys that begin with ${sanitise(prefix)}`;
  const how = countedBy === 'metrics' ? `as AWS counted them on ${formatDate(Date.parse(countedAt))}` : '';
  const notes = new Set([
    ...labelers.flatMap(({ notes }) => notes),
    ...(idle?.notes ?? []),
    ...estimate.notes,
  ]);
  const lines = [
    `${sanitise(images)}${below}: ${[amount(objects, bytes, 'object'), how].filter(Boolean).join(', ')}`,
    ...labelers.flatMap(describeLabeler),
    ...(idle === null
      ? []
      : [
          '',
          `A stack on AWS while idle: ${formatDollars(idle.dollars)} a month (with setup --local: nothing)`,
          ...costLines(idle),
        ]),
  ];
  return [
    ...lines.map((line) => fitted(line, ' '.repeat(11))),
    '',
    ...[...notes].map((note) => fitted(sanitise(`Note: ${note}`), '  ')),
  ];
}

function describeLabeler(estimate: LabelerEstimate): string[] {
  const { labeler, images, bytes, withoutCall, dollars, callsPerSecond, hours, hoursFormula } = estimate;
  const price =
    dollars === 0 ? 'for nothing' : dollars < 0.01 ? 'less than a cent' : `at most ${formatDollars(dollars)}`;
  const time =
    callsPerSecond === null
      ? []
      : [
          `  ${hours === null ? 'It would never end' : formatHours(hours)} at ${callsPerSecond} calls a second (${hoursFormula})`,
        ];
  return [
    '',
    `Labels by ${labeler}: ${amount(images, bytes, 'image')}, ${price}`,
    ...costLines(estimate),
    ...time,
    ...Object.entries(withoutCall)
      .sort(([, a], [, b]) => b.objects - a.objects)
      .map(
        ([reason, { objects, bytes }]) =>
          `  ${formatCount(objects).padStart(8)} without a call: ${reason} (${formatBytes(bytes)})`,
      ),
  ];
}

const amount = (count: number, bytes: number | null, what: string): string =>
  [formatCounted(count, what), ...(bytes === null ? [] : [formatBytes(bytes)])].join(', ');
