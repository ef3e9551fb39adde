import { unknownPrincipals } from '../iam/reach.ts';
import { Http, operations } from '../kernel/operation.ts';
import { inPath, inQuery, need, str, struct } from '../kernel/shape.ts';
import { about } from './functions.ts';
import { FunctionName, Qualifier } from './shapes.ts';
import {
  conflict,
  functionNamed,
  invalidParameter,
  type LambdaFunction,
  type LambdaState,
  lambdaError,
  notFound,
} from './state.ts';

const op = operations<LambdaState>();

/** A function's resource policy as JSON; undefined when it has no statement. */
export function policyText({ policy }: LambdaFunction): string | undefined {
  if (policy.size === 0) return undefined;
  return JSON.stringify({ Version: '2012-10-17', Id: 'default', Statement: [...policy.values()] });
}

/** Bytes of a resource policy (Lambda quotas). */
const POLICY_BYTES = 20_480;

function checkRevision(found: LambdaFunction, revision: string | undefined): void {
  if (revision !== undefined && revision !== found.revision) {
    throw lambdaError(
      'PreconditionFailedException',
      412,
      'The Revision Id provided does not match the latest Revision Id.',
    );
  }
}

export const permissionOperations = [
  op(
    'AddPermission',
    'Permissions management',
    struct({
      FunctionName,
      Qualifier,
      StatementId: need(str({ min: 1, max: 100, pattern: /^[a-zA-Z0-9-_]+$/ })),
      Action: need(str({ pattern: /^(lambda:[*]|lambda:[a-zA-Z]+|[*])$/ })),
      Principal: need(str({ max: 2048, pattern: /^[^\s]+$/ })),
      SourceArn: str({ pattern: /^arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9-])+:([a-z0-9-]+)?:(\d{12})?:(.*)$/ }),
      SourceAccount: str({ pattern: /^\d{12}$/ }),
      RevisionId: str(),
    }),
    (call, input) => {
      const found = functionNamed(call, input.FunctionName);
      checkRevision(found, input.RevisionId);
      const { StatementId, Action, Principal: principal, SourceArn, SourceAccount } = input;
      if (found.policy.has(StatementId)) {
        throw conflict(
          `The statement id (${StatementId}) provided already exists. Please provide a new statement id, or remove the existing statement.`,
        );
      }
      if (unknownPrincipals(call.world, /^arn:/.test(principal) ? [principal] : []).length > 0) {
        throw invalidParameter(
          'The provided principal was invalid. Please check the principal and try again.',
        );
      }
      const statement = {
        Sid: StatementId,
        Effect: 'Allow' as const,
        Principal: principalOf(principal),
        Action,
        Resource: found.arn,
        ...((SourceArn ?? SourceAccount) !== undefined && {
          Condition: {
            ...(SourceAccount !== undefined && { StringEquals: { 'AWS:SourceAccount': SourceAccount } }),
            ...(SourceArn !== undefined && { ArnLike: { 'AWS:SourceArn': SourceArn } }),
          },
        }),
      };
      found.policy.set(StatementId, statement);
      if ((policyText(found) ?? '').length > POLICY_BYTES) {
        found.policy.delete(StatementId);
        throw lambdaError(
          'PolicyLengthExceededException',
          400,
          'The final policy size is bigger than the limit (20480).',
        );
      }
      found.revision = call.world.ids.uuid();
      return new Http({
        status: 201,
        document: { root: '', value: { Statement: JSON.stringify(statement) } },
      });
    },
    { http: 'POST /2015-03-31/functions/{FunctionName}/policy', ...about },
  ),
  op(
    'RemovePermission',
    'Permissions management',
    struct({
      FunctionName,
      StatementId: inPath(str({ min: 1, max: 100, pattern: /^[a-zA-Z0-9-_.]+$/ })),
      Qualifier,
      RevisionId: inQuery('RevisionId', str()),
    }),
    (call, input) => {
      const found = functionNamed(call, input.FunctionName);
      checkRevision(found, input.RevisionId);
      if (!found.policy.delete(input.StatementId)) {
        throw notFound(`Statement ${input.StatementId} is not found in resource policy.`);
      }
      found.revision = call.world.ids.uuid();
      return new Http({ status: 204 });
    },
    { http: 'DELETE /2015-03-31/functions/{FunctionName}/policy/{StatementId}', ...about },
  ),
  op(
    'GetPolicy',
    'Read',
    struct({ FunctionName, Qualifier }),
    (call, input) => {
      const found = functionNamed(call, input.FunctionName);
      const Policy = policyText(found);
      if (Policy === undefined) throw notFound('The resource you requested does not exist.');
      return { Policy, RevisionId: found.revision };
    },
    { http: 'GET /2015-03-31/functions/{FunctionName}/policy', ...about },
  ),
];

function principalOf(principal: string): '*' | Record<string, string> {
  if (principal === '*') return '*';
  if (/^\d{12}$/.test(principal)) return { AWS: `arn:aws:iam::${principal}:root` };
  return principal.startsWith('arn:') ? { AWS: principal } : { Service: principal };
}
