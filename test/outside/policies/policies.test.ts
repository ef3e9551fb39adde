import { CreatePolicyCommand, CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { CreateQueueCommand, DeleteQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { World } from '../../aws/kernel/world.ts';
import { startWorld } from '../../aws/world.ts';
import { preparePython } from '../python/venv.ts';
import { describeWith, lookFor } from '../requires.ts';
import { authorizer, type Decision } from './authorizer.ts';
import { lint } from './lint.ts';
import { simulate } from './simulate.ts';

const allow = (Action: string | string[], Resource: string, Condition?: object) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action, Resource, ...(Condition && { Condition }) }],
});

describeWith('lint', await lookFor(preparePython), (python) => {
  const good = allow(['s3:GetObject'], 'arn:aws:s3:::images/*');

  test('has nothing against a good policy', async () => {
    expect(await lint(python, { good })).toEqual([]);
  });

  test('finds misspelt actions, wrong resources, and what is no policy', async () => {
    const findings = await lint(python, {
      good,
      misspelt: allow('s3:GetObjet', 'arn:aws:s3:::images/*'),
      mismatched: allow('s3:GetObject', 'arn:aws:s3:::images'),
      // SubmitJob is about jobs as well.
      incomplete: allow('batch:SubmitJob', 'arn:aws:batch:*:*:job-queue/q'),
      none: { Version: '2012-10-17', Statement: [{ Effect: 'Perhaps', Action: '*', Resource: '*' }] },
    });
    expect(findings.map(({ policy, issue }) => `${policy} ${issue}`)).toEqual([
      'misspelt UNKNOWN_ACTION',
      'mismatched RESOURCE_MISMATCH',
      'incomplete RESOURCE_MISMATCH',
      'none MALFORMED',
    ]);
  });

  test('lets a named exception pass, once it is needed', async () => {
    const policies = { misspelt: allow('s3:GetObjet', 'arn:aws:s3:::images/*') };
    const exception = { issue: 'UNKNOWN_ACTION', detail: 's3:GetObjet', reason: 'newer than parliament' };
    expect(await lint(python, policies, [exception])).toEqual([]);
    const [finding] = await lint(python, { good }, [exception]);
    expect(finding).toMatchObject({
      issue: 'UNUSED_EXCEPTION',
      detail: 'UNKNOWN_ACTION: newer than parliament',
    });
  });
});

describe('simulate', () => {
  const principal = 'arn:aws:iam::111122223333:role/worker';
  const passed = { StringEquals: { 'iam:PassedToService': 'batch.amazonaws.com' } };
  const identityPolicies = {
    objects: allow('s3:GetObject', 'arn:aws:s3:::images/*'),
    roles: allow('iam:PassRole', principal, passed),
  };
  const get = { action: 's3:GetObject', resource: 'arn:aws:s3:::images/a.jpg' };

  test('tells what is allowed, under which conditions', async () => {
    const pass = { action: 'iam:PassRole', resource: principal };
    const context = { 'iam:PassedToService': 'batch.amazonaws.com' };
    const attempts = [get, { ...get, action: 's3:PutObject' }, pass, { ...pass, context }];
    expect(await simulate({ principal, identityPolicies }, attempts)).toEqual({
      allowed: ['s3:GetObject arn:aws:s3:::images/a.jpg', `iam:PassRole ${principal}`],
      denied: ['s3:PutObject arn:aws:s3:::images/a.jpg', `iam:PassRole ${principal}`],
    });
  });

  test('heeds the boundary', async () => {
    const permissionsBoundary = allow('sqs:*', '*');
    const { denied } = await simulate({ principal, identityPolicies, permissionsBoundary }, [get]);
    expect(denied).toEqual(['s3:GetObject arn:aws:s3:::images/a.jpg']);
  });

  test('does not take what is no real request', async () => {
    const attempt = (attempt: { action: string; resource: string; context?: Record<string, string> }) =>
      simulate({ principal, identityPolicies }, [attempt]);
    await expect(attempt({ ...get, action: 's3:GetObjet' })).rejects.toThrow(/s3:GetObjet/);
    await expect(attempt({ ...get, resource: 'arn:aws:sqs:eu-west-1:111122223333:q' })).rejects.toThrow(
      /sqs/,
    );
    const context = { 'batch:JobQueue': 'q' };
    await expect(attempt({ ...get, context })).rejects.toThrow(/no condition keys batch:JobQueue/);
  });
});

describe('the double with the simulator in it', () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld();
  });
  afterEach(() => {
    world.check();
    world.reset();
  });
  afterAll(() => world.stop());

  /** Clients of a role with this policy, and this boundary if any. */
  async function roleWith(policy: object, boundary?: object): Promise<SQSClient> {
    const iam = new IAMClient(world.client());
    const trust = {
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Principal: { AWS: 'arn:aws:iam::111122223333:root' }, Action: 'sts:AssumeRole' },
      ],
    };
    const bound = boundary
      ? await iam.send(new CreatePolicyCommand({ PolicyName: 'b', PolicyDocument: JSON.stringify(boundary) }))
      : undefined;
    const PermissionsBoundary = bound?.Policy?.Arn;
    await iam.send(
      new CreateRoleCommand({
        RoleName: 'live',
        AssumeRolePolicyDocument: JSON.stringify(trust),
        ...(PermissionsBoundary !== undefined && { PermissionsBoundary }),
      }),
    );
    const PolicyDocument = JSON.stringify(policy);
    await iam.send(new PutRolePolicyCommand({ RoleName: 'live', PolicyName: 'p', PolicyDocument }));
    const RoleArn = 'arn:aws:iam::111122223333:role/live';
    const { Credentials: given } = await new STSClient(world.client()).send(
      new AssumeRoleCommand({ RoleArn, RoleSessionName: 'session' }),
    );
    const credentials = {
      accessKeyId: given?.AccessKeyId ?? '',
      secretAccessKey: given?.SecretAccessKey ?? '',
      sessionToken: given?.SessionToken ?? '',
    };
    return new SQSClient(world.client({ credentials }));
  }

  test('decides by the policies that the role has there', async () => {
    const decisions: Decision[] = [];
    world.authorize = authorizer(world, { decided: (each) => decisions.push(each) });
    const sqs = await roleWith(allow('sqs:CreateQueue', 'arn:aws:sqs:eu-west-1:111122223333:ours-*'));
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: 'ours-1' }));
    await expect(sqs.send(new CreateQueueCommand({ QueueName: 'theirs' }))).rejects.toThrow(
      /not authorized.*because no identity-based policy allows the action/,
    );
    await expect(sqs.send(new DeleteQueueCommand({ QueueUrl }))).rejects.toThrow(/not authorized/);
    expect(decisions.map(({ role, action, allowed }) => `${role} ${action} ${allowed}`)).toEqual([
      'live sqs:CreateQueue true',
      'live sqs:CreateQueue false',
      'live sqs:DeleteQueue false',
    ]);
  });

  test('heeds the boundary, and conditions that a test fulfils', async () => {
    const condition = { StringEquals: { 'aws:RequestedRegion': 'eu-west-1' } };
    const sqs = await roleWith(allow('sqs:*', '*', condition), allow('sqs:CreateQueue', '*'));
    world.authorize = authorizer(world);
    const create = () => sqs.send(new CreateQueueCommand({ QueueName: 'q' }));
    await expect(create()).rejects.toThrow(/not authorized/);
    world.authorize = authorizer(world, { context: () => ({ 'aws:RequestedRegion': 'eu-west-1' }) });
    const { QueueUrl } = await create();
    await expect(sqs.send(new DeleteQueueCommand({ QueueUrl }))).rejects.toThrow(/not authorized/);
  });
});
