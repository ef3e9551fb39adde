import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  type IndexClient,
  type IndexOptions,
  openClient,
  type SignIn,
} from '../../../src/adapters/opensearch/client.ts';
import { createIndex, newIndex, removeIndex } from '../../../src/adapters/opensearch/manage.ts';
import { indexNames } from '../../../src/adapters/opensearch/mapping.ts';
import { openIndexReader } from '../../../src/adapters/opensearch/reader.ts';
import { openIndexWriter } from '../../../src/adapters/opensearch/writer.ts';
import type { Context } from '../../../src/provision/context.ts';
import { indexRoles } from '../../../src/provision/opensearch/security-roles.ts';
import type { Resource } from '../../../src/provision/resource.ts';
import type { World } from '../../aws/kernel/world.ts';
import { indexEndpoint } from '../../aws/opensearch/endpoint.ts';
import { startWorld } from '../../aws/world.ts';
import { indexContract, makeDocument } from '../../contracts/index.ts';
import { makeDomain } from '../../provision/opensearch/stack-domain.ts';
import { authorizer } from '../policies/authorizer.ts';
import { describeWith } from '../requires.ts';
import type { SecureEngine } from './engine.js';
import { type Front, startFront } from './security-front.ts';
import { findSecureNode, type SecureNode } from './security-node.ts';

const ENGINES: readonly SecureEngine[] = ['2.19.1.0', '3.4.0.0'];
const HOUR = 3_600_000;

type Call = Parameters<IndexClient['ask']>[0];
type Role = 'worker' | 'live' | 'search' | 'admin';

const suite = (start: () => Promise<SecureNode>) => {
  let world: World;
  let node: SecureNode;
  let front: Front;
  let context: Context;
  let roles: Resource;

  beforeAll(async () => {
    world = await startWorld();
    world.authorize = authorizer(world);
    node = await start();
    ({ context } = await makeDomain(world));
    const { domain, roles: iam } = context.names;
    front = await startFront(node.url, world, domain.arn);
    indexEndpoint(world, front.url);
    // The service does that for the master user of a domain.
    await node.admin('PUT', '/_plugins/_security/api/rolesmapping/all_access', {
      backend_roles: ['admin', iam.admin.arn],
    });
    roles = indexRoles(context, []);
    expect(await roles.inspect()).toEqual({ state: 'absent' });
    await roles.ensure();
  }, 120_000);
  afterAll(async () => {
    front.stop();
    await node.stop();
    await world.stop();
  });
  afterEach(() => world.check());

  const aws = (role: Role): SignIn => {
    const { account, region } = context.spec;
    const { name, arn } = context.names.roles[role];
    const who = { account, arn: `arn:aws:sts::${account}:assumed-role/${name}/x`, userId: name, role: arn };
    const keys = world.principals.temporary(who, new Date(world.clock.now() + HOUR));
    return { kind: 'aws', region, credentials: async () => keys };
  };
  const optionsOf = (signIn: SignIn, stack: string): IndexOptions => ({
    endpoint: front.url,
    signIn,
    stack,
    bucket: 'photos',
    // Nothing here passes by itself.
    pause: () => Promise.reject(new Error('it waits')),
  });
  const newStack = () => `t${randomUUID().slice(0, 13)}`;
  const as = (role: Role, stack: string) => optionsOf(aws(role), stack);
  const refusals = () => front.passed.filter(({ status }) => status === 401 || status === 403);

  /** An index that a worker or the live function makes and writes, and that whoever searches reads. */
  async function open(writing: 'worker' | 'live') {
    const stack = newStack();
    await createIndex(as(writing, stack));
    const writer = await openIndexWriter(as(writing, stack));
    const reader = await openIndexReader(as('search', stack));
    return {
      stack,
      reader,
      writer: {
        ...writer,
        async write(writes: Parameters<typeof writer.write>[0]) {
          const results = await writer.write(writes);
          await node.admin('POST', `/${indexNames(stack).write}/_refresh`);
          return results;
        },
        async close() {
          await writer.close();
          await removeIndex(as('admin', stack));
        },
      },
    };
  }

  const denied = (...parts: string[]) =>
    expect.objectContaining({
      code: 'index-denied',
      name: 'SystemicError',
      message: expect.stringMatching(new RegExp(parts.join('.*'))),
    });

  const write = async (options: IndexOptions) => {
    const writer = await openIndexWriter(options);
    return writer.write([{ document: makeDocument('a'), expected: undefined }]).finally(writer.close);
  };
  const ask = (options: IndexOptions, call: Call) => {
    const client = openClient(options, 'reading');
    return client.ask(call).finally(client.close);
  };

  describe('are enough', () => {
    // Some of what is refused is of no matter to who asks, and is not told.
    afterEach(() => {
      const refused = refusals();
      front.passed.splice(0);
      expect(refused).toEqual([]);
    });
    let writing: 'worker' | 'live' = 'live';
    const openNext = () => {
      writing = writing === 'live' ? 'worker' : 'live';
      return open(writing);
    };
    // What is random in it has nothing to do with rights.
    indexContract('opensearch with its own roles', openNext, 2);

    test('for the administrator to make an index anew, whatever an interrupted rebuild left', async () => {
      const { stack, reader, writer } = await open('worker');
      await (await newIndex(as('admin', stack))).index.close();
      const { index, replace } = await newIndex(as('admin', stack));
      await index.write([{ document: makeDocument('new'), expected: undefined }]);
      await index.close();
      await replace();
      expect(await reader.get('new')).toMatchObject({ key: 'new' });
      await reader.close();
      await writer.close();
    });
  });

  test('are as setup wants them, until somebody changes them', async () => {
    const puts = () => front.passed.filter(({ method }) => method === 'PUT').length;
    const before = puts();
    await roles.ensure();
    expect(await roles.inspect()).toEqual({ state: 'present' });
    expect(puts()).toBe(before);
    const reader = '/_plugins/_security/api/roles/rekback-reader';
    await node.admin('PUT', reader, { cluster_permissions: ['*'], index_permissions: [] });
    const found = await roles.inspect();
    expect(found).toMatchObject({ state: 'drifted', drift: [{ field: 'readerRights' }] });
    await roles.ensure();
    expect(await roles.inspect()).toEqual({ state: 'present' });
    expect(puts()).toBe(before + 1);
  });

  test('let whoever searches change nothing', async () => {
    const { stack, writer } = await open('worker');
    const search = as('search', stack);
    await expect(write(search)).rejects.toEqual(denied('403', 'indices:data/write/bulk'));
    await expect(createIndex(as('search', newStack()))).rejects.toEqual(denied('403', 'es:ESHttpPut'));
    const removal = { method: 'DELETE', path: `/${indexNames(stack).version(1)}` } as const;
    await expect(ask(search, removal)).rejects.toEqual(denied('403', 'es:ESHttpDelete'));
    await writer.close();
  });

  test.each(['worker', 'live'] as const)('let the %s remove or replace no index', async (role) => {
    const { stack, writer, reader } = await open(role);
    await writer.write([{ document: makeDocument('a'), expected: undefined }]);
    await expect(removeIndex(as(role, stack))).rejects.toEqual(denied('403', 'es:ESHttpDelete'));
    const { index, replace } = await newIndex(as(role, stack));
    await index.close();
    await expect(replace()).rejects.toEqual(denied('403', 'indices:admin/'));
    expect(await reader.get('a')).toMatchObject({ key: 'a' });
    await reader.close();
    await writer.close();
  });

  test('show nobody what is not of a stack', async () => {
    const others = `others-${randomUUID()}`;
    await node.admin('PUT', `/${others}/_doc/1?refresh=true`, { key: 'secret' });
    for (const role of ['worker', 'live', 'search'] as const) {
      const options = as(role, newStack());
      const post = (path: string, body: object): Call => ({ method: 'POST', path, body });
      await expect(ask(options, post(`/${others}/_search`, {}))).rejects.toEqual(denied('403'));
      const { docs } = (await ask(options, post(`/${others}/_mget`, { ids: ['1'] }))) as { docs: object[] };
      expect(docs).toEqual([{ _index: others, _id: '1', error: expect.anything() }]);
      await expect(ask(options, { method: 'GET', path: `/${others}/_mapping` })).rejects.toEqual(
        denied('403'),
      );
      await expect(ask(options, post('/_all/_search', {}))).rejects.toEqual(denied('403'));
      const security = { method: 'GET', path: '/_plugins/_security/api/roles' } as const;
      await expect(ask(options, security)).rejects.toEqual(denied('403'));
    }
    await node.admin('DELETE', `/${others}`);
  });

  test('are had by whoever says a password, too', async () => {
    const { stack, writer, reader } = await open('live');
    const user = async (name: string, backendRoles: readonly string[]): Promise<IndexOptions> => {
      const password = `${randomUUID()}-Aa1`;
      await node.admin('PUT', `/_plugins/_security/api/internalusers/${name}`, {
        password,
        backend_roles: backendRoles,
      });
      return optionsOf({ kind: 'password', user: name, password }, stack);
    };
    const { worker, search } = context.names.roles;
    const writing = await user('writing', [worker.arn]);
    expect(await write(writing)).toEqual([{ result: 'written' }]);
    await expect(removeIndex(writing)).rejects.toEqual(denied('403', 'indices:admin/delete'));
    const searching = await user('searching', [search.arn]);
    expect(await (await openIndexReader(searching)).get('a')).toMatchObject({ key: 'a' });
    await expect(write(searching)).rejects.toEqual(denied('403', 'indices:data/write/bulk'));
    const another = { ...searching, stack: newStack() };
    await expect(createIndex(another)).rejects.toEqual(denied('403', 'indices:admin/create'));
    const stranger = openIndexReader(await user('stranger', []));
    await expect(stranger).rejects.toEqual(denied('403', 'no permissions', 'name=stranger'));
    const wrong = optionsOf({ kind: 'password', user: 'searching', password: 'guessed' }, stack);
    await expect(openIndexReader(wrong)).rejects.toEqual(denied('401'));
    await expect(openIndexReader(wrong)).rejects.toMatchObject({
      suggestions: expect.arrayContaining([expect.stringContaining('name and password')]),
    });
    await reader.close();
    await writer.close();
  });

  test('go without touching what others have', async () => {
    await node.admin('PUT', '/_plugins/_security/api/roles/theirs', { cluster_permissions: ['*'] });
    const { reader, writer } = await open('worker');
    await roles.remove();
    expect(await roles.inspect()).toEqual({ state: 'absent' });
    const left = Object.keys((await node.admin('GET', '/_plugins/_security/api/roles')) as object);
    expect(left).toContain('theirs');
    expect(left.filter((name) => name.startsWith('rekback'))).toEqual([]);
    // Whoever was at work is told so.
    await expect(reader.get('a')).rejects.toEqual(denied('403', 'no permissions'));
    await expect(writer.lookUp(['a'])).rejects.toEqual(denied('403', 'no permissions'));
    await expect(writer.write([{ document: makeDocument('a'), expected: undefined }])).rejects.toEqual(
      denied('403', 'no permissions'),
    );
    await expect(openIndexReader(as('search', newStack()))).rejects.toEqual(denied('403', 'no permissions'));
    await reader.close();
    await writer.close();
  });
};

for (const engine of ENGINES) {
  describeWith(`the index's own roles on OpenSearch ${engine}`, await findSecureNode(engine), suite);
}
