import { AwsError } from '../kernel/errors.ts';
import { type Call, operations, type Service } from '../kernel/operation.ts';
import { bool, int, list, need, str, struct, time } from '../kernel/shape.ts';
import type { World } from '../kernel/world.ts';
import { bucketNamed } from '../s3/reach.ts';

export interface CloudWatchState {
  /** Object counts that a test gives instead of what the buckets hold, by bucket. */
  _counts: Map<string, number>;
  /** Sizes that a test gives, by bucket and storage type; without any there is no such metric. */
  _bytes: Map<string, number>;
}
type CloudWatchCall = Call<CloudWatchState>;

const op = operations<CloudWatchState>();
const dimensions = list(
  struct({ Name: need(str({ min: 1, max: 255 })), Value: need(str({ min: 1, max: 1024 })) }),
  { max: 30 },
);
const metric = {
  Namespace: str({ min: 1, max: 255, pattern: /^[^:].*$/ }),
  MetricName: str({ min: 1, max: 255 }),
  Dimensions: dimensions,
};
const statistic = str({ oneOf: ['SampleCount', 'Average', 'Sum', 'Minimum', 'Maximum'] });
const DAY = 86_400_000;

interface Asked {
  Namespace?: string | undefined;
  MetricName?: string | undefined;
  Dimensions?: { Name: string; Value: string }[] | undefined;
  StartTime: Date;
  EndTime: Date;
}

/** S3's daily storage metric: one point at each midnight, the last one of yesterday. Nothing for what nobody measures. */
function points(call: CloudWatchCall, asked: Asked): { Timestamp: Date; value: number }[] {
  const dimension = (name: string) => asked.Dimensions?.find((each) => each.Name === name)?.Value;
  const bucket = dimension('BucketName') ?? '';
  const known = bucketNamed(call.world, bucket);
  const measured =
    asked.Namespace === 'AWS/S3' &&
    asked.Dimensions?.length === 2 &&
    known?.owner === call.account &&
    known.region === call.region;
  if (!measured) return [];
  const type = dimension('StorageType');
  const value =
    asked.MetricName === 'NumberOfObjects' && type === 'AllStorageTypes'
      ? (call.state._counts.get(bucket) ?? countOf(known))
      : asked.MetricName === 'BucketSizeBytes'
        ? call.state._bytes.get(`${bucket} ${type}`)
        : undefined;
  if (value === undefined) return [];
  const last = Math.floor(call.world.clock.now() / DAY) * DAY - DAY;
  const first = Math.max(asked.StartTime.getTime(), last - 13 * DAY);
  const result: { Timestamp: Date; value: number }[] = [];
  for (let at = last; at >= first; at -= DAY) {
    if (at < asked.EndTime.getTime()) result.push({ Timestamp: new Date(at), value });
  }
  return result;
}

const countOf = ({ objects }: { objects: ReadonlyMap<string, readonly unknown[]> }) =>
  [...objects.values()].reduce((sum, versions) => sum + versions.length, 0);

function checkTimes({ StartTime, EndTime }: { StartTime: Date; EndTime: Date }): void {
  if (StartTime >= EndTime) {
    throw new AwsError(
      'InvalidParameterValue',
      'The parameter StartTime must be less than the parameter EndTime.',
    );
  }
}

export const cloudwatch: Service<CloudWatchState> = {
  id: 'cloudwatch',
  signedAs: ['monitoring'],
  wires: ['cbor', 'json', 'query'],
  target: 'GraniteServiceVersion20100801',
  xmlns: 'http://monitoring.amazonaws.com/doc/2010-08-01/',
  reach: 'region',
  empty: () => ({ _counts: new Map(), _bytes: new Map() }),
  invalid: ({ kind, message }) =>
    new AwsError(kind === 'missing' ? 'MissingParameter' : 'InvalidParameterValue', message),
  denied: (message) => new AwsError('AccessDenied', message, { status: 403 }),
  operations: [
    op(
      'GetMetricStatistics',
      'Read',
      struct({
        ...metric,
        Namespace: need(metric.Namespace),
        MetricName: need(metric.MetricName),
        StartTime: need(time()),
        EndTime: need(time()),
        Period: need(int(1)),
        Statistics: list(statistic, { min: 1, max: 5 }),
        Unit: str({ oneOf: ['Count', 'Bytes', 'None'] }),
      }),
      (call, input) => {
        checkTimes(input);
        if (!input.Statistics)
          throw new AwsError('MissingParameter', 'Must specify either Statistics or ExtendedStatistics');
        const found = input.Period % 86_400 === 0 ? points(call, input) : [];
        return {
          Label: input.MetricName,
          Datapoints: found.map(({ Timestamp, value }) => ({
            Timestamp,
            Unit: 'Count',
            ...Object.fromEntries(
              (input.Statistics ?? []).map((name) => [name, name === 'SampleCount' ? 1 : value]),
            ),
          })),
        };
      },
    ),
    op(
      'GetMetricData',
      'Read',
      struct({
        MetricDataQueries: need(
          list(
            struct({
              Id: need(str({ min: 1, max: 255, pattern: /^[a-z]\w*$/ })),
              MetricStat: need(
                struct({
                  Metric: need(struct(metric)),
                  Period: need(int(1)),
                  Stat: need(statistic),
                  Unit: str({ oneOf: ['Count', 'Bytes', 'None'] }),
                }),
              ),
              Label: str(),
              ReturnData: bool(),
            }),
            { min: 1, max: 500 },
          ),
        ),
        StartTime: need(time()),
        EndTime: need(time()),
        NextToken: str(),
        ScanBy: str({ oneOf: ['TimestampDescending', 'TimestampAscending'] }),
        MaxDatapoints: int(1, 100_800),
      }),
      (call, { MetricDataQueries: queries, StartTime, EndTime, ScanBy }) => {
        checkTimes({ StartTime, EndTime });
        return {
          MetricDataResults: queries.map(({ Id, Label, MetricStat: { Metric: asked, Period, Stat } }) => {
            const found = Period % 86_400 === 0 ? points(call, { ...asked, StartTime, EndTime }) : [];
            const ordered = ScanBy === 'TimestampAscending' ? found.toReversed() : found;
            return {
              Id,
              Label: Label ?? asked.MetricName,
              Timestamps: ordered.map((each) => each.Timestamp),
              Values: ordered.map((each) => (Stat === 'SampleCount' ? 1 : each.value)),
              StatusCode: 'Complete',
            };
          }),
          Messages: [],
        };
      },
    ),
  ],
};

/** Lets the metric tell of so many objects, whatever the bucket holds. */
export function setObjectCount(
  world: World,
  where: { account: string; region: string },
  bucket: string,
  count: number,
): void {
  world.state(cloudwatch, where.account, where.region)._counts.set(bucket, count);
}

/** Lets the metric tell of so many bytes of a storage type (`StandardStorage`). */
export function setBucketBytes(
  world: World,
  where: { account: string; region: string },
  bucket: string,
  storageType: string,
  bytes: number,
): void {
  world.state(cloudwatch, where.account, where.region)._bytes.set(`${bucket} ${storageType}`, bytes);
}
