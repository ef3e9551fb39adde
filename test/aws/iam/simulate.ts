import { operations } from '../kernel/operation.ts';
import { int, list, need, str, struct } from '../kernel/shape.ts';
import { type IamCall, type IamState, noSuchEntity } from './state.ts';

const op = operations<IamState>();
const arn = str({ min: 1, max: 2048 });

/** Asks the world itself, so that whatever a test denies is denied here too; documents are not looked at. */
export const simulateOperations = [
  op(
    'SimulatePrincipalPolicy',
    'Read',
    struct({
      PolicySourceArn: need(str({ min: 20, max: 2048 })),
      ActionNames: need(list(str({ min: 3, max: 128 }))),
      ResourceArns: list(arn),
      ContextEntries: list(
        struct({
          ContextKeyName: str({ min: 5, max: 256 }),
          ContextKeyValues: list(str()),
          ContextKeyType: str({ oneOf: ['string', 'stringList'] }),
        }),
      ),
      MaxItems: int(1, 1000),
      Marker: str(),
    }),
    (call, { PolicySourceArn, ActionNames, ResourceArns = ['*'] }) => {
      const principal = principalOf(call, PolicySourceArn);
      const decide = (action: string, resource: string) => {
        const verdict = call.world.permits(principal, action, resource);
        return verdict === true
          ? 'allowed'
          : verdict.includes('explicit deny')
            ? 'explicitDeny'
            : 'implicitDeny';
      };
      return {
        IsTruncated: false,
        EvaluationResults: ActionNames.map((action) => {
          const each = ResourceArns.map((resource) => ({
            EvalResourceName: resource,
            EvalResourceDecision: decide(action, resource),
          }));
          const refused = each.find(({ EvalResourceDecision }) => EvalResourceDecision !== 'allowed');
          return {
            EvalActionName: action,
            EvalResourceName: ResourceArns[0],
            EvalDecision: refused?.EvalResourceDecision ?? 'allowed',
            ...(ResourceArns.length > 1 && { ResourceSpecificResults: each }),
          };
        }),
      };
    },
    { resource: ({ PolicySourceArn }) => PolicySourceArn },
  ),
];

/** A user, who is never in the double, or a role, which must be. */
function principalOf({ state, account }: IamCall, source: string) {
  const [, kind, name = ''] =
    new RegExp(`^arn:aws:iam::${account}:(user|role)/(?:.*/)?([^/]+)$`).exec(source) ?? [];
  if (kind === 'user') return { account, arn: source, userId: '' };
  if (kind === 'role' && state.roles.get(name)?.latest()?.arn === source) {
    return { account, arn: source, userId: '', role: source };
  }
  throw noSuchEntity(`The entity ${source} cannot be found.`);
}
