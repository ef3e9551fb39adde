import {
  AddTagsToResourceCommand,
  DeleteParameterCommand,
  GetParameterCommand,
  GetParametersByPathCommand,
  GetParametersCommand,
  ListTagsForResourceCommand,
  PutParameterCommand,
  RemoveTagsFromResourceCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { World } from '../kernel/world.ts';
import { startWorld } from '../world.ts';

let world: World;
let ssm: SSMClient;
const Name = '/rekback/x/password';
beforeAll(async () => {
  world = await startWorld();
  ssm = new SSMClient(world.client());
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(async () => {
  await world.stop();
});
const put = (more: object = {}) =>
  ssm.send(new PutParameterCommand({ Name, Value: 'secret', Type: 'SecureString', ...more }));

test('a secret is given in the clear only with decryption', async () => {
  await put({ Tags: [{ Key: 'stack', Value: 'x' }] });
  const read = async (WithDecryption: boolean) =>
    (await ssm.send(new GetParameterCommand({ Name, WithDecryption }))).Parameter;
  expect(await read(true)).toMatchObject({ Value: 'secret', Version: 1, Type: 'SecureString' });
  expect((await read(false))?.Value).not.toContain('secret');
  await expect(put()).rejects.toMatchObject({ name: 'ParameterAlreadyExists' });
  expect((await put({ Value: 'new', Overwrite: true })).Version).toBe(2);
  await expect(put({ Overwrite: true, Tags: [{ Key: 'a', Value: 'b' }] })).rejects.toMatchObject({
    name: 'ValidationException',
  });
  await ssm.send(new DeleteParameterCommand({ Name }));
  await expect(read(true)).rejects.toMatchObject({ name: 'ParameterNotFound' });
});

test('tags are added and taken away', async () => {
  await put({ Tags: [{ Key: 'stack', Value: 'x' }] });
  const about = { ResourceType: 'Parameter', ResourceId: Name } as const;
  await ssm.send(new AddTagsToResourceCommand({ ...about, Tags: [{ Key: 'b', Value: '2' }] }));
  await ssm.send(new RemoveTagsFromResourceCommand({ ...about, TagKeys: ['stack'] }));
  const { TagList } = await ssm.send(new ListTagsForResourceCommand(about));
  expect(TagList).toEqual([{ Key: 'b', Value: '2' }]);
});

test('parameters below a path, one level or all, page by page', async () => {
  for (const each of ['/a/1', '/a/2', '/a/b/3', '/ab/4']) await put({ Name: each, Type: 'String' });
  const names = async (Recursive: boolean) => {
    const first = await ssm.send(new GetParametersByPathCommand({ Path: '/a', Recursive, MaxResults: 2 }));
    const { NextToken } = first;
    const rest = NextToken
      ? await ssm.send(new GetParametersByPathCommand({ Path: '/a', Recursive, MaxResults: 2, NextToken }))
      : { Parameters: [] };
    return [...(first.Parameters ?? []), ...(rest.Parameters ?? [])].map((each) => each.Name);
  };
  expect(await names(false)).toEqual(['/a/1', '/a/2']);
  expect(await names(true)).toEqual(['/a/1', '/a/2', '/a/b/3']);
  const some = await ssm.send(new GetParametersCommand({ Names: ['/a/1', '/none'] }));
  expect(some.InvalidParameters).toEqual(['/none']);
});

test.each([
  [{ Name: '/aws/x' }, 'ValidationException'],
  [{ Name: 'a/b' }, 'ValidationException'],
  [{ Value: 'x'.repeat(4097) }, 'ValidationException'],
  [{ Type: undefined }, 'ValidationException'],
])('a parameter with %j is refused', async (more, name) => {
  await expect(put(more)).rejects.toMatchObject({ name });
});
