import { AwsError } from '../kernel/errors.ts';
import { operations, type Service } from '../kernel/operation.ts';
import { int, list, need, str, struct } from '../kernel/shape.ts';

type TaggingState = Record<string, never>;
const op = operations<TaggingState>();

/** The Resource Groups Tagging API: whatever a service's `tagged` names, and for a while what is gone. */
export const tagging: Service<TaggingState> = {
  id: 'tag',
  signedAs: ['tagging'],
  wires: ['cbor', 'json'],
  target: 'ResourceGroupsTaggingAPI_20170126',
  reach: 'region',
  empty: () => ({}),
  invalid: ({ message }) => new AwsError('InvalidParameterException', message),
  denied: (message) => new AwsError('AccessDeniedException', message),
  operations: [
    op(
      'GetResources',
      'Read',
      struct({
        PaginationToken: str({ max: 2048 }),
        TagFilters: list(
          struct({ Key: need(str({ min: 1, max: 128 })), Values: list(str({ max: 256 }), { max: 20 }) }),
          { max: 50 },
        ),
        ResourcesPerPage: int(1, 100),
        ResourceTypeFilters: list(str({ max: 256 })),
        ResourceARNList: list(str({ min: 1, max: 1011 }), { min: 1, max: 100 }),
      }),
      (call, input) => {
        const { TagFilters: filters = [], ResourceTypeFilters: types = [], ResourceARNList: arns } = input;
        if (arns && (filters.length > 0 || types.length > 0)) {
          throw new AwsError('InvalidParameterException', 'ResourceARNList cannot be combined with filters');
        }
        const found = call.world
          .taggedResources(call.account, call.region)
          .filter(({ tags }) => tags.size > 0)
          .filter(({ arn }) => arns?.includes(arn) ?? true)
          .filter(
            ({ type }) =>
              types.length === 0 || types.some((each) => each === type || type.startsWith(`${each}:`)),
          )
          .filter(({ tags }) =>
            filters.every(({ Key, Values = [] }) => {
              const value = tags.get(Key);
              return value !== undefined && (Values.length === 0 || Values.includes(value));
            }),
          )
          .sort((a, b) => (a.arn < b.arn ? -1 : 1));
        const rest = found.filter(({ arn }) => arn > (input.PaginationToken ?? ''));
        const page = rest.slice(0, input.ResourcesPerPage ?? 50);
        return {
          PaginationToken: rest.length > page.length ? page.at(-1)?.arn : '',
          ResourceTagMappingList: page.map(({ arn, tags }) => ({
            ResourceARN: arn,
            Tags: [...tags].map(([Key, Value]) => ({ Key, Value })),
          })),
        };
      },
    ),
  ],
};
