import { CloudWatchClient, GetMetricDataCommand, type MetricDataQuery } from '@aws-sdk/client-cloudwatch';
import type { Clients } from './clients.ts';

/**
 * What S3's daily metrics say of a bucket. An upper bound of what there is to label: they count every version and delete
 * marker, every key and every format. https://docs.aws.amazon.com/AmazonS3/latest/userguide/metrics-dimensions.html
 */
export interface BucketSize {
  objects: number;
  /** Undefined where that metric has no point. */
  bytes: number | undefined;
  /** The same by storage class, as S3 names it; `ARCHIVED` for whatever has to be restored before it can be read. */
  classes: Readonly<Record<string, number>>;
  measuredAt: Date;
}

const DAY = 86_400;

/** The metric comes once a day, and may be two days late. */
const LOOK_BACK_DAYS = 5;

/**
 * Where an object's own bytes are counted, and in which class they are; the types that end in `Overhead` count what S3
 * adds.
 */
const STORAGE_TYPES: readonly (readonly [type: string, storageClass: string])[] = [
  ['StandardStorage', 'STANDARD'],
  ['IntelligentTieringFAStorage', 'INTELLIGENT_TIERING'],
  ['IntelligentTieringIAStorage', 'INTELLIGENT_TIERING'],
  ['IntelligentTieringAIAStorage', 'INTELLIGENT_TIERING'],
  ['IntelligentTieringAAStorage', 'ARCHIVED'],
  ['IntelligentTieringDAAStorage', 'ARCHIVED'],
  ['StandardIAStorage', 'STANDARD_IA'],
  ['OneZoneIAStorage', 'ONEZONE_IA'],
  ['ReducedRedundancyStorage', 'REDUCED_REDUNDANCY'],
  ['GlacierInstantRetrievalStorage', 'GLACIER_IR'],
  ['GlacierStorage', 'ARCHIVED'],
  ['DeepArchiveStorage', 'ARCHIVED'],
];

/**
 * Reads the newest points of the last days.
 *
 * @returns undefined where there is none: a bucket of today, or of another account or Region
 */
export async function readBucketSize(
  clients: Clients,
  bucket: string,
  now: Date = new Date(),
): Promise<BucketSize | undefined> {
  const { MetricDataResults: results = [] } = await clients(CloudWatchClient).send(
    new GetMetricDataCommand({
      StartTime: new Date(now.getTime() - LOOK_BACK_DAYS * DAY * 1000),
      EndTime: now,
      ScanBy: 'TimestampDescending',
      MetricDataQueries: [
        query('objects', bucket, 'NumberOfObjects', 'AllStorageTypes'),
        ...STORAGE_TYPES.map(([type], index) => query(`bytes${index}`, bucket, 'BucketSizeBytes', type)),
      ],
    }),
  );
  const newest = (id: string) => {
    const { Values = [], Timestamps = [] } = results.find(({ Id }) => Id === id) ?? {};
    return { value: Values[0], at: Timestamps[0] };
  };
  const { value: objects, at } = newest('objects');
  if (objects === undefined || at === undefined) return undefined;
  const classes: Record<string, number> = {};
  for (const [index, [, storageClass]] of STORAGE_TYPES.entries()) {
    const { value } = newest(`bytes${index}`);
    if (value !== undefined) classes[storageClass] = (classes[storageClass] ?? 0) + value;
  }
  const sizes = Object.values(classes);
  const bytes = sizes.length === 0 ? undefined : sizes.reduce((sum, size) => sum + size, 0);
  return { objects, bytes, classes, measuredAt: at };
}

const query = (Id: string, bucket: string, MetricName: string, storageType: string): MetricDataQuery => ({
  Id,
  MetricStat: {
    Metric: {
      Namespace: 'AWS/S3',
      MetricName,
      Dimensions: [
        { Name: 'BucketName', Value: bucket },
        { Name: 'StorageType', Value: storageType },
      ],
    },
    Period: DAY,
    Stat: 'Average',
  },
});
