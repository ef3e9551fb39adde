import { roleByArn } from '../iam/reach.ts';
import { AwsError } from '../kernel/errors.ts';
import { operations, type Service } from '../kernel/operation.ts';
import { allows, parsePolicy } from '../kernel/policy.ts';
import { int, list, need, str, struct, tag } from '../kernel/shape.ts';

type StsState = Record<string, never>;
const op = operations<StsState>();

/** STS keeps nothing: its keys are the kernel's principals. */
export const sts: Service<StsState> = {
  id: 'sts',
  signedAs: ['sts'],
  wires: ['query'],
  xmlns: 'https://sts.amazonaws.com/doc/2011-06-15/',
  reach: 'account',
  empty: () => ({}),
  invalid: ({ message }) => new AwsError('ValidationError', message),
  denied: (message) => new AwsError('AccessDenied', message, { status: 403 }),
  throttled: () => new AwsError('Throttling', 'Rate exceeded'),
  operations: [
    op('GetCallerIdentity', 'Read', struct({}), ({ principal }) => ({
      UserId: principal.userId,
      Account: principal.account,
      Arn: principal.arn,
    })),
    op(
      'AssumeRole',
      'Write',
      struct({
        RoleArn: need(str({ min: 20, max: 2048 })),
        RoleSessionName: need(str({ min: 2, max: 64, pattern: /^[\w+=,.@-]*$/ })),
        DurationSeconds: int(900, 43_200),
        ExternalId: str({ min: 2, max: 1224 }),
        Policy: str({ min: 1 }),
        Tags: list(tag(), { max: 50 }),
      }),
      (call, { RoleArn, RoleSessionName, DurationSeconds = 3600, ExternalId }) => {
        const { world, principal } = call;
        const role = roleByArn(world, RoleArn);
        const trusted =
          role &&
          world.clock.now() >= role._propagatedAt &&
          allows(parsePolicy(role.trust, 'trust'), {
            principal: { kind: 'AWS', value: principal.role ?? principal.arn },
            action: 'sts:AssumeRole',
            resource: RoleArn,
            context: {
              ...(ExternalId !== undefined && { 'sts:ExternalId': ExternalId }),
              'aws:PrincipalAccount': principal.account,
            },
          });
        if (!role || !trusted) {
          throw sts.denied(
            `User: ${principal.arn} is not authorized to perform: sts:AssumeRole on resource: ${RoleArn}`,
          );
        }
        if (DurationSeconds > role.maxSession) {
          throw new AwsError(
            'ValidationError',
            'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
          );
        }
        const account = RoleArn.split(':')[4] ?? '';
        const assumed = {
          account,
          arn: `arn:aws:sts::${account}:assumed-role/${role.name}/${RoleSessionName}`,
          userId: `${role.id}:${RoleSessionName}`,
          role: RoleArn,
        };
        const keys = world.principals.temporary(
          assumed,
          new Date(world.clock.now() + DurationSeconds * 1000),
        );
        return {
          Credentials: {
            AccessKeyId: keys.accessKeyId,
            SecretAccessKey: keys.secretAccessKey,
            SessionToken: keys.sessionToken,
            Expiration: keys.expiration,
          },
          AssumedRoleUser: { AssumedRoleId: assumed.userId, Arn: assumed.arn },
        };
      },
      // IAM lists AssumeRole as Write, but nothing that a customer could see is changed by it.
      { mutating: false, resource: ({ RoleArn }) => RoleArn },
    ),
  ],
};
