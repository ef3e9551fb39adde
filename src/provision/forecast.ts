import { type BucketSize, readBucketSize } from '../aws/bucket-size.ts';
import { backfillCalls } from '../aws/quotas.ts';
import { messageOf } from '../runtime/errors.ts';
import {
  type BackfillEstimate,
  backfillEstimate,
  type Cost,
  fargateWorkers,
  idleCost,
} from '../runtime/price.ts';
import type { Context } from './context.ts';

/** What a stack and its first backfill will cost, before either is begun. */
export interface Forecast {
  /** A month in which nothing happens. */
  idle: Cost;
  /** At most, as the bucket's metric counts every version and format; undefined where there is no metric yet. */
  backfill: (BackfillEstimate & { measuredAt: string }) | undefined;
  /** Calls of DetectLabels a second that a backfill may use. */
  callsPerSecond: number;
  notes: string[];
}

/** Never throws for what can't be read: setup works without a forecast, and says what is missing. */
export async function forecast({ spec, clients }: Context): Promise<Forecast> {
  const { region, bucket, domain, indexEndpoint, network } = spec;
  const notes: string[] = [];
  const [size, calls] = await Promise.all([readSize(), backfillCalls(clients)]);
  if (calls.note !== undefined) notes.push(calls.note);
  const callsPerSecond = calls.perSecond;
  const fargate = {
    maxVcpus: spec.maxVcpus,
    spot: spec.compute === 'fargate-spot',
    publicIp: network.assignPublicIp,
  };
  return {
    idle: idleCost({ region, ...domain, ownDomain: indexEndpoint === undefined }),
    backfill: size && {
      ...backfillEstimate({
        objects: size.objects,
        callsPerSecond,
        region,
        workers: fargateWorkers({ objects: size.objects, callsPerSecond }, fargate),
      }),
      measuredAt: size.measuredAt.toISOString(),
    },
    callsPerSecond,
    notes,
  };

  async function readSize(): Promise<BucketSize | undefined> {
    try {
      const found = await readBucketSize(clients, bucket);
      if (found === undefined)
        notes.push(`AWS has not counted the objects of '${bucket}' yet; it does so daily`);
      return found;
    } catch (error) {
      notes.push(`the number of objects can't be read: ${messageOf(error)}`);
      return undefined;
    }
  }
}
