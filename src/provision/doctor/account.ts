import { GetRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import { DescribeEffectivePolicyCommand, OrganizationsClient } from '@aws-sdk/client-organizations';
import { ifThere, isAwsError } from '../../aws/errors.ts';
import type { Session } from '../../aws/session.ts';
import { type Check, ok } from './check.ts';

const BATCH_ROLE = 'AWSServiceRoleForBatch';

/** The role that Batch works with in the account. Batch makes it itself, for who has the right to. */
export async function checkLinkedRole({ clients }: Session): Promise<Check[]> {
  const found = await ifThere(clients(IAMClient).send(new GetRoleCommand({ RoleName: BATCH_ROLE })));
  return [
    found === undefined
      ? ok(
          'service-linked-role',
          `${BATCH_ROLE} is not there yet; Batch makes it at setup, which needs iam:CreateServiceLinkedRole`,
        )
      : ok('service-linked-role', `${BATCH_ROLE} is there`),
  ];
}

const OPT_OUT_PAGE =
  'https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_ai-opt-out.html';

/** Whether AWS may keep images that Rekognition sees, to improve its services. A decision of the account's owner. */
export async function checkOptOut({ clients }: Session): Promise<Check[]> {
  const say = (message: string) => [ok('ai-opt-out', message, [`how to opt out: ${OPT_OUT_PAGE}`])];
  const mayUse = 'AWS may use images that Rekognition sees to improve its services';
  try {
    const { EffectivePolicy } = await clients(OrganizationsClient).send(
      new DescribeEffectivePolicyCommand({ PolicyType: 'AISERVICES_OPT_OUT_POLICY' }),
    );
    if (isOptedOut(EffectivePolicy?.PolicyContent)) {
      return [
        ok(
          'ai-opt-out',
          'your organisation has opted out: AWS does not use your images to improve Rekognition',
        ),
      ];
    }
    return say(`your organisation has not opted out for Rekognition: ${mayUse}`);
  } catch (error) {
    if (isAwsError(error, 'EffectivePolicyNotFoundException')) {
      return say(`your organisation has no opt-out policy: ${mayUse}`);
    }
    if (isAwsError(error, 'AWSOrganizationsNotInUseException')) {
      return say(`the account is in no organisation, and only an organisation can opt out: ${mayUse}`);
    }
    if (isAwsError(error, 'AccessDeniedException', 'AccessDenied')) {
      return say(`whether your organisation has opted out can't be read here; unless it has, ${mayUse}`);
    }
    throw error;
  }
}

/** `{"services":{"default":{"opt_out_policy":"optOut"}}}`; a service's own entry wins over `default`. */
function isOptedOut(text = '{}'): boolean {
  const { services } = JSON.parse(text) as { services?: Record<string, { opt_out_policy?: string }> };
  return (services?.rekognition ?? services?.default)?.opt_out_policy === 'optOut';
}
