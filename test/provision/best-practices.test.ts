import { isWildcardOnlyAction } from '@cloud-copilot/iam-simulate';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Statement } from '../../src/provision/iam/policy.ts';
import type { Entry } from '../aws/kernel/journal.ts';
import type { World } from '../aws/kernel/world.ts';
import { startWorld } from '../aws/world.ts';
import { CONTROLS, findings } from './controls.ts';
import { ANY_RESOURCE, EXCEPTIONS } from './exceptions.ts';
import { givenImages, setUpWhole } from './stack.ts';
import { type WrittenPolicy, writtenPolicies } from './written-policies.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterEach(() => {
  world.check();
  world.reset();
});
afterAll(() => world.stop());

/** What a whole setup sends that changes something. */
async function requestsOf(live: 's3' | 'eventbridge'): Promise<Entry[]> {
  await givenImages(world);
  world.journal.clear();
  await setUpWhole(world, { name: 'photos', choice: { live, enableEventBridge: true } });
  return world.journal.mutating();
}

const listed = (value: string | readonly string[] | undefined) => (value === undefined ? [] : [value].flat());

describe.each(['s3', 'eventbridge'] as const)('a stack with changes by way of %s', (live) => {
  let entries: Entry[];
  let policies: WrittenPolicy[];
  beforeAll(async () => {
    entries = await requestsOf(live);
    policies = writtenPolicies(entries);
  });
  const statements = () =>
    policies.flatMap(({ name, kind, document }) =>
      document.Statement.map((statement) => ({ name, kind, statement })),
    );

  it('is as every control wants it, but for the exceptions, of which each is needed', () => {
    const found = findings(entries);
    const excuses = (control: string, resource: string) =>
      EXCEPTIONS.filter((each) => each.control === control && (each.resource?.test(resource) ?? true));
    expect(found.filter(({ control, resource }) => excuses(control, resource).length === 0)).toEqual([]);
    const used = new Set(found.flatMap(({ control, resource }) => excuses(control, resource)));
    expect(EXCEPTIONS.filter((each) => !used.has(each))).toEqual([]);
  });

  it('has policies of every kind', () => {
    expect(policies.filter(({ kind }) => kind === 'rights').length).toBe(6);
    expect(policies.filter(({ kind }) => kind === 'trust').length).toBe(6);
    expect(
      policies
        .filter(({ kind }) => kind === 'resource')
        .map(({ name }) => name)
        .sort(),
    ).toEqual([
      'rekback-photos',
      'rekback-photos-111122223333-eu-west-1',
      'rekback-photos-dead-letters',
      'rekback-photos-live',
    ]);
  });

  it('allows no wildcard of actions, nor anything but what is listed', () => {
    for (const { name, statement } of statements()) {
      expect(Object.keys(statement), name).not.toContain('NotAction');
      expect(Object.keys(statement), name).not.toContain('NotPrincipal');
      if (statement.Effect === 'Deny') continue;
      for (const action of listed(statement.Action)) expect(action, name).toMatch(/^[a-z0-9]+:[A-Za-z]+$/);
    }
  });

  it('gives rights on everything only where AWS knows no resources, which are listed and all needed', async () => {
    const used = new Set<string>();
    for (const { name, kind, statement } of statements()) {
      if (kind === 'trust') continue;
      for (const resource of listed(statement.Resource)) {
        if (resource !== '*') {
          // Whose it is stays fixed: an S3 bucket by its name, all else by the account.
          expect(resource, name).toMatch(
            /^arn:aws:(s3:::[a-z0-9-]+(\/|$)|[a-z]+:eu-west-1:111122223333:[a-z])/,
          );
          continue;
        }
        for (const action of listed(statement.Action)) {
          expect(ANY_RESOURCE, name).toHaveProperty([action]);
          const [service = '', operation = ''] = action.split(':');
          expect(await isWildcardOnlyAction(service, operation), action).toBe(true);
          used.add(action);
        }
      }
    }
    expect([...used].sort()).toEqual(Object.keys(ANY_RESOURCE).sort());
  });

  it('lets services in for this account and for what they act for only, and nobody else but our own roles', () => {
    const services = new Set<string>();
    for (const { name, statement } of statements()) {
      if (statement.Effect === 'Deny' || statement.Principal === undefined) continue;
      expect(statement.Principal, name).not.toBe('*');
      const { Service, AWS, ...others } = Object(statement.Principal);
      expect(others, name).toEqual({});
      for (const arn of listed(AWS))
        expect(arn, name).toMatch(/^arn:aws:iam::111122223333:(role\/rekback-photos-|root$)/);
      if (Service === undefined) continue;
      services.add(Service);
      expect(conditionOf(statement, 'aws:SourceAccount'), name).toEqual(['111122223333']);
      const sources = conditionOf(statement, 'aws:SourceArn');
      expect(sources.length, name).toBeGreaterThan(0);
      for (const source of sources) {
        expect(source, name).toMatch(/^arn:aws:(s3:::[a-z0-9-]+$|[a-z]+:eu-west-1:111122223333:)/);
      }
    }
    expect([...services].sort()).toEqual([
      'ecs-tasks.amazonaws.com',
      'events.amazonaws.com',
      'lambda.amazonaws.com',
      's3.amazonaws.com',
    ]);
  });
});

/** The values of a condition's key, however they are compared. */
const conditionOf = ({ Condition = {} }: Statement, key: string): string[] =>
  Object.entries(Condition).flatMap(([operator, keys]) =>
    /^(String|Arn)(Equals|Like)$/.test(operator) && keys[key] !== undefined
      ? [keys[key]].flat().map(String)
      : [],
  );

it('every control finds what is not as it wants it', () => {
  const open = JSON.stringify({
    Statement: [{ Effect: 'Allow', Principal: '*', Action: '*', Resource: '*' }],
  });
  const container = { privileged: true, environment: [{ name: 'AWS_SECRET_ACCESS_KEY' }] };
  const requests: Record<string, object> = {
    CreateBucket: { Bucket: 'b' },
    PutBucketPolicy: { Bucket: 'b', Policy: open },
    PutBucketAcl: { Bucket: 'b' },
    CreateQueue: { QueueName: 'q', Attributes: { Policy: open } },
    CreateFunction: { FunctionName: 'f', Runtime: 'nodejs18.x' },
    AddPermission: { FunctionName: 'f' },
    CreateRepository: { repositoryName: 'r', imageTagMutability: 'MUTABLE' },
    CreateDomain: { DomainName: 'd', AccessPolicies: open },
    CreateLogGroup: { logGroupName: 'l' },
    AuthorizeSecurityGroupIngress: { GroupId: 'g' },
    RegisterJobDefinition: {
      jobDefinitionName: 'j',
      ecsProperties: { taskProperties: [{ containers: [container] }] },
    },
  };
  const entries = Object.entries(requests).map(([operation, input]) => ({ operation, input }) as Entry);
  expect(new Set(findings(entries).map(({ control }) => control))).toEqual(new Set(Object.keys(CONTROLS)));
});
