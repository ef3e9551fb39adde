import type { Quota } from '../../aws/quotas.ts';
import type { Session } from '../../aws/session.ts';
import type { AwsOptions } from '../../stack/aws-spec.ts';
import { readQuotas } from '../quotas.ts';
import { type Check, ok, problem, warning } from './check.ts';

type Limited = Pick<AwsOptions, 'compute' | 'maxVcpus' | 'indexEndpoint'>;

/** What a stack is set up with unless something else is said. */
const DEFAULTS: Limited = { compute: 'fargate-spot', maxVcpus: 4 };

/** A planner has one vCPU, on demand in any case. */
const PLANNER_VCPUS = 1;

/** New accounts have 10 for all their functions together. */
const FEW_INVOCATIONS = 10;

/** What the account's quotas mean for a stack. */
export async function checkQuotas({ clients }: Session, stack: Limited = DEFAULTS): Promise<Check[]> {
  const { detectLabels, fargateVcpus, fargateSpotVcpus, domains, lambdaConcurrency } =
    await readQuotas(clients);
  const isSpot = stack.compute === 'fargate-spot';
  return [
    check('quota-detect-labels', detectLabels, labelCheck),
    check('quota-fargate', fargateVcpus, (vcpus) =>
      vcpuCheck(
        'quota-fargate',
        vcpus,
        isSpot ? PLANNER_VCPUS : stack.maxVcpus + PLANNER_VCPUS,
        'L-3032A538',
      ),
    ),
    ...(isSpot
      ? [
          check('quota-fargate-spot', fargateSpotVcpus, (vcpus) =>
            vcpuCheck('quota-fargate-spot', vcpus, stack.maxVcpus, 'L-36FBB829'),
          ),
        ]
      : []),
    check('quota-lambda', lambdaConcurrency, concurrencyCheck),
    ...(stack.indexEndpoint === undefined ? [check('quota-domains', domains, domainCheck)] : []),
  ];
}

function check(name: string, quota: Quota, judge: (value: number) => Check): Check {
  if ('unreadable' in quota) {
    return warning(name, `can't be read: ${quota.unreadable}`, [
      'look at it in the console: https://console.aws.amazon.com/servicequotas/',
    ]);
  }
  const judged = judge(quota.value);
  return quota.isDefault
    ? { ...judged, message: `${judged.message} (AWS's default; the account may have another)` }
    : judged;
}

const raise = (service: string, code: string, value: number) =>
  `ask for more: aws service-quotas request-service-quota-increase --service-code ${service} --quota-code ${code} --desired-value ${value}`;

function labelCheck(perSecond: number): Check {
  const name = 'quota-detect-labels';
  const more = raise('rekognition', 'L-E29B542B', Math.max(50, perSecond * 2));
  if (perSecond <= 0) return problem(name, 'no DetectLabels call is allowed', [more]);
  const hours = Math.round((1_000_000 / perSecond / 3600) * 10) / 10;
  return ok(name, `${perSecond} DetectLabels calls a second: a million images take ${hours} hours`, [more]);
}

function vcpuCheck(name: string, vcpus: number, wanted: number, code: string): Check {
  const message = `${vcpus} Fargate vCPUs at once, of which a stack uses up to ${wanted}`;
  if (vcpus <= 0) return problem(name, message, [raise('fargate', code, wanted)]);
  if (vcpus >= wanted) return ok(name, message);
  return warning(name, `${message}: jobs wait for each other`, [
    raise('fargate', code, wanted),
    `or set up with --max-vcpus ${Math.floor(vcpus)}`,
  ]);
}

function concurrencyCheck(invocations: number): Check {
  const name = 'quota-lambda';
  const message = `${invocations} invocations at once, of all functions together`;
  if (invocations > FEW_INVOCATIONS) return ok(name, message);
  return warning(name, `${message}: a flood of changed images can hold up other functions`, [
    raise('lambda', 'L-B99A9384', 1000),
  ]);
}

function domainCheck(domains: number): Check {
  const name = 'quota-domains';
  const message = `${domains} OpenSearch domains in this Region, of which a stack has one`;
  return domains >= 1 ? ok(name, message) : problem(name, message, [raise('es', 'L-076D529E', 10)]);
}
