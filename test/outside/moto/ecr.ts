import { MOTO_ACCOUNT } from './account.ts';
import { type Correction, isTarget, withJson, withText } from './exchange.ts';

interface Authorization {
  authorizationToken: string;
  expiresAt: number;
}

/** moto's token ran out in 2015. AWS: good for 12 hours, `AWS:` and a long password (API reference, GetAuthorizationToken). */
export function givesFreshTokens(): Correction {
  return async (request, next) => {
    const answer = await next(request);
    if (request.service !== 'ecr' || !isTarget(request, '.GetAuthorizationToken')) return answer;
    const authorizationToken = Buffer.from(`AWS:${'canary-token-'.repeat(150)}`).toString('base64');
    const expiresAt = Math.floor(Date.now() / 1000) + 12 * 3600;
    return withJson<{ authorizationData: Authorization[] }>(answer, ({ authorizationData }) => {
      for (const each of authorizationData) Object.assign(each, { authorizationToken, expiresAt });
    });
  };
}

/**
 * moto names the real registry, which no test may reach. With `registry` (`http://127.0.0.1:PORT`), the addresses of
 * repositories and the endpoint of tokens are there.
 */
export function pointsToRegistry(registry: string): Correction {
  const real = new RegExp(`(https://)?${MOTO_ACCOUNT}\\.dkr\\.ecr\\.[a-z0-9-]+\\.amazonaws\\.com`, 'g');
  return async (request, next) => {
    const answer = await next(request);
    if (request.service !== 'ecr') return answer;
    const text = answer.body
      .toString('utf8')
      .replaceAll(real, (_, scheme?: string) => (scheme ? registry : registry.replace(/^https?:\/\//, '')));
    return withText(answer, text);
  };
}
