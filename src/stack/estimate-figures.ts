import type { Clients } from '../aws/clients.ts';
import { hoursFormula } from '../runtime/price.ts';
import type { Survey } from './survey.ts';

/** The calls a second that were asked for, or else those of the quota, with what a reader should know of them. */
export async function rateOf(
  rate: number | undefined,
  clients: Clients,
): Promise<{ perSecond: number; notes: string[] }> {
  if (rate !== undefined) return { perSecond: rate, notes: [] };
  const { backfillCalls } = await import('../aws/quotas.ts');
  const { perSecond, note } = await backfillCalls(clients);
  return { perSecond, notes: note === undefined ? [] : [note] };
}

/** How long so many calls take. */
export function timeOf(calls: number, callsPerSecond: number) {
  const hours = calls === 0 ? 0 : calls / callsPerSecond / 3600;
  return {
    callsPerSecond,
    hours: Number.isFinite(hours) ? hours : null,
    hoursFormula: hoursFormula(calls, callsPerSecond),
  };
}

/** The part of an estimate that a survey tells. */
export const amountsOf = ({ images, withoutCall }: Survey) => ({
  images: images.objects,
  bytes: images.bytes,
  withoutCall,
});
