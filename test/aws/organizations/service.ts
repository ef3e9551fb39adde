import { AwsError } from '../kernel/errors.ts';
import { type Call, operations, type Service } from '../kernel/operation.ts';
import { need, str, struct } from '../kernel/shape.ts';
import { type OrganizationsState, organizationOf } from './state.ts';

const op = operations<OrganizationsState>();

function notInUse(): AwsError {
  return new AwsError(
    'AWSOrganizationsNotInUseException',
    'Your account is not a member of an organization.',
  );
}

function required(call: Call<OrganizationsState>) {
  const organization = organizationOf(call.state, call.account);
  if (!organization) throw notInUse();
  return organization;
}

export const organizations: Service<OrganizationsState> = {
  id: 'organizations',
  signedAs: ['organizations'],
  wires: ['json'],
  target: 'AWSOrganizationsV20161128',
  reach: 'world',
  empty: () => ({ _organizations: [] }),
  invalid: ({ message }) => new AwsError('InvalidInputException', message),
  denied: (message) => new AwsError('AccessDeniedException', message),
  throttled: () => new AwsError('TooManyRequestsException', 'Rate exceeded'),
  operations: [
    op('DescribeOrganization', 'Read', struct({}), (call) => {
      const { id, management } = required(call);
      const arn = `arn:aws:organizations::${management}`;
      return {
        Organization: {
          Id: id,
          Arn: `${arn}:organization/${id}`,
          FeatureSet: 'ALL',
          MasterAccountArn: `${arn}:account/${id}/${management}`,
          MasterAccountId: management,
          MasterAccountEmail: 'owner@example.com',
          AvailablePolicyTypes: [],
        },
      };
    }),
    op(
      'DescribeEffectivePolicy',
      'Read',
      struct({
        PolicyType: need(str({ oneOf: ['AISERVICES_OPT_OUT_POLICY'] })),
        TargetId: str({ max: 100, pattern: /^(r-[0-9a-z]{4,32}|\d{12}|ou-[0-9a-z]{4,32}-[a-z0-9]{8,32})$/ }),
      }),
      (call, { PolicyType, TargetId: target = call.account }) => {
        const organization = required(call);
        const mayAsk = organization.readers.includes(call.account);
        if (!mayAsk || (target !== call.account && call.account !== organization.management)) {
          throw new AwsError('AccessDeniedException', "You don't have permissions to access this resource.");
        }
        if (target !== organization.management && !organization.members.includes(target)) {
          throw new AwsError('TargetNotFoundException', "You specified a target that doesn't exist.");
        }
        if (organization.aiOptOut === undefined) {
          throw new AwsError(
            'EffectivePolicyNotFoundException',
            "If you ran this action on the management account, this policy type isn't enabled. If you ran the action on a member account, the account doesn't have an effective policy of this type.",
          );
        }
        return {
          EffectivePolicy: {
            PolicyContent: organization.aiOptOut,
            LastUpdatedTimestamp: call.now(),
            TargetId: target,
            PolicyType,
          },
        };
      },
    ),
  ],
};
