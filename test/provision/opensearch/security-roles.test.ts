import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DeleteRoleCommand, DeleteRolePolicyCommand, IAMClient } from '@aws-sdk/client-iam';
import { DeleteDomainCommand, OpenSearchClient } from '@aws-sdk/client-opensearch';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Context } from '../../../src/provision/context.ts';
import { adminRole } from '../../../src/provision/iam/admin-role.ts';
import { indexRoles } from '../../../src/provision/opensearch/security-roles.ts';
import { type Dialled, onlyLoopback } from '../../aws/kernel/loopback.ts';
import type { World } from '../../aws/kernel/world.ts';
import { indexEndpoint } from '../../aws/opensearch/endpoint.ts';
import type { Domain } from '../../aws/opensearch/state.ts';
import { startWorld } from '../../aws/world.ts';
import { testContext } from '../context.ts';
import { makeDomain, storedDomain } from './stack-domain.ts';

const MINUTE = 60_000;

let world: World;
let dialled: Dialled;
beforeAll(async () => {
  dialled = onlyLoopback();
  world = await startWorld();
});
beforeEach(() => indexEndpoint(world, world.url));
afterEach(() => {
  dialled.check();
  world.check();
  world.reset();
});
afterAll(async () => {
  await world.stop();
  dialled.restore();
});

/** A stack's domain, and what is to be given to its roles. */
async function withDomain() {
  const { context } = await makeDomain(world);
  return { context, resource: indexRoles(context, []) };
}

async function made() {
  const all = await withDomain();
  await all.resource.ensure();
  world.journal.clear();
  return all;
}

const mutations = () => world.journal.mutating().map(({ operation }) => operation);

const stored = () => storedDomain(world);

async function deleteAdmin({ names }: Context) {
  const iam = new IAMClient(world.client());
  const RoleName = names.roles.admin.name;
  await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: 'rights' }));
  await iam.send(new DeleteRoleCommand({ RoleName }));
}

/** What the domain answers to the first calls of an operation while it starts. */
const answer = (operation: string, status: number, times: number) =>
  world.faults.add({
    service: 'es',
    operation,
    times,
    effect: { error: { code: 'Error', message: 'OpenSearch Security not initialized.', status } },
  });

describe('index-roles', () => {
  it('are given to the stack’s roles by its administrator', async () => {
    const { context, resource } = await withDomain();
    expect(await resource.inspect()).toEqual({ state: 'absent' });
    await resource.ensure();
    expect(await resource.inspect()).toEqual({ state: 'present' });

    const { admin, worker, live, search, planner } = context.names.roles;
    const { roles, mappings } = stored();
    expect(mappings.get('rekback-writer')?.backend_roles).toEqual([worker.arn, live.arn]);
    expect(mappings.get('rekback-reader')?.backend_roles).toEqual([search.arn]);
    expect(JSON.stringify([...mappings])).not.toContain(planner.arn);
    for (const name of ['rekback-writer', 'rekback-reader']) {
      expect(roles.get(name)?.index_permissions).toMatchObject([{ index_patterns: ['rekback-*'] }]);
    }
    const reads =
      /^(read|cluster_composite_ops_ro|cluster:monitor\/main|indices:(admin\/.*get|monitor\/stats))$/;
    for (const right of rightsOf(roles.get('rekback-reader'))) expect(right).toMatch(reads);
    const deletes = /^(\*|manage|unlimited|indices_all|indices:(\*|admin\/(\*|delete.*)))$/;
    for (const right of rightsOf(roles.get('rekback-writer'))) expect(right).not.toMatch(deletes);
    const domainCalls = world.journal.of('es').filter(({ action }) => action.startsWith('es:ESHttp'));
    expect(domainCalls.map(({ role }) => role)).toEqual(domainCalls.map(() => admin.arn));
    expect(world.journal.of('sts', 'AssumeRole')).toHaveLength(1);
  });

  it('are left alone by a second setup', async () => {
    await made();
    await indexRoles(testContext(world), []).ensure();
    expect(mutations()).toEqual([]);
  });

  it('are the same when OpenSearch keeps lists in another order and adds empty members', async () => {
    const { resource } = await made();
    const { roles, mappings } = stored();
    for (const role of roles.values()) {
      (role.cluster_permissions as string[]).reverse();
      for (const rights of role.index_permissions as Record<string, unknown>[]) {
        (rights.allowed_actions as string[]).reverse();
        Object.assign(rights, { dls: null, fls: [], masked_fields: [] });
      }
    }
    const members = mappings.get('rekback-writer') ?? {};
    (members.backend_roles as string[]).reverse();
    expect(await resource.inspect()).toEqual({ state: 'present' });
  });

  it.each<[string, string, (domain: Domain) => void]>([
    ['writerRights', 'PutRole', ({ roles }) => Object.assign(roles.get('rekback-writer') ?? {}, all())],
    ['readerRights', 'PutRole', ({ roles }) => Object.assign(roles.get('rekback-reader') ?? {}, all())],
    ['readerRights', 'PutRole', ({ roles }) => roles.delete('rekback-reader')],
    ['writerMembers', 'PutRolesMapping', ({ mappings }) => mappings.delete('rekback-writer')],
    ['readerMembers', 'PutRolesMapping', ({ mappings }) => addUser(mappings.get('rekback-reader'))],
  ])('have %s put right by %s alone', async (field, operation, change) => {
    const { resource } = await made();
    const before = world.dump();
    change(stored());
    expect(await resource.inspect()).toMatchObject({ state: 'drifted', drift: [{ field }] });
    await resource.ensure();
    expect(mutations()).toEqual([operation]);
    expect(world.dump()).toBe(before);
  });

  it('are removed, and nobody else’s', async () => {
    const { resource } = await withDomain();
    stored().roles.set('theirs', { cluster_permissions: ['*'] });
    stored().mappings.set('theirs', { users: ['eve'] });
    const before = world.dump();
    await resource.ensure();
    world.journal.clear();
    await resource.remove();
    expect(mutations()).toEqual(['DeleteRolesMapping', 'DeleteRolesMapping', 'DeleteRole', 'DeleteRole']);
    expect(world.dump()).toBe(before);
    world.journal.clear();
    await resource.remove();
    expect(mutations()).toEqual([]);
    expect(await resource.inspect()).toEqual({ state: 'absent' });
  });

  it('are not there before the domain is, and not once it is being deleted', async () => {
    const resource = indexRoles(testContext(world), []);
    expect(await resource.inspect()).toEqual({ state: 'absent' });
    await resource.remove();
    const { context } = await made();
    world.delays.openSearchDomain = 20 * MINUTE;
    const DomainName = context.names.domain.name;
    await new OpenSearchClient(world.client()).send(new DeleteDomainCommand({ DomainName }));
    expect(stored()._status).toBe('Deleting');
    expect(await resource.inspect()).toEqual({ state: 'absent' });
  });

  it('wait for the security plugin to have started', async () => {
    const { resource } = await withDomain();
    answer('GetRole', 503, 3);
    answer('PutRole', 500, 1);
    answer('PutRolesMapping', 429, 1);
    await resource.ensure();
    expect(await resource.inspect()).toEqual({ state: 'present' });
  });

  it('are written again where another change came first', async () => {
    const { resource } = await withDomain();
    const message = '[roles]: version conflict, required seqNo [1], primary term [1]. current document …';
    const error = { code: 'Error', message, status: 409 };
    world.faults.add({ service: 'es', operation: 'PutRole', times: 1, effect: { error } });
    await resource.ensure();
    expect(await resource.inspect()).toEqual({ state: 'present' });
  });

  it('can be set as soon as the administrator was made anew', async () => {
    const { context, resource } = await made();
    await deleteAdmin(context);
    const again = indexRoles(testContext(world), []);
    // Nothing can be seen without the administrator: setup makes the role, then these.
    expect(await again.inspect()).toEqual({ state: 'absent' });
    await again.remove();
    expect(stored().roles.size).toBe(2);
    world.delays.iamPropagation = 15_000;
    await adminRole(context, []).ensure();
    await again.ensure();
    expect(await resource.inspect()).toEqual({ state: 'present' });
  });

  it('are pending for whoever may not see them; setup says who is refused, after two minutes', async () => {
    const { resource } = await withDomain();
    world.deny('sts:AssumeRole');
    const before = world.clock.now();
    expect(await resource.inspect()).toEqual({ state: 'pending' });
    expect(world.clock.now()).toBe(before);
    await expect(resource.ensure()).rejects.toMatchObject({ name: 'AccessDenied' });
    expect(world.clock.now() - before).toBe(2 * MINUTE);
  });

  it('say that somebody else administers the domain', async () => {
    const { resource } = await withDomain();
    for (const mapping of stored().mappings.values()) mapping.backend_roles = [];
    await expect(resource.ensure()).rejects.toMatchObject({
      code: 'index-denied',
      message: expect.stringMatching(/403.*does not have any role privileged/),
    });
  });

  it('are pending while the domain does not answer, and no hindrance to its removal', async () => {
    const { resource } = await made();
    const nowhere = await closedAddress();
    indexEndpoint(world, nowhere);
    expect(await resource.inspect()).toEqual({ state: 'pending' });
    await resource.remove();
    expect(mutations()).toEqual([]);
    const before = world.clock.now();
    await expect(resource.ensure()).rejects.toMatchObject({
      code: 'index-not-ready',
      message: expect.stringContaining(new URL(nowhere).host),
    });
    expect(world.clock.now() - before).toBe(10 * MINUTE);
  });

  it('are none of a domain of others', async () => {
    const { resource } = await withDomain();
    stored().tags.set('rekback:stack', 'somebody-else');
    expect(await resource.inspect()).toEqual({ state: 'absent' });
    await resource.remove();
    await expect(resource.ensure()).rejects.toMatchObject({ code: 'index-not-ready' });
    expect(mutations()).toEqual([]);
  });

  it('are not wanted in an index that is given', async () => {
    const context = testContext(world, { indexEndpoint: 'https://index.example.com' });
    const resource = indexRoles(context, []);
    expect(resource.isWanted()).toBe(false);
    await resource.ensure();
    expect(await resource.inspect()).toEqual({ state: 'absent' });
    expect(mutations()).toEqual([]);
  });
});

const all = () => ({ cluster_permissions: ['*'] });

function addUser(mapping: Record<string, unknown> | undefined): void {
  if (mapping !== undefined) mapping.users = ['eve'];
}

function rightsOf(role: Record<string, unknown> | undefined): string[] {
  const { cluster_permissions: cluster, index_permissions: indices } = role ?? {};
  const actions = (indices as { allowed_actions: string[] }[]).flatMap((each) => each.allowed_actions);
  return [...(cluster as string[]), ...actions];
}

/** Where nobody listens any more. */
async function closedAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}
