import { DescribeSecurityGroupsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { LambdaClient, ListEventSourceMappingsCommand } from '@aws-sdk/client-lambda';
import {
  GetResourcesCommand,
  ResourceGroupsTaggingAPIClient,
} from '@aws-sdk/client-resource-groups-tagging-api';
import { STACK_TAG } from '../stack/aws-spec.ts';
import type { Context } from './context.ts';
import type { Inspected } from './plan.ts';

/** Something that carries the stack's tag and is none of what a stack is made of. */
export interface Leftover {
  type: string;
  name: string;
  reason: string;
}

/**
 * What else carries the stack's tag: made by an older or newer rekback, or tagged by a person. AWS lists what is gone
 * for hours, so what was looked for by name and not found is left out, and what has no name of its own is looked for.
 */
export async function taggedLeftovers(context: Context, known: readonly Inspected[]): Promise<Leftover[]> {
  const { spec, clients } = context;
  const tagging = clients(ResourceGroupsTaggingAPIClient);
  const leftovers: Leftover[] = [];
  let PaginationToken: string | undefined;
  do {
    const page = await tagging.send(
      new GetResourcesCommand({
        TagFilters: [{ Key: STACK_TAG, Values: [spec.name] }],
        ...(PaginationToken && { PaginationToken }),
      }),
    );
    for (const { ResourceARN = '' } of page.ResourceTagMappingList ?? []) {
      if (isKnown(ResourceARN, context, known)) continue;
      const [, , type = '', , , ...name] = ResourceARN.split(':');
      if (await isGone(context, type, name.join(':'))) continue;
      leftovers.push({ type, name: name.join(':'), reason: `it carries the tag ${STACK_TAG}=${spec.name}` });
    }
    PaginationToken = page.PaginationToken;
  } while (PaginationToken);
  return leftovers;
}

/** ARNs end with the name, but for revisions of job definitions, and for what AWS named itself. */
function isKnown(arn: string, { outputs }: Context, known: readonly Inspected[]): boolean {
  const resource = arn.split(':').slice(5).join(':');
  const id = resource.replace(/^[a-z-]+[/:]/, '');
  const unrevised = id.replace(/:\d+$/, '');
  if (outputs.seen?.some((seen) => id === seen)) return true;
  return known.some(({ resource: { name } }) => name === id || name === unrevised || name === resource);
}

/** Whether something that AWS named itself is gone: an earlier setup's, whose name nobody remembers. */
async function isGone({ clients }: Context, type: string, name: string): Promise<boolean> {
  const [, kind = '', id = ''] = /^([a-z-]+)[/:](.+)$/.exec(name) ?? [];
  if (type === 'ec2' && kind === 'security-group') {
    const Filters = [{ Name: 'group-id', Values: [id] }];
    const { SecurityGroups = [] } = await clients(EC2Client).send(
      new DescribeSecurityGroupsCommand({ Filters }),
    );
    return SecurityGroups.length === 0;
  }
  if (type !== 'lambda' || kind !== 'event-source-mapping') return false;
  let Marker: string | undefined;
  do {
    const page = await clients(LambdaClient).send(new ListEventSourceMappingsCommand({ Marker }));
    if (page.EventSourceMappings?.some(({ UUID }) => UUID === id)) return false;
    ({ NextMarker: Marker } = page);
  } while (Marker);
  return true;
}
