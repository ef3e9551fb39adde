import type { SessionOptions } from '../aws/session.ts';
import type { Cost } from '../runtime/price.ts';
import type { Report } from '../runtime/progress.ts';
import type { Survey } from './survey.ts';

export interface EstimateOptions {
  /** `quick`: not listed, but as AWS counted it last. */
  source: { bucket: string; quick: boolean } | { folder: string };
  /** Only keys that begin with this. */
  prefix: string | undefined;
  /** Labeler calls a second; undefined: what the account's quota leaves a backfill. */
  rate: number | undefined;
  aws: SessionOptions;
  report: Report;
  signal: AbortSignal;
}

/** What labelling by one labeler takes. */
export interface LabelerEstimate extends Cost {
  labeler: 'rekognition' | 'keywords';
  images: number;
  /** Null where nobody counts them. */
  bytes: number | null;
  /** What costs no call, by why; empty where that can't be told. */
  withoutCall: Survey['withoutCall'];
  calls: number;
  /** Null where nothing limits them, or the limit is not known. */
  callsPerSecond: number | null;
  /** Null where it is not known, or would never end. */
  hours: number | null;
  hoursFormula: string | null;
}

/** What images cost, before any stack exists. */
export interface Estimate {
  /** `s3://bucket`, or the folder. */
  images: string;
  prefix: string | null;
  account: string | null;
  region: string | null;
  countedBy: 'listing' | 'metrics';
  /** ISO time. */
  countedAt: string;
  objects: number;
  bytes: number | null;
  labelers: LabelerEstimate[];
  /** A month of a stack on AWS in which nothing happens; null for a folder, whose stack is on this machine. */
  idle: Cost | null;
  notes: string[];
}

/**
 * Counts images and says what labelling them costs. Writes nothing anywhere. A bucket takes the right `s3:ListBucket`, or
 * `cloudwatch:GetMetricData` when quick, and `servicequotas:GetServiceQuota` for the hours; a folder none, as AWS is asked
 * for the quota only where a Region or profile is named.
 *
 * @throws RekbackError `not-counted-yet`; those of `openSession`, of listings and of folders; the signal's reason
 */
export async function estimate(options: EstimateOptions): Promise<Estimate> {
  const { source } = options;
  if ('folder' in source)
    return (await import('./estimate-folder.ts')).estimateFolder(source.folder, options);
  const { estimateByMetrics, estimateListed } = await import('./estimate-bucket.ts');
  return (source.quick ? estimateByMetrics : estimateListed)(source.bucket, options);
}
