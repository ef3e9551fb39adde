import { isWildcardOnlyAction } from '@cloud-copilot/iam-simulate';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { blueprint } from '../../../src/provision/blueprint.ts';
import { ANY_RESOURCE, type Scope } from '../../../src/provision/iam/persona-rights.ts';
import {
  managedPolicies,
  PERSONAS,
  type Persona,
  personaPolicy,
} from '../../../src/provision/iam/personas.ts';
import { inspectAll } from '../../../src/provision/plan.ts';
import type { World } from '../../aws/kernel/world.ts';
import { startWorld } from '../../aws/world.ts';
import { givenImages, setUpWhole, tearDownWhole } from '../stack.ts';
import { recordNeeds, uncovered } from './needs.ts';

const place = {
  name: 'photos',
  account: '111122223333',
  region: 'eu-west-1',
  partition: 'aws',
  iamPath: '/',
};
const scope: Scope = { place, bucket: 'images' };

const actionsOf = (persona: Persona) =>
  personaPolicy(persona, scope).Statement.flatMap(({ Action }) => [Action].flat());

const READS = /^(tag|sts)|:(BatchCheck|Describe|Filter|Get|List|Simulate)/;

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(() => world.stop());

describe.each(PERSONAS)('the policy of a %s', (persona) => {
  const statements = personaPolicy(persona, scope).Statement;

  test('names actions that there are, on resources where they know some', async () => {
    for (const { Action, Resource } of statements) {
      for (const action of [Action].flat()) {
        const [service = '', name = ''] = action.split(':');
        // Throws for an action that is not in AWS's Service Authorization Reference.
        if (await isWildcardOnlyAction(service, name)) expect(Resource, action).toEqual(['*']);
      }
    }
  });

  test('is about everything only where a reason is listed, or a condition narrows it', () => {
    for (const { Action, Resource, Condition } of statements) {
      if (![Resource].flat().includes('*') || Condition !== undefined) continue;
      for (const action of [Action].flat()) expect(ANY_RESOURCE).toHaveProperty([action]);
    }
  });

  test("never says all actions, and writes nowhere but in our resources and the bucket's settings", () => {
    for (const { Action, Resource, Condition } of statements) {
      for (const action of [Action].flat()) {
        expect(action).not.toContain('*');
        if (READS.test(action) || Condition !== undefined) continue;
        for (const resource of [Resource].flat()) {
          const isOurs = /rekback[-/:]|rekback-photos/.test(String(resource));
          const isKnown = /:(job|security-group|vpc|instance-profile|event-source-mapping)[/:]\*$/.test(
            String(resource),
          );
          const isSetting =
            resource === 'arn:aws:s3:::images' && /Put(BucketNotification|Inventory)/.test(action);
          expect(isOurs || isKnown || isSetting, `${action} on ${resource}`).toBe(true);
        }
      }
    }
  });

  test('as managed policies is short enough even with the longest names', () => {
    const longest: Scope = {
      place: { ...place, name: 'a'.repeat(20), region: 'ap-southeast-2' },
      bucket: 'b'.repeat(63),
    };
    const policies = managedPolicies(persona, longest);
    for (const policy of policies) expect(JSON.stringify(policy).length).toBeLessThanOrEqual(6144);
    expect(JSON.stringify(personaPolicy(persona, longest)).length).toBeLessThanOrEqual(10_240);
    const rights = (list: typeof policies) =>
      list.flatMap(({ Statement }) =>
        Statement.flatMap(({ Action, Resource }) =>
          [Action].flat().flatMap((action) => [Resource].flat().map((resource) => `${action} ${resource}`)),
        ),
      );
    expect(new Set(rights(policies))).toEqual(new Set(rights([personaPolicy(persona, longest)])));
  });
});

test('who may more may all that who may less may', () => {
  expect(actionsOf('operator')).toEqual(expect.arrayContaining(actionsOf('viewer')));
  expect(actionsOf('admin')).toEqual(expect.arrayContaining(actionsOf('operator')));
  expect(actionsOf('viewer')).not.toContain('batch:SubmitJob');
  expect(actionsOf('operator')).not.toContain('s3:DeleteBucket');
});

const about = { account: place.account, stack: 'photos' };

describe.each(['s3', 'eventbridge'] as const)('of a stack with changes by way of %s', (live) => {
  test('an administrator may set up, change and tear down, and no other stack; a viewer may look', async () => {
    await givenImages(world);
    const whole = { name: 'photos', choice: { live, enableEventBridge: true } };
    const needs = recordNeeds(world);
    const { context, record } = await setUpWhole(world, whole);
    await setUpWhole(world, { ...whole, choice: { maxVcpus: 2, tags: ['team=photos'] } });
    const looks = recordNeeds(world);
    await inspectAll(blueprint(context, record));
    const removals = recordNeeds(world);
    await tearDownWhole(world, whole);
    expect(needs.length).toBeGreaterThan(100);
    expect(removals.length).toBeGreaterThan(50);
    const admin = personaPolicy('admin', scope);
    expect(await uncovered(admin, [...needs, ...looks, ...removals], about)).toEqual([]);
    // The index's own roles are shown to its administrator only.
    expect(await uncovered(personaPolicy('viewer', scope), looks, about)).toEqual([
      'sts:AssumeRole on arn:aws:iam::111122223333:role/rekback-photos-eu-west-1-admin',
    ]);

    const other = personaPolicy('admin', { place: { ...place, name: 'other' }, bucket: 'images' });
    expect(await uncovered(other, removals, about)).toContain(
      'iam:DeleteRole on arn:aws:iam::111122223333:role/rekback-photos-eu-west-1-admin',
    );
    const operator = await uncovered(personaPolicy('operator', scope), removals, about);
    expect(operator).toContain('s3:DeleteBucket on arn:aws:s3:::rekback-photos-111122223333-eu-west-1');
  });
});

test('roles are passed to the services that act as them, and no others', async () => {
  const role = 'arn:aws:iam::111122223333:role/rekback-photos-eu-west-1-worker';
  const passRole = personaPolicy('admin', scope).Statement.filter(({ Action }) =>
    [Action].flat().includes('iam:PassRole'),
  );
  expect(passRole).toHaveLength(1);
  expect(passRole[0]?.Condition?.StringEquals?.['iam:PassedToService']).not.toContain('ec2.amazonaws.com');
  expect(
    await uncovered(personaPolicy('admin', scope), [{ action: 'iam:PassRole', resource: role }], {
      account: place.account,
      stack: 'photos',
    }),
  ).toEqual([]);
});
