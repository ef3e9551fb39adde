import { explained } from '../aws/explain.ts';
import type { Session } from '../aws/session.ts';
import type { Waiting } from '../aws/wait.ts';
import type { AwsSpec } from '../stack/aws-spec.ts';
import type { AwsStack } from '../stack/find-aws.ts';
import { AWS_ADAPTERS, type AwsRecord, RECORD_FORMAT, specOf } from '../stack/record.ts';
import { initialSettings } from '../stack/settings.ts';
import { blueprint } from './blueprint.ts';
import type { Context } from './context.ts';
import { type FunctionCode, functionCode } from './lambda/code.ts';
import { type Inspected, inspectAll } from './plan.ts';
import { contextOf } from './setup.ts';

/** A stack of AWS, looked at: everything that it is made of, as it is now. */
export interface InspectedStack {
  context: Context;
  record: AwsRecord;
  inspected: Inspected[];
}

/** Looks at everything that a stack is made of, also at one that was interrupted before it had a record. */
export async function inspectStack(
  session: Session,
  stack: AwsStack,
  waiting: Waiting,
  code: () => Promise<FunctionCode> = functionCode,
): Promise<InspectedStack> {
  const record = stack.record ?? unrecorded(session, stack);
  const context = contextOf(session, specOf(record), waiting, await code());
  const looking = inspectAll(blueprint(context, record));
  return { context, record, inspected: await explained("can't look at the stack", looking) };
}

/** Names follow from the stack's name and place, so what is there can be found although nothing tells the options. */
function unrecorded({ account, region, partition }: Session, { name, images }: AwsStack): AwsRecord {
  const aws: Omit<AwsSpec, 'name' | 'prefix'> = {
    account,
    region,
    partition,
    bucket: images,
    live: 's3',
    inventoryFormat: 'CSV',
    backfill: 'manual',
    bucketChanges: 'apply',
    compute: 'fargate-spot',
    maxVcpus: 0,
    network: { subnets: [], securityGroups: [], vpc: '', assignPublicIp: false },
    imageUri: '',
    domain: { engineVersion: '', instanceType: '', instances: 0, volumeGiB: 0 },
    iamPath: '/',
    tags: {},
  };
  return {
    format: RECORD_FORMAT,
    name,
    createdAt: '',
    prefix: '',
    adapters: AWS_ADAPTERS,
    settings: initialSettings(),
    aws,
  };
}
