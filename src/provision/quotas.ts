import { GetAccountSettingsCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { Clients } from '../aws/clients.ts';
import { attempt, DETECT_LABELS_QUOTA, type Quota, type QuotaCode, readServiceQuota } from '../aws/quotas.ts';

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

const FARGATE: QuotaCode = ['fargate', 'L-3032A538'];
const FARGATE_SPOT: QuotaCode = ['fargate', 'L-36FBB829'];
const DOMAINS: QuotaCode = ['es', 'L-076D529E'];

/** Reads what limits a stack. Never throws: setup works without knowing its limits. */
export async function readQuotas(clients: Clients): Promise<Quotas> {
  const [detectLabels, fargateVcpus, fargateSpotVcpus, domains, lambdaConcurrency] = await Promise.all([
    readServiceQuota(clients, DETECT_LABELS_QUOTA),
    readServiceQuota(clients, FARGATE),
    readServiceQuota(clients, FARGATE_SPOT),
    readServiceQuota(clients, DOMAINS),
    readConcurrency(clients),
  ]);
  return { detectLabels, fargateVcpus, fargateSpotVcpus, domains, lambdaConcurrency };
}

/** Lambda itself tells more truly: new accounts have less than Service Quotas says. */
async function readConcurrency(clients: Clients): Promise<Quota> {
  const lambda = clients(LambdaClient);
  const own = await attempt(
    async () => (await lambda.send(new GetAccountSettingsCommand({}))).AccountLimit?.ConcurrentExecutions,
  );
  return 'value' in own ? { ...own, isDefault: false } : own;
}
