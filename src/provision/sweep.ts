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
 * for hours, so what was looked for by name and not found is left out.
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
