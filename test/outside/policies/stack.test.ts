import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Session } from '../../../src/aws/session.ts';
import { PERSONAS, type Persona, personaPolicy } from '../../../src/provision/iam/personas.ts';
import type { Policy } from '../../../src/provision/iam/policy.ts';
import { awsStatus } from '../../../src/provision/status.ts';
import type { World } from '../../aws/kernel/world.ts';
import { startWorld } from '../../aws/world.ts';
import { testContext } from '../../provision/context.ts';
import { contextOf, ofObjects } from '../../provision/iam/needs.ts';
import {
  everything,
  givenImages,
  inspectWhole,
  setUpWhole,
  tearDownWhole,
  testSession,
} from '../../provision/stack.ts';
import { writtenPolicies } from '../../provision/written-policies.ts';
import { preparePython } from '../python/venv.ts';
import { describeWith, lookFor } from '../requires.ts';
import { authorizer, type Decision } from './authorizer.ts';
import { lint, type PolicyDocument } from './lint.ts';
import { NEVER, ROLE_CALLS } from './role-calls.ts';
import { simulate } from './simulate.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(() => world.stop());

const KEY = 'arn:aws:kms:eu-west-1:111122223333:key/images';
const stack = {
  name: 'photos',
  choice: {
    live: 'eventbridge' as const,
    enableEventBridge: true,
    prefix: 'cats/',
    kmsKey: KEY,
    notify: ['arn:aws:sns:eu-west-1:111122223333:told'],
  },
};

async function policiesOfSetup() {
  await givenImages(world);
  world.journal.clear();
  await setUpWhole(world, stack);
  return writtenPolicies(world.journal.mutating());
}

const roleArn = (purpose: string) => `arn:aws:iam::111122223333:role/rekback-photos-eu-west-1-${purpose}`;
const scope = {
  place: { name: 'photos', account: '111122223333', region: 'eu-west-1', partition: 'aws', iamPath: '/' },
  bucket: 'images',
};

describeWith('parliament has nothing against', await lookFor(preparePython), (python) => {
  test('any policy that a whole setup writes', async () => {
    const written = await policiesOfSetup();
    const documents = written.map(({ name, kind, document }) => [
      `${kind} ${name}`,
      // Parliament knows no trust policies: the role that is acted as is their resource.
      kind === 'trust'
        ? { ...document, Statement: document.Statement.map((each) => ({ ...each, Resource: roleArn('x') })) }
        : document,
    ]);
    expect(documents.length).toBe(16);
    const exceptions = [
      {
        issue: 'RESOURCE_MISMATCH',
        detail: "[{'action': 'servicequotas:GetServiceQuota', 'required_format': '*'}]",
        reason: 'AWS names the quota as its resource since after parliament was told',
      },
    ];
    expect(await lint(python, Object.fromEntries(documents), exceptions)).toEqual([]);
  });

  test('any policy of a persona', async () => {
    const documents = PERSONAS.map((persona) => [persona, personaPolicy(persona, scope)]);
    const other = (action: string) =>
      ['application', 'datasource']
        .map((kind) => `{'action': '${action}', 'required_format': 'arn:*:opensearch:*:*:${kind}/*'}`)
        .join(', ');
    const reason = 'these actions are about domains too; a stack has no applications and data sources';
    const exceptions = [`[${other('es:ListTags')}]`, `[${other('es:AddTags')}, ${other('es:ListTags')}]`].map(
      (detail) => ({ issue: 'RESOURCE_MISMATCH', detail, reason }),
    );
    expect(await lint(python, Object.fromEntries(documents), exceptions)).toEqual([]);
  });
});

describe.each(Object.keys(ROLE_CALLS))('the role %s', (purpose) => {
  const { must = [], never = [] } = ROLE_CALLS[purpose] ?? {};
  const shown = ({ action, resource }: { action: string; resource: string }) => `${action} ${resource}`;

  async function rights(): Promise<Policy> {
    const [found] = (await policiesOfSetup()).filter(
      ({ name, kind }) => kind === 'rights' && name.endsWith(`-${purpose}`),
    );
    if (found === undefined) throw new Error(`no rights of ${purpose}`);
    return found.document;
  }
  const subject = (document: Policy) => ({
    principal: roleArn(purpose),
    identityPolicies: { rights: { ...document } },
  });

  test('may make its calls, has no other actions, and may do nothing else', async () => {
    const document = await rights();
    expect(await simulate(subject(document), must)).toEqual({ allowed: must.map(shown), denied: [] });
    const forbidden = [...never, ...NEVER];
    expect(await simulate(subject(document), forbidden)).toEqual({
      allowed: [],
      denied: forbidden.map(shown),
    });
    const actions = document.Statement.flatMap(({ Action }) => [Action].flat());
    const needed = new Set(must.map(({ action }) => action));
    const decrypts = actions.includes('kms:Decrypt') ? ['kms:Decrypt'] : [];
    expect([...new Set(actions)].sort()).toEqual([...needed, ...decrypts].sort());
  });

  test('decrypts images by way of S3 only, if it reads any', async () => {
    const document = await rights();
    // As the key's maker has it: the rights in the account decide.
    const resourcePolicy = {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: 'arn:aws:iam::111122223333:root' },
          Action: 'kms:*',
          Resource: '*',
        },
      ],
    };
    const decrypt = { action: 'kms:Decrypt', resource: KEY, resourcePolicy };
    const by = (service: string) => ({
      ...decrypt,
      context: { 'kms:ViaService': `${service}.amazonaws.com` },
    });
    const reads = must.some(({ resource }) => resource.startsWith('arn:aws:s3:::images/'));
    const { allowed, denied } = await simulate(subject(document), [
      by('s3.eu-west-1'),
      by('ec2.eu-west-1'),
      decrypt,
    ]);
    expect({ allowed: allowed.length, denied: denied.length }).toEqual(
      reads ? { allowed: 1, denied: 2 } : { allowed: 0, denied: 3 },
    );
  });
});

const REFUSED = /not authorized|denied|may not be (looked at|read)/i;

describe('whoever has the policy of', () => {
  let decisions: Decision[];

  /** From now on every call is decided by the policies that its caller has. */
  async function actAs(persona: Persona): Promise<Session> {
    world.authorize = () => true;
    const iam = new IAMClient(world.client());
    const RoleName = `person-${persona}`;
    const trust: PolicyDocument = {
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::111122223333:root' }, Action: 'sts:AssumeRole' },
      ],
    };
    await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: JSON.stringify(trust) }));
    const PolicyDocument = JSON.stringify(personaPolicy(persona, scope));
    await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'persona', PolicyDocument }));
    const { Credentials: given } = await new STSClient(world.client()).send(
      new AssumeRoleCommand({
        RoleArn: `arn:aws:iam::111122223333:role/${RoleName}`,
        RoleSessionName: 'person',
      }),
    );
    const credentials = {
      accessKeyId: given?.AccessKeyId ?? '',
      secretAccessKey: given?.SecretAccessKey ?? '',
      sessionToken: given?.SessionToken ?? '',
    };
    decisions = [];
    const decide = authorizer(world, {
      context: (action, resource) => contextOf(action, resource, 'photos'),
      decided: (each) => decisions.push(each),
    });
    world.authorize = (principal, action, resource) => decide(principal, action, ofObjects(action, resource));
    return { ...testSession(world), clients: testContext(world, {}, { credentials }).clients };
  }

  const refused = () =>
    decisions.flatMap(({ allowed, role, action, resource }) =>
      allowed ? [] : [`${role} ${action} ${resource}`],
    );
  const changed = () => world.journal.mutating().filter(({ error }) => error === undefined);

  const inNobodysName = (text: string) => text.replaceAll(/"person-[a-z]+"/g, '""');

  test('an administrator sets up, looks, changes and tears down, and is refused nothing', async () => {
    await givenImages(world);
    const session = await actAs('admin');
    const before = everything(world);
    await setUpWhole(world, { ...stack, session });
    expect(refused()).toEqual([]);
    const looked = await inspectWhole(world, { name: 'photos', session });
    const states = looked && (await awsStatus(looked)).resources.map(({ state }) => state);
    expect(new Set(states)).toEqual(new Set(['present']));
    await setUpWhole(world, {
      ...stack,
      session,
      choice: { ...stack.choice, maxVcpus: 2, tags: ['team=photos'] },
    });
    const removed = await tearDownWhole(world, { name: 'photos', session });
    expect(removed?.left).toEqual([]);
    expect(refused()).toEqual([]);
    expect(inNobodysName(everything(world))).toBe(inNobodysName(before));
    // The simulator was asked, of the person and of the index's administrator.
    expect(decisions.length).toBeGreaterThan(300);
    expect(new Set(decisions.map(({ role }) => role))).toEqual(
      new Set(['person-admin', 'rekback-photos-eu-west-1-admin']),
    );
  });

  test('an administrator of one stack is refused another', async () => {
    await givenImages(world);
    await setUpWhole(world, { ...stack, name: 'others' });
    const session = await actAs('admin');
    world.journal.clear();
    await expect(tearDownWhole(world, { name: 'others', session })).rejects.toThrow();
    await expect(setUpWhole(world, { ...stack, name: 'more', session })).rejects.toThrow();
    expect(changed()).toEqual([]);
  });

  test.each(['viewer', 'operator'] as const)(
    'a %s looks, and sets nothing up and changes nothing',
    async (persona) => {
      await givenImages(world);
      await setUpWhole(world, stack);
      const session = await actAs(persona);
      const before = everything(world);
      const looked = await inspectWhole(world, { name: 'photos', session });
      const resources = looked && (await awsStatus(looked)).resources;
      // The index's own roles are shown to those who may act as its administrator.
      const pending = resources?.filter(({ state }) => state !== 'present').map(({ type }) => type);
      expect(pending).toEqual(persona === 'viewer' ? ['index-roles'] : []);
      world.journal.clear();
      const other = { ...stack.choice, maxVcpus: 2 };
      await expect(setUpWhole(world, { ...stack, choice: other, session })).rejects.toThrow(REFUSED);
      await expect(setUpWhole(world, { ...stack, name: 'more', session })).rejects.toThrow(REFUSED);
      expect(changed().filter(({ input }) => !/"leases\/|stack.json/.test(JSON.stringify(input)))).toEqual(
        [],
      );
      if (persona === 'operator') return;
      await tearDownWhole(world, { name: 'photos', session }).catch(() => {});
      expect(changed()).toEqual([]);
      expect(everything(world)).toBe(before);
    },
  );
});
