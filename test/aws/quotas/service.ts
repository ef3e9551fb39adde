import { AwsError } from '../kernel/errors.ts';
import { type Call, operations, type Service } from '../kernel/operation.ts';
import { int, need, str, struct } from '../kernel/shape.ts';
import type { World } from '../kernel/world.ts';

interface Quota {
  service: string;
  serviceName: string;
  code: string;
  name: string;
  /** AWS's default in a Region. */
  value(region: string): number;
}

export interface QuotasState {
  /** Values that are not the default, by `service/code`. */
  applied: Map<string, number>;
}

/** Regions in which DetectLabels starts with 50 calls a second; the others have 5. */
const BIG_REGIONS = ['us-east-1', 'us-west-2', 'eu-west-1'];

/** Quotas that the project asks for. */
const QUOTAS: readonly Quota[] = [
  {
    service: 'rekognition',
    serviceName: 'Amazon Rekognition',
    code: 'L-E29B542B',
    name: 'Transactions per second per account for the Amazon Rekognition Image operation DetectLabels',
    value: (region) => (BIG_REGIONS.includes(region) ? 50 : 5),
  },
  {
    service: 'fargate',
    serviceName: 'AWS Fargate',
    code: 'L-3032A538',
    name: 'Fargate On-Demand vCPU resource count',
    value: () => 6,
  },
  {
    service: 'fargate',
    serviceName: 'AWS Fargate',
    code: 'L-36FBB829',
    name: 'Fargate Spot vCPU resource count',
    value: () => 6,
  },
  {
    service: 'lambda',
    serviceName: 'AWS Lambda',
    code: 'L-B99A9384',
    name: 'Concurrent executions',
    value: () => 1000,
  },
  {
    service: 'es',
    serviceName: 'Amazon OpenSearch Service',
    code: 'L-076D529E',
    name: 'Domains per Region',
    value: () => 100,
  },
];

const op = operations<QuotasState>();
const ServiceCode = need(str({ min: 1, max: 63, pattern: /^[a-zA-Z][a-zA-Z0-9-]{1,63}$/ }));
const QuotaCode = need(str({ min: 1, max: 128, pattern: /^[a-zA-Z][a-zA-Z0-9-]{1,128}$/ }));
const paging = { NextToken: str({ max: 2048 }), MaxResults: int(1, 100) };

function quotaOf(service: string, code: string): Quota {
  const quota = QUOTAS.find((each) => each.service === service && each.code === code);
  if (!quota)
    throw new AwsError(
      'NoSuchResourceException',
      'The request failed because the specified quota does not exist.',
    );
  return quota;
}

function describe(call: Call<QuotasState>, quota: Quota, value: number) {
  return {
    ServiceCode: quota.service,
    ServiceName: quota.serviceName,
    QuotaArn: `arn:aws:servicequotas:${call.region}:${call.account}:${quota.service}/${quota.code}`,
    QuotaCode: quota.code,
    QuotaName: quota.name,
    Value: value,
    Unit: 'None',
    Adjustable: true,
    GlobalQuota: false,
    QuotaAppliedAtLevel: 'ACCOUNT',
  };
}

function applied(call: Call<QuotasState>, quota: Quota): number {
  return call.state.applied.get(`${quota.service}/${quota.code}`) ?? quota.value(call.region);
}

function ofService(service: string): Quota[] {
  const quotas = QUOTAS.filter((each) => each.service === service);
  if (quotas.length === 0)
    throw new AwsError(
      'NoSuchResourceException',
      'The request failed because the specified service does not exist.',
    );
  return quotas;
}

export const quotas: Service<QuotasState> = {
  id: 'servicequotas',
  signedAs: ['servicequotas'],
  wires: ['json'],
  target: 'ServiceQuotasV20190624',
  reach: 'region',
  empty: () => ({ applied: new Map() }),
  invalid: ({ message }) => new AwsError('IllegalArgumentException', message),
  denied: (message) => new AwsError('AccessDeniedException', message),
  operations: [
    op('GetServiceQuota', 'Read', struct({ ServiceCode, QuotaCode }), (call, input) => {
      const quota = quotaOf(input.ServiceCode, input.QuotaCode);
      return { Quota: describe(call, quota, applied(call, quota)) };
    }),
    op('ListServiceQuotas', 'Read', struct({ ServiceCode, ...paging }), (call, input) => ({
      Quotas: ofService(input.ServiceCode).map((quota) => describe(call, quota, applied(call, quota))),
    })),
    op('GetAWSDefaultServiceQuota', 'Read', struct({ ServiceCode, QuotaCode }), (call, input) => {
      const quota = quotaOf(input.ServiceCode, input.QuotaCode);
      return { Quota: describe(call, quota, quota.value(call.region)) };
    }),
    op('ListAWSDefaultServiceQuotas', 'Read', struct({ ServiceCode, ...paging }), (call, input) => ({
      Quotas: ofService(input.ServiceCode).map((quota) => describe(call, quota, quota.value(call.region))),
    })),
  ],
};

/** Gives an account another quota than AWS's default. */
export function setQuota(
  world: World,
  where: { account: string; region: string },
  service: string,
  code: string,
  value: number,
): void {
  world
    .state(quotas, where.account, where.region)
    .applied.set(`${quotaOf(service, code).service}/${code}`, value);
}
