import { type Correction, withBody, withText } from './exchange.ts';

/** Service-linked roles: AWS' names (each service's user guide), moto's names. */
const LINKED_ROLES = [
  ['AWSServiceRoleForBatch', 'AWSServiceRoleForbatch'],
  ['AWSServiceRoleForAmazonOpenSearchService', 'AWSServiceRoleForopensearchservice'],
] as const;

/** moto makes a service-linked role's name from that of the service. AWS: every service has its own. */
export function namesLinkedRoles(): Correction {
  return async (request, next) => {
    if (request.service !== 'iam' && request.service !== 'batch') return await next(request);
    const body = LINKED_ROLES.reduce((text, [aws, moto]) => text.replaceAll(aws, moto), request.body);
    const answer = await next(withBody(request, body));
    const text = LINKED_ROLES.reduce(
      (text, [aws, moto]) => text.replaceAll(moto, aws),
      answer.body.toString('utf8'),
    );
    return withText(answer, text);
  };
}

/**
 * moto answers trust policies percent-encoded where it is asked for a role, and as plain text in lists and in instance
 * profiles. AWS: always percent-encoded (API reference, Role).
 */
export function encodesTrustPolicies(): Correction {
  return async (request, next) => {
    const answer = await next(request);
    if (request.service !== 'iam') return answer;
    const text = answer.body
      .toString('utf8')
      .replaceAll(
        /<AssumeRolePolicyDocument>([^<%]*)<\/AssumeRolePolicyDocument>/g,
        (_, plain: string) =>
          `<AssumeRolePolicyDocument>${encodeURIComponent(unescaped(plain))}</AssumeRolePolicyDocument>`,
      );
    return withText(answer, text);
  };
}

function unescaped(xml: string): string {
  return xml
    .replaceAll('&quot;', '"')
    .replaceAll('&#34;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
