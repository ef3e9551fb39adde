import {
  GetAWSDefaultServiceQuotaCommand,
  GetServiceQuotaCommand,
  ServiceQuotasClient,
} from '@aws-sdk/client-service-quotas';
import { messageOf } from '../runtime/errors.ts';
import type { Clients } from './clients.ts';
import { awsFailure } from './errors.ts';

/** A limit of the account in the Region, or why it can't be read. */
export type Quota =
  /** `isDefault`: AWS's value for everybody; the account's own could not be read. */
  { value: number; isDefault: boolean } | { unreadable: string };

/** What identifies a limit: `aws service-quotas list-service-quotas --service-code rekognition`. */
export type QuotaCode = readonly [service: string, code: string];

export const DETECT_LABELS_QUOTA: QuotaCode = ['rekognition', 'L-E29B542B'];

/** The share of the quota that a backfill uses; the rest is for changes that arrive meanwhile. */
const BACKFILL_SHARE = 0.8;

/**
 * How many invocations of the live function there are at once: AWS's least, which the mapping of its queue is set to.
 * https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html
 */
export const LIVE_INVOCATIONS = 2;

/** AWS's default outside its largest Regions: https://docs.aws.amazon.com/general/latest/gr/rekognition.html */
const SMALL_REGION_QUOTA = 5;

/** One of the limits that Service Quotas knows. Never throws. */
export async function readServiceQuota(
  clients: Clients,
  [ServiceCode, QuotaCode]: QuotaCode,
): Promise<Quota> {
  const quotas = clients(ServiceQuotasClient);
  const at = { ServiceCode, QuotaCode };
  const own = await attempt(async () => (await quotas.send(new GetServiceQuotaCommand(at))).Quota?.Value);
  if ('value' in own) return { ...own, isDefault: false };
  // Service Quotas knows an account's own value of many quotas only once it was changed.
  const common = await attempt(
    async () => (await quotas.send(new GetAWSDefaultServiceQuotaCommand(at))).Quota?.Value,
  );
  return 'value' in common ? { ...common, isDefault: true } : own;
}

/** What `read` gives, or why it gives nothing. Never throws. */
export async function attempt(
  read: () => Promise<number | undefined>,
): Promise<{ value: number } | { unreadable: string }> {
  try {
    const value = await read();
    return value === undefined ? { unreadable: 'AWS gave no value' } : { value };
  } catch (error) {
    return { unreadable: awsFailure(error)?.code ?? messageOf(error) };
  }
}

/** Calls of DetectLabels a second that a backfill may make, with a sentence where that had to be assumed. Never throws. */
export const backfillCalls = (clients: Clients): Promise<CallRate> => shareOfQuota(clients, BACKFILL_SHARE);

/** Those that one invocation of the live function may make, which knows nothing of the others. Never throws. */
export const liveCalls = (clients: Clients): Promise<CallRate> =>
  shareOfQuota(clients, (1 - BACKFILL_SHARE) / LIVE_INVOCATIONS);

interface CallRate {
  perSecond: number;
  note?: string;
}

async function shareOfQuota(clients: Clients, share: number): Promise<CallRate> {
  const quota = await readServiceQuota(clients, DETECT_LABELS_QUOTA);
  if ('value' in quota) return { perSecond: quota.value * share };
  return {
    perSecond: SMALL_REGION_QUOTA * share,
    note: `the quota of DetectLabels can't be read (${quota.unreadable}); reckoned with ${SMALL_REGION_QUOTA}/s`,
  };
}
