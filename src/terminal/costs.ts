import type { Cost } from '../runtime/price.ts';
import { formatCounted, formatDollars } from './format.ts';

/** The parts of a sum with how each comes about, indented. */
export function costLines({ lines }: Cost): string[] {
  const sums = lines.map(({ dollars }) => formatDollars(dollars));
  const width = Math.max(0, ...sums.map((sum) => sum.length));
  return lines.map(({ what, formula }, index) => `  ${sums[index]?.padStart(width)}  ${what} (${formula})`);
}

/** `12 minutes`, `5.6 hours`, `17.8 days`. */
export function formatHours(hours: number): string {
  if (hours < 1) return formatCounted(Math.ceil(hours * 60), 'minute');
  return hours < 48 ? `${hours.toFixed(1)} hours` : `${(hours / 24).toFixed(1)} days`;
}
