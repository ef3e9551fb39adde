import { objectSource } from '../adapters/rekognition/from-s3.ts';
import { createRekognitionLabeler } from '../adapters/rekognition/labeler.ts';
import { openS3Images } from '../adapters/s3/images.ts';
import { type BucketSize, readBucketSize } from '../aws/bucket-size.ts';
import { explained } from '../aws/explain.ts';
import { openSession, type Session } from '../aws/session.ts';
import { RekbackError } from '../runtime/errors.ts';
import { backfillEstimate, fargateWorkers, type ImagesOfClass, idleCost } from '../runtime/price.ts';
import { DEFAULTS } from './aws-spec.ts';
import type { Estimate, EstimateOptions } from './estimate.ts';
import { amountsOf, rateOf, timeOf } from './estimate-figures.ts';
import { createSurvey, survey } from './survey.ts';

/** Lists a bucket to its end, and says what a stack on AWS would take to label it. */
export async function estimateListed(bucket: string, options: EstimateOptions): Promise<Estimate> {
  const session = await openSession(options.aws);
  const { clients, region } = session;
  const place = { bucket, region };
  const source = { clients, source: objectSource(clients, place), callsPerSecond: async () => 0 };
  const surveyor = createSurvey(createRekognitionLabeler(source));
  const [rate] = await Promise.all([
    rateOf(options.rate, clients),
    survey(openS3Images(clients, place), [surveyor], options),
  ]);
  const counted = surveyor.result();
  const { seen, images, classes } = counted;
  const backfill = { objects: images.objects, listed: seen.objects, classes };
  const isTiered = classes.some(({ storageClass }) => storageClass === 'INTELLIGENT_TIERING');
  return {
    ...ofBucket(bucket, session, options, new Date()),
    countedBy: 'listing',
    objects: seen.objects,
    bytes: seen.bytes,
    labelers: [{ labeler: 'rekognition', ...amountsOf(counted), ...onAws(backfill, rate.perSecond, region) }],
    notes: [
      ...rate.notes,
      ...(isTiered
        ? ['a listing does not tell what is archived in INTELLIGENT_TIERING; a backfill skips it']
        : []),
    ],
  };
}

/**
 * The same from what AWS counts daily: an upper bound, at once for a bucket of any size.
 * @throws RekbackError `not-counted-yet`
 */
export async function estimateByMetrics(bucket: string, options: EstimateOptions): Promise<Estimate> {
  const session = await openSession(options.aws);
  const { clients, region } = session;
  const [rate, size] = await Promise.all([
    rateOf(options.rate, clients),
    explained(`can't read how large '${bucket}' is`, readBucketSize(clients, bucket)),
  ]);
  if (size === undefined) throw notCounted(bucket, region);
  const { objects, bytes = null, classes, measuredAt } = size;
  const { ARCHIVED: archived = 0 } = classes;
  const backfill = { objects, listed: objects, classes: spread(size) };
  return {
    ...ofBucket(bucket, session, options, measuredAt),
    countedBy: 'metrics',
    objects,
    bytes,
    labelers: [
      {
        labeler: 'rekognition',
        images: objects,
        bytes,
        withoutCall: {},
        ...onAws(backfill, rate.perSecond, region),
      },
    ],
    notes: [
      ...rate.notes,
      "an upper bound: AWS's count has every version and format in it",
      ...(archived > 0
        ? [
            `${Math.ceil(archived / 1e9)} GB of it are archived and would be skipped; AWS does not say how many`,
          ]
        : []),
    ],
  };
}

/** AWS counts objects over all classes, and bytes by class: the objects are taken to be spread as the bytes are. */
function spread({ objects, classes }: BucketSize): ImagesOfClass[] {
  const readable = Object.entries(classes).filter(([storageClass]) => storageClass !== 'ARCHIVED');
  const sum = readable.reduce((total, [, bytes]) => total + bytes, 0);
  if (sum === 0) return [{ storageClass: 'STANDARD', images: objects, bytes: 0 }];
  return readable.map(([storageClass, bytes]) => ({
    storageClass,
    images: Math.round((objects * bytes) / sum),
    bytes,
  }));
}

const ofBucket = (
  bucket: string,
  { account, region }: Session,
  { prefix }: EstimateOptions,
  countedAt: Date,
) => ({
  images: `s3://${bucket}`,
  prefix: prefix ?? null,
  account,
  region,
  countedAt: countedAt.toISOString(),
  idle: idleCost({ region, ...DEFAULTS.domain, ownDomain: true }),
});

/** A backfill by a stack on AWS, with what setup chooses where nobody does. */
function onAws(
  backfill: { objects: number; listed: number; classes: readonly ImagesOfClass[] },
  callsPerSecond: number,
  region: string,
) {
  const { compute, maxVcpus } = DEFAULTS;
  const fargate = { maxVcpus, spot: compute === 'fargate-spot', publicIp: true };
  const workers = fargateWorkers({ ...backfill, callsPerSecond }, fargate);
  const { calls, dollars, lines, notes } = backfillEstimate({ ...backfill, callsPerSecond, region, workers });
  return { calls, ...timeOf(calls, callsPerSecond), dollars, lines, notes };
}

const notCounted = (bucket: string, region: string) =>
  new RekbackError('not-counted-yet', `AWS has not counted the objects of '${bucket}' in ${region}`, {
    suggestions: [
      'leave --quick out: then the bucket is listed',
      'or name its Region: --region REGION; AWS counts once a day',
    ],
  });
