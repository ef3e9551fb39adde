import { GetAccountSettingsCommand, LambdaClient } from '@aws-sdk/client-lambda';
import {
  GetAWSDefaultServiceQuotaCommand,
  GetServiceQuotaCommand,
  ServiceQuotasClient,
} from '@aws-sdk/client-service-quotas';
import type { Clients } from '../aws/clients.ts';
import { awsFailure } from '../aws/errors.ts';
import { messageOf } from '../runtime/errors.ts';

/** A limit of the account in the Region, or why it can't be read. */
export type Quota =
  /** `isDefault`: AWS's value for everybody; the account's own could not be read. */
  { value: number; isDefault: boolean } | { unreadable: string };

export interface Quotas {
  /** Calls a second, of all of the account's programs together. */
  detectLabels: Quota;
  /** vCPUs of all Fargate tasks that run at once, on demand and Spot. */
  fargateVcpus: Quota;
  fargateSpotVcpus: Quota;
  /** Domains of OpenSearch Service. */
  domains: Quota;
  /** Invocations of all of the account's functions that run at once. */
  lambdaConcurrency: Quota;
}

/** Service and code of each: `aws service-quotas list-service-quotas --service-code rekognition`. */
const CODES = {
  detectLabels: ['rekognition', 'L-E29B542B'],
  fargateVcpus: ['fargate', 'L-3032A538'],
  fargateSpotVcpus: ['fargate', 'L-36FBB829'],
  domains: ['es', 'L-076D529E'],
} as const;

/** Reads what limits a stack. Never throws: setup works without knowing its limits. */
export async function readQuotas(clients: Clients): Promise<Quotas> {
  const [detectLabels, fargateVcpus, fargateSpotVcpus, domains, lambdaConcurrency] = await Promise.all([
    readQuota(clients, 'detectLabels'),
    readQuota(clients, 'fargateVcpus'),
    readQuota(clients, 'fargateSpotVcpus'),
    readQuota(clients, 'domains'),
    readConcurrency(clients),
  ]);
  return { detectLabels, fargateVcpus, fargateSpotVcpus, domains, lambdaConcurrency };
}

/** One of the limits that Service Quotas knows. Never throws. */
export async function readQuota(clients: Clients, name: keyof typeof CODES): Promise<Quota> {
  const [ServiceCode, QuotaCode] = CODES[name];
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

/** Lambda itself tells more truly: new accounts have less than Service Quotas says. */
async function readConcurrency(clients: Clients): Promise<Quota> {
  const lambda = clients(LambdaClient);
  const own = await attempt(
    async () => (await lambda.send(new GetAccountSettingsCommand({}))).AccountLimit?.ConcurrentExecutions,
  );
  return 'value' in own ? { ...own, isDefault: false } : own;
}

async function attempt(
  read: () => Promise<number | undefined>,
): Promise<{ value: number } | { unreadable: string }> {
  try {
    const value = await read();
    return value === undefined ? { unreadable: 'AWS gave no value' } : { value };
  } catch (error) {
    return { unreadable: awsFailure(error)?.code ?? messageOf(error) };
  }
}
