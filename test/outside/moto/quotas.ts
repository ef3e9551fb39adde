import { bodyOf, type Correction, isTarget, jsonAnswer, jsonError } from './exchange.ts';

const DETECT_LABELS =
  'Transactions per second per account for the Amazon Rekognition Image operation DetectLabels';

/** Quotas that moto does not have, with the values of new accounts in big Regions. Codes: Service Quotas' console. */
const QUOTAS = [
  quota('rekognition', 'Amazon Rekognition', 'L-E29B542B', 50, DETECT_LABELS),
  quota('fargate', 'AWS Fargate', 'L-3032A538', 6, 'Fargate On-Demand vCPU resource count'),
  quota('fargate', 'AWS Fargate', 'L-36FBB829', 6, 'Fargate Spot vCPU resource count'),
  quota('lambda', 'AWS Lambda', 'L-B99A9384', 1000, 'Concurrent executions'),
  quota('es', 'Amazon OpenSearch Service', 'L-076D529E', 100, 'Domains per Region'),
];

function quota(
  ServiceCode: string,
  ServiceName: string,
  QuotaCode: string,
  Value: number,
  QuotaName: string,
) {
  const QuotaArn = `arn:aws:servicequotas:eu-west-1:123456789012:${ServiceCode}/${QuotaCode}`;
  const rest = { Unit: 'None', Adjustable: true, GlobalQuota: false };
  return { ServiceCode, ServiceName, QuotaArn, QuotaCode, QuotaName, Value, ...rest };
}

/**
 * moto knows the quotas of VPC only, and no defaults of any other. AWS: every quota of every service (Service Quotas API
 * reference).
 */
export function knowsQuotas(): Correction {
  return async (request, next) => {
    const one = isTarget(request, '.GetServiceQuota') || isTarget(request, '.GetAWSDefaultServiceQuota');
    const all = isTarget(request, '.ListServiceQuotas') || isTarget(request, '.ListAWSDefaultServiceQuotas');
    if (request.service !== 'servicequotas' || !(one || all)) return await next(request);
    const { ServiceCode, QuotaCode } = bodyOf<{ ServiceCode: string; QuotaCode?: string }>(request);
    const quotas = QUOTAS.filter((each) => each.ServiceCode === ServiceCode);
    if (quotas.length === 0) return await next(request);
    if (all) return jsonAnswer({ Quotas: quotas });
    const found = quotas.find((each) => each.QuotaCode === QuotaCode);
    if (found) return jsonAnswer({ Quota: found });
    const message = 'The request failed because the specified quota does not exist.';
    return jsonError('NoSuchResourceException', message);
  };
}
