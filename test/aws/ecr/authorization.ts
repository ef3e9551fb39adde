import { AwsError } from '../kernel/errors.ts';
import { operations } from '../kernel/operation.ts';
import type { Request } from '../kernel/protocols/wire.ts';
import { list, struct } from '../kernel/shape.ts';
import type { World } from '../kernel/world.ts';
import { ecr } from './service.ts';
import { type EcrState, registryId, type Token } from './state.ts';

const op = operations<EcrState>();
/** How long a token is good for (API reference of GetAuthorizationToken). */
const TWELVE_HOURS = 12 * 3_600_000;

export const authorizationOperations = [
  op(
    'GetAuthorizationToken',
    'Read',
    struct({ registryIds: list(registryId, { min: 1, max: 10 }) }),
    (call, { registryIds = [call.account] }) => {
      // As long as ECR's: longer than the 256 characters that some registries take.
      const password = call.world.ids.make('', 'word', 1800);
      const expires = new Date(call.world.clock.now() + TWELVE_HOURS);
      const { principal, account, region } = call;
      call.state._tokens.set(password, { principal, account, region, expires });
      return {
        authorizationData: registryIds.map(() => ({
          authorizationToken: Buffer.from(`AWS:${password}`).toString('base64'),
          expiresAt: expires,
          proxyEndpoint: call.origin,
        })),
      };
    },
  ),
];

/** Whom the password of a request stands for, and in which account and Region; throws the registry's refusals. */
export function authorize(world: World, request: Request): Omit<Token, 'expires'> {
  const direct = /^\/v2\/-\/(\d{12})\/([a-z0-9-]+)\//.exec(decodeURIComponent(request.path));
  if (direct) {
    const [, account = '', region = ''] = direct;
    return { account, region, principal: { account, arn: 'anonymous', userId: 'anonymous' } };
  }
  const basic = /^Basic (.+)$/i.exec(request.headers.authorization ?? '')?.[1] ?? '';
  const [user, password = ''] = Buffer.from(basic, 'base64').toString().split(':');
  const states = world.store.all(ecr);
  const token = states.map((state) => state._tokens.get(password)).find((each) => each !== undefined);
  if (user !== 'AWS' || !token) {
    throw new AwsError('UNAUTHORIZED', 'Not Authorized', {
      status: 401,
      headers: {
        'www-authenticate': `Basic realm="http://${request.headers.host}/",service="ecr.amazonaws.com"`,
      },
    });
  }
  if (token.expires <= world.clock.date()) {
    throw new AwsError('DENIED', 'Your authorization token has expired. Reauthenticate and try again.', {
      status: 403,
    });
  }
  return token;
}
