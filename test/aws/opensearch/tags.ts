import { operations } from '../kernel/operation.ts';
import { inQuery, list, need, str, struct } from '../kernel/shape.ts';
import { arn, tagList } from './shapes.ts';
import { conflict, type Domain, invalid, type OpenSearchCall, type OpenSearchState } from './state.ts';

const op = operations<OpenSearchState>();
const aboutArn = { resource: ({ ARN }: { ARN: string }) => ARN };

/** `before` with more tags; at most 50, none of AWS's own. */
export function checkTags(
  before: ReadonlyMap<string, string>,
  given: readonly { Key: string; Value: string }[],
): Map<string, string> {
  const after = new Map([...before, ...given.map(({ Key, Value }) => [Key, Value] as const)]);
  if (given.some(({ Key }) => /^aws:/i.test(Key))) {
    throw invalid('Tag keys cannot start with the reserved prefix aws:');
  }
  if (after.size > 50) throw conflict('LimitExceededException', 'A domain can have at most 50 tags');
  return after;
}

function byArn(call: OpenSearchCall, given: string): Domain | undefined {
  return [...call.state.domains.values()].find((domain) => domain.arn === given);
}

function required(call: OpenSearchCall, given: string): Domain {
  const domain = byArn(call, given);
  if (!domain) throw invalid(`Domain not found: ${given}`);
  return domain;
}

export const tagOperations = [
  op(
    'AddTags',
    'Tagging',
    struct({ ARN: need(arn), TagList: need(tagList) }),
    (call, { ARN, TagList }) => {
      const domain = required(call, ARN);
      domain.tags = checkTags(domain.tags, TagList);
    },
    { http: 'POST /2021-01-01/tags', ...aboutArn },
  ),
  op(
    'ListTags',
    'Read',
    struct({ ARN: need(inQuery('arn', arn)) }),
    (call, { ARN }) => {
      const domain = byArn(call, ARN);
      if (!domain) throw conflict('ResourceNotFoundException', `Domain not found: ${ARN}`);
      return { TagList: [...domain.tags].map(([Key, Value]) => ({ Key, Value })) };
    },
    { http: 'GET /2021-01-01/tags', ...aboutArn },
  ),
  op(
    'RemoveTags',
    'Tagging',
    struct({ ARN: need(arn), TagKeys: need(list(str())) }),
    (call, { ARN, TagKeys }) => {
      for (const key of TagKeys) required(call, ARN).tags.delete(key);
    },
    { http: 'POST /2021-01-01/tags-removal', ...aboutArn },
  ),
];
