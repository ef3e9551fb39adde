import { operations } from '../kernel/operation.ts';
import { inPath, inQuery, list, need, str, struct } from '../kernel/shape.ts';
import { tags } from './shapes.ts';
import { type BatchCall, type BatchState, clientException } from './state.ts';

const op = operations<BatchState>();
const resourceArn = inPath(str());
const about = { resource: ({ resourceArn: arn }: { resourceArn: string }) => arn };

/** The tags of an environment, a queue, a job definition or a job. */
function tagsOf({ state }: BatchCall, arn: string): Map<string, string> {
  const { environments, queues, definitions, _jobs: jobs } = state;
  const all = [...environments.values(), ...queues.values(), ...[...definitions.values()].flat()];
  const found = all.find((each) => each.arn === arn) ?? jobs.get(arn.split('/').at(-1) ?? '');
  if (found?.arn !== arn) throw clientException(`Resource ${arn} does not exist`);
  return found.tags;
}

export const tagOperations = [
  op(
    'TagResource',
    'Tagging',
    struct({ resourceArn, tags: need(tags) }),
    (call, { resourceArn: arn, tags: given }) => {
      const there = tagsOf(call, arn);
      const all = new Map([...there, ...Object.entries(given)]);
      if (all.size > 50) throw clientException('A resource can have at most 50 tags');
      for (const [key, value] of all) there.set(key, value);
      return {};
    },
    { http: 'POST /v1/tags/{resourceArn}', ...about },
  ),
  op(
    'UntagResource',
    'Tagging',
    struct({
      resourceArn,
      tagKeys: need(inQuery('tagKeys', list(str({ min: 1, max: 128 }), { min: 1, max: 50, flat: true }))),
    }),
    (call, { resourceArn: arn, tagKeys }) => {
      const there = tagsOf(call, arn);
      for (const key of tagKeys) there.delete(key);
      return {};
    },
    { http: 'DELETE /v1/tags/{resourceArn}', ...about },
  ),
  op(
    'ListTagsForResource',
    'Read',
    struct({ resourceArn }),
    (call, { resourceArn: arn }) => ({ tags: Object.fromEntries(tagsOf(call, arn)) }),
    { http: 'GET /v1/tags/{resourceArn}', ...about },
  ),
];
