import type { Context } from '../../src/provision/context.ts';
import { batch } from '../aws/batch/service.ts';
import { ec2 } from '../aws/ec2/service.ts';
import { ecr } from '../aws/ecr/service.ts';
import { events } from '../aws/events/service.ts';
import { iam } from '../aws/iam/service.ts';
import type { World } from '../aws/kernel/world.ts';
import { lambda } from '../aws/lambda/service.ts';
import { logs } from '../aws/logs/service.ts';
import { opensearch } from '../aws/opensearch/service.ts';
import { s3 } from '../aws/s3/service.ts';
import { sqs } from '../aws/sqs/service.ts';

/** The tags of a stack's resource, given as `type name`, to be changed as by anybody. Undefined for a kind that can't carry any. */
export function tagsInDouble(
  world: World,
  { spec: { account, region } }: Context,
  key: string,
): Map<string, string> | undefined {
  const [type, name = ''] = key.split(' ');
  const held = {
    batch: world.state(batch, account, region),
    ec2: world.state(ec2, account, region),
    lambda: world.state(lambda, account, region),
  };
  switch (type) {
    case 'bucket':
      return world.state(s3, account, region).buckets.get(name)?.tags;
    case 'log-group':
      return world.state(logs, account, region).groups.get(name)?.tags;
    case 'queue':
      return world.state(sqs, account, region).queues.get(name)?.tags;
    case 'role':
      return world.state(iam, account, '').roles.get(name)?.latest()?.tags;
    case 'repository':
      return world.state(ecr, account, region).repositories.get(name)?.tags;
    case 'security-group': {
      const group = [...held.ec2.groups.values()].find((each) => each.name === name);
      return held.ec2.tags.get(group?.id ?? '');
    }
    case 'compute-environment':
      return held.batch.environments.get(name)?.tags;
    case 'job-queue':
      return held.batch.queues.get(name)?.tags;
    case 'job-definition':
      return held.batch.definitions.get(name)?.at(-1)?.tags;
    case 'function':
      return held.lambda.functions.get(name)?.tags;
    case 'event-source-mapping':
      return [...held.lambda.mappings.values()].find(({ functionArn }) => functionArn.endsWith(`:${name}`))
        ?.tags;
    case 'rule':
      return world.state(events, account, region).rules.get(name)?.tags;
    case 'domain':
      return world.state(opensearch, account, region).domains.get(name)?.tags;
    default:
      return undefined;
  }
}
