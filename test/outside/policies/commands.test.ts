import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { GetQueueUrlCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { PERSONAS, type Persona, personaPolicy } from '../../../src/provision/iam/personas.ts';
import { hasActiveJobs } from '../../aws/batch/reach.ts';
import { jpeg } from '../../aws/rekognition/pictures.ts';
import { BUCKET } from '../../commands/aws-workspace.ts';
import { contextOf, ofObjects } from '../../provision/iam/needs.ts';
import { startBaseRegistry } from '../../provision/image/base-registry.ts';
import { describeOnNodes } from '../opensearch/node.ts';
import { beginPipeline, openPipeline, type Pipeline } from '../pipeline/pipeline.ts';
import { authorizer, type Decision } from './authorizer.ts';

const ACCOUNT = '111122223333';
const LONG = { timeout: 180_000 };

// What a person may does not depend on the engine.
await describeOnNodes(
  'with the policy that doctor prints',
  (endpoint) => {
    let pipeline: Pipeline;
    let base: Awaited<ReturnType<typeof startBaseRegistry>>;
    let decisions: Decision[] = [];
    const people = new Map<Persona, Record<string, string>>();

    beforeAll(async () => {
      pipeline = await openPipeline();
      await beginPipeline(pipeline, endpoint);
      base = await startBaseRegistry();
      base.put('docker/library/node', '24-slim');
      for (const persona of PERSONAS) people.set(persona, await personOf(persona));
      const { world, stack } = pipeline;
      const decide = authorizer(world, {
        context: (action, resource) => contextOf(action, resource, stack),
        decided: (each) => decisions.push(each),
      });
      // Of people only: what the stack's own roles may has its own suite.
      world.authorize = (principal, action, resource) =>
        !/person-/.test(principal.role ?? '') || decide(principal, action, ofObjects(action, resource));
    }, 60_000);
    beforeEach(() => {
      decisions = [];
    });
    afterAll(async () => {
      await base.stop();
      await pipeline.remove();
    });

    /** The keys of somebody with this policy, as the environment has them. */
    async function personOf(persona: Persona): Promise<Record<string, string>> {
      const { world, stack } = pipeline;
      const iam = new IAMClient(world.client());
      const RoleName = `person-${persona}`;
      const AssumeRolePolicyDocument = JSON.stringify({
        Version: '2012-10-17',
        Statement: [
          {
            Effect: 'Allow',
            Principal: { AWS: `arn:aws:iam::${ACCOUNT}:root` },
            Action: 'sts:AssumeRole',
          },
        ],
      });
      await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
      const place = { name: stack, account: ACCOUNT, region: 'eu-west-1', partition: 'aws', iamPath: '/' };
      const PolicyDocument = JSON.stringify(personaPolicy(persona, { place, bucket: BUCKET }));
      await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'persona', PolicyDocument }));
      const RoleArn = `arn:aws:iam::${ACCOUNT}:role/${RoleName}`;
      const { Credentials: keys } = await new STSClient(world.client()).send(
        new AssumeRoleCommand({ RoleArn, RoleSessionName: 'person' }),
      );
      return {
        AWS_ACCESS_KEY_ID: keys?.AccessKeyId ?? '',
        AWS_SECRET_ACCESS_KEY: keys?.SecretAccessKey ?? '',
        AWS_SESSION_TOKEN: keys?.SessionToken ?? '',
      };
    }

    const run = (persona: Persona, args: readonly string[]) =>
      pipeline.run([...args, '--json', '--progress', 'none'], { env: people.get(persona) ?? {} });

    /** Runs a command that must end well, without a call that was refused but for these. */
    async function works(
      persona: Persona,
      args: readonly string[],
      but: readonly string[] = [],
      exitCode = 0,
    ) {
      decisions = [];
      const { stdout, stderr, code } = await run(persona, args);
      const refused = decisions.filter(({ allowed }) => !allowed).map(({ action }) => action);
      expect(
        { refused: [...new Set(refused)], stderr, code },
        `${persona}: ${args.join(' ')}: ${stdout}`,
      ).toEqual({
        refused: but,
        stderr: '',
        code: exitCode,
      });
      expect(decisions).not.toEqual([]);
      return stdout;
    }

    /** Waits for jobs that still run: they write too. */
    async function settled() {
      while (hasActiveJobs(pipeline.world, { account: ACCOUNT, region: 'eu-west-1' }))
        await new Promise((resolve) => setTimeout(resolve, 50));
    }

    async function sendDeadLetter() {
      const sqs = new SQSClient(pipeline.world.client());
      const QueueName = `rekback-${pipeline.stack}-dead-letters`;
      const { QueueUrl } = await sqs.send(new GetQueueUrlCommand({ QueueName }));
      await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: '{}' }));
    }

    test('an administrator sets up, with the image that is pushed, and asks the doctor', LONG, async () => {
      await pipeline.put('dog.jpg', await jpeg(['Dog']));
      await pipeline.put('broken.jpg', Buffer.from('no image'));
      const image = `${base.host}/docker/library/node:24-slim`;
      const named = ['--bucket', BUCKET, '--stack', pipeline.stack, '--base-image', image];
      await works('admin', ['setup', ...named, '--yes']);
      await works('admin', ['doctor', '--stack', pipeline.stack, '--bucket', BUCKET]);
    });

    test('an operator runs backfills, live changes and settings', LONG, async () => {
      const { dryRun } = JSON.parse(await works('operator', ['backfill', 'now', '--dry-run']));
      expect(dryRun).toMatchObject({ total: 2, toLabel: 2 });
      const ended = JSON.parse(await works('operator', ['backfill', 'now', '--yes', '--wait'], [], 3));
      expect(ended).toMatchObject({ run: { state: 'succeeded', indexed: 1, failed: { format: 1 } } });
      await works('operator', ['index', 'rebuild']);
      for (const args of [
        ['backfill', 'now', '--yes'],
        ['backfill', 'cancel'],
      ])
        await works('operator', args);
      await settled();
      await works('operator', ['backfill', 'retry', ended.run.id, '--yes']);
      await sendDeadLetter();
      for (const args of [
        ['live', 'pause'],
        ['live', 'resume'],
        ['live', 'redrive', '--yes'],
        ['settings', 'set', 'live-max-per-day=1000'],
        ['estimate', '--bucket', BUCKET],
      ])
        await works('operator', args);
    });

    const LOOKS = [
      ['stacks'],
      ['status'],
      ['settings'],
      ['search', 'dog'],
      ['labels'],
      ['show', 'dog.jpg'],
      ['images', 'list', '--state', 'failed'],
      ['failures', 'list'],
      ['backfill', 'list'],
      ['backfill', 'show'],
      ['backfill', 'now', '--dry-run'],
      ['logs'],
      ['logs', '--live'],
      ['live', 'status'],
    ];

    // The index's own roles are shown to those who may act as its administrator.
    test.each([
      ['viewer', ['sts:AssumeRole']],
      ['operator', []],
      ['admin', []],
    ] as const)('everything is shown to the %s', LONG, async (persona, ofStatus) => {
      await settled();
      for (const args of LOOKS) await works(persona, args, args[0] === 'status' ? ofStatus : []);
      // Its image still can't be labelled.
      await works(persona, ['backfill', 'watch'], [], 3);
      expect(JSON.parse(await works(persona, ['search', 'dog']))).toMatchObject({ total: 1 });
    });

    test(
      'a viewer who tries more is told how to see what is missing, and nothing changes',
      LONG,
      async () => {
        await settled();
        const { world } = pipeline;
        world.journal.clear();
        for (const args of [
          ['backfill', 'now', '--yes'],
          ['backfill', 'retry', '--yes'],
          ['index', 'rebuild'],
          ['settings', 'set', 'rate=5'],
          ['live', 'pause'],
          ['setup', '--bucket', BUCKET, '--stack', pipeline.stack, '--max-vcpus', '2', '--yes'],
        ]) {
          const { stdout, code } = await run('viewer', args);
          const { error } = JSON.parse(stdout);
          expect({ error, code }, args.join(' ')).toEqual({
            error: {
              code: expect.any(String),
              message: expect.stringMatching(/not authorized|AccessDenied/),
              suggestions: expect.arrayContaining([expect.stringContaining('rekback doctor')]),
            },
            code: 1,
          });
        }
        expect(world.journal.mutating().filter(({ error }) => error === undefined)).toEqual([]);
      },
    );

    test('an administrator removes everything', LONG, async () => {
      await settled();
      expect(JSON.parse(await works('admin', ['teardown', '--yes']))).toMatchObject({ left: [] });
    });
  },
  ['2.19.1.0'],
);
