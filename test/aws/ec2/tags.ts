import { operations } from '../kernel/operation.ts';
import { bool, int, list, need, str, struct } from '../kernel/shape.ts';
import { described, filtered, paged } from './filters.ts';
import {
  arnOf,
  type Ec2Call,
  type Ec2State,
  ec2Error,
  endDryRun,
  groupsOf,
  invalidValue,
  kindOf,
  networkOf,
  tagsOf,
} from './state.ts';

const op = operations<Ec2State>();
const tag = struct({ Key: str(), Value: str() });

/** `TagSpecification.N`: tags for what a call makes. */
export const tagSpecification = list(struct({ ResourceType: need(str()), Tag: list(tag, { flat: true }) }), {
  flat: true,
});
type Tags = readonly { Key?: string | undefined; Value?: string | undefined }[];

function checked(tags: Tags): [string, string][] {
  const keys = tags.map(({ Key }) => Key ?? '');
  const twice = keys.find((key, index) => keys.indexOf(key) !== index);
  if (twice !== undefined) throw invalidValue(`Duplicate tag key '${twice}' specified.`);
  return tags.map(({ Key: key = '', Value: value = '' }) => {
    if (key === '') throw invalidValue('Tag keys must be non-empty');
    // `aws:` is reserved whatever its case.
    if (/^aws:/i.test(key)) throw invalidValue("Tag keys starting with 'aws:' are reserved for internal use");
    if (key.length > 127) throw invalidValue('Tag key exceeds the maximum length of 127 characters');
    if (value.length > 256) throw invalidValue('Tag value exceeds the maximum length of 256 characters');
    return [key, value];
  });
}

/** Tags for a new resource of this kind; asks for `ec2:CreateTags` too, as EC2 does. */
export function tagsFor(
  call: Ec2Call,
  specifications: readonly { ResourceType: string; Tag?: Tags | undefined }[] = [],
  kind: string,
): [string, string][] {
  const other = specifications.find(({ ResourceType: type }) => type !== kind);
  if (other) {
    throw invalidValue(`'${other.ResourceType}' is not a valid taggable resource type for this operation.`);
  }
  const tags = checked(specifications.flatMap(({ Tag = [] }) => Tag));
  if (tags.length > 0) {
    const resource = `arn:aws:ec2:${call.region}:${call.account}:${kind}/*`;
    const permitted = call.world.permits(call.principal, 'ec2:CreateTags', resource);
    if (permitted !== true)
      throw ec2Error(
        'UnauthorizedOperation',
        `You are not authorized to perform this operation. ${permitted}`,
        403,
      );
  }
  return tags;
}

export function setTags(state: Ec2State, id: string, tags: readonly [string, string][]): void {
  const all = new Map([...tagsOf(state, id), ...tags]);
  if (all.size > 50) {
    throw ec2Error('TagLimitExceeded', 'Tag limit exceeded. 50 is the maximum number of tags on a resource.');
  }
  if (all.size > 0) state.tags.set(id, all);
}

/** Throws unless every resource is there. */
function checkResources(call: Ec2Call, ids: readonly string[]): void {
  const network = networkOf(call);
  const groups = groupsOf(call);
  const gateways = [...network.routeTables.values()].flatMap(({ routes }) =>
    routes.map((route) => route.gatewayId ?? route.natGatewayId),
  );
  for (const id of ids) {
    const known =
      groups.some((group) => group.id === id || group.rules.has(id)) ||
      gateways.includes(id) ||
      [network.vpcs, network.subnets, network.routeTables, network.endpoints, network.interfaces].some(
        (map) => map.has(id),
      );
    if (known) continue;
    if (kindOf(id) === 'security-group') {
      throw ec2Error('InvalidGroup.NotFound', `The security group '${id}' does not exist`);
    }
    throw ec2Error('InvalidID', `The ID '${id}' is not valid`);
  }
}

const aboutResources = {
  resource: ({ ResourceId: [first = '*'] }: { ResourceId: string[] }, call: Ec2Call) => arnOf(call, first),
};

export const tagOperations = [
  op(
    'CreateTags',
    'Tagging',
    struct({
      ResourceId: need(list(str(), { flat: true, min: 1, max: 1000 })),
      Tag: need(list(tag, { flat: true, min: 1 })),
      DryRun: bool(),
    }),
    (call, input) => {
      endDryRun(input);
      checkResources(call, input.ResourceId);
      const tags = checked(input.Tag);
      for (const id of input.ResourceId) setTags(call.state, id, tags);
      return { return: true };
    },
    aboutResources,
  ),
  op(
    'DeleteTags',
    'Tagging',
    struct({
      ResourceId: need(list(str(), { flat: true, min: 1, max: 1000 })),
      Tag: list(tag, { flat: true }),
      DryRun: bool(),
    }),
    (call, input) => {
      endDryRun(input);
      checkResources(call, input.ResourceId);
      for (const id of input.ResourceId) {
        // A tag given with a value goes only when it has that value; no tags given means all.
        const left = [...tagsOf(call.state, id)].filter(
          ([key, value]) =>
            input.Tag && !input.Tag.some((each) => each.Key === key && (each.Value ?? value) === value),
        );
        if (left.length > 0) call.state.tags.set(id, new Map(left));
        else call.state.tags.delete(id);
      }
      return { return: true };
    },
    aboutResources,
  ),
  op('DescribeTags', 'Read', struct({ ...described, MaxResults: int(5, 1000) }), (call, input) => {
    endDryRun(input);
    const all = [...call.state.tags].flatMap(([id, tags]) =>
      [...tags].map(([key, value]) => ({ id, key, value })),
    );
    const { Filter: filters = [] } = input;
    // `tag:KEY` is a filter here too, and `key` and `value` are filters of this call alone.
    const found = filtered(call.state, all, filters, {
      key: ({ key }) => [key],
      value: ({ value }) => [value],
      'resource-id': ({ id }) => [id],
      'resource-type': ({ id }) => [kindOf(id)],
    });
    const { page, nextToken } = paged(found, input);
    return {
      tagSet: page.map(({ id, key, value }) => ({ resourceId: id, resourceType: kindOf(id), key, value })),
      nextToken,
    };
  }),
];
