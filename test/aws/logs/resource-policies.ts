import { AwsError } from '../kernel/errors.ts';
import { operations } from '../kernel/operation.ts';
import { PolicyError, parsePolicy } from '../kernel/policy.ts';
import { need, str, struct } from '../kernel/shape.ts';
import { type LogsState, paging } from './state.ts';

const op = operations<LogsState>();
const policyName = need(str());

/** What lets other services write: policies of the account, not of a group. */
export const resourcePolicyOperations = [
  op(
    'PutResourcePolicy',
    'Permissions management',
    struct({ policyName, policyDocument: need(str({ min: 1, max: 5120 })) }),
    (call, { policyName: name, policyDocument: document }) => {
      const { resourcePolicies } = call.state;
      try {
        parsePolicy(document, 'resource');
      } catch (error) {
        if (error instanceof PolicyError) throw new AwsError('InvalidParameterException', error.message);
        throw error;
      }
      if (!resourcePolicies.has(name) && resourcePolicies.size >= 10) {
        throw new AwsError('LimitExceededException', 'Resource limit exceeded.');
      }
      resourcePolicies.set(name, { document, updated: call.now() });
      return {
        resourcePolicy: { policyName: name, policyDocument: document, lastUpdatedTime: call.now().getTime() },
      };
    },
  ),
  op('DescribeResourcePolicies', 'List', struct(paging), (call) => ({
    resourcePolicies: [...call.state.resourcePolicies].map(([name, { document, updated }]) => ({
      policyName: name,
      policyDocument: document,
      lastUpdatedTime: updated.getTime(),
    })),
  })),
  op('DeleteResourcePolicy', 'Permissions management', struct({ policyName }), (call, input) => {
    if (!call.state.resourcePolicies.delete(input.policyName)) {
      throw new AwsError(
        'ResourceNotFoundException',
        `Policy with name [${input.policyName}] does not exist.`,
      );
    }
  }),
];
