import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { ContainerRun } from '../../aws/batch/container.ts';
import { interruptSpot } from '../../aws/batch/reach.ts';
import { rekognitionIn } from '../../aws/rekognition/service.ts';
import { printed } from '../../commands/workspace.ts';
import { describeOnNodes } from '../opensearch/node.ts';
import { beginPipeline, type Found, LEDGER, openPipeline, type Pipeline, type RunJson } from './pipeline.ts';

/** Of `--rate`: calls a second, with which a run of the samples takes five seconds. */
const RATE = 5;
/** Calls in flight at that rate at once, and those whose answers wait for a second to be written together. */
const MOST_IN_FLIGHT = 8 + RATE;

await describeOnNodes(
  'a run whose jobs are processes, with a real index',
  (endpoint) => {
    let pipeline: Pipeline;
    /** What the index has after a run that nothing disturbed. */
    let undisturbed: Found['images'];

    beforeAll(async () => {
      pipeline = await openPipeline();
      await beginPipeline(pipeline, endpoint);
      await pipeline.putSamples();
      await pipeline.setup();
      pipeline.deliver();
      pipeline.snapshot = pipeline.world.store.snapshot();
      await pipeline.submit();
      expect(await pipeline.follow(3)).toMatchObject(LEDGER);
      undisturbed = await pipeline.indexed();
      expect(undisturbed).toHaveLength(LEDGER.indexed);
    }, 120_000);
    afterAll(() => pipeline.remove());
    beforeEach(() => beginPipeline(pipeline, endpoint), 60_000);

    /** Begins a slow run and waits until so many calls were made. @returns its worker */
    async function beginRun(calls: number): Promise<{ worker: ContainerRun; kill: () => void }> {
      const started = new Promise<{ worker: ContainerRun; kill: () => void }>((resolve) => {
        pipeline.onContainer = (worker, kill) => {
          if (worker.command[0] === 'worker') resolve({ worker, kill });
        };
      });
      rekognitionIn(pipeline.world).takeTime(300);
      await pipeline.submit('--rate', String(RATE));
      const begun = await started;
      await until(calls);
      return begun;
    }

    async function until(calls: number): Promise<void> {
      while (pipeline.calls() < calls) await new Promise((resolve) => setTimeout(resolve, 20));
    }

    const interrupt = ({ account, region, jobId }: ContainerRun) =>
      interruptSpot(pipeline.world, { account, region }, jobId);

    const isAsUndisturbed = async (run: RunJson['run']) => {
      expect(run).toMatchObject(LEDGER);
      expect(await pipeline.indexed()).toEqual(undisturbed);
    };

    test('of which Spot takes a worker away without waiting is finished by its next attempt', async () => {
      const { worker, kill } = await beginRun(10);
      interrupt(worker);
      kill();
      await isAsUndisturbed(await pipeline.follow(3));
      expect(pipeline.calls()).toBeGreaterThan(LEDGER.labelCalls);
      expect(pipeline.calls() - LEDGER.labelCalls).toBeLessThanOrEqual(MOST_IN_FLIGHT);
    }, 60_000);

    test('of which Spot interrupts a worker pays for nothing twice', async () => {
      const attempts: number[] = [];
      const { worker } = await beginRun(10);
      pipeline.onContainer = ({ attempt }) => attempts.push(attempt);
      interrupt(worker);
      await isAsUndisturbed(await pipeline.follow(3));
      expect(attempts).toEqual([2]);
      expect(pipeline.calls()).toBe(LEDGER.labelCalls);
    }, 60_000);

    test('whose worker is killed by itself ends interrupted, and goes on with the same command', async () => {
      const { kill } = await beginRun(10);
      kill();
      const killed = await pipeline.follow(130);
      expect(killed).toMatchObject({ state: 'interrupted', cause: { code: 'job-failed' } });
      expect((await pipeline.submit()).id).toBe(killed.id);
      await isAsUndisturbed(await pipeline.follow(3));
      expect(pipeline.calls() - LEDGER.labelCalls).toBeLessThanOrEqual(MOST_IN_FLIGHT);
    }, 60_000);

    test('that Rekognition refuses fails with the cause after a few calls, and goes on once it may', async () => {
      const allow = pipeline.world.deny('rekognition:DetectLabels');
      await pipeline.submit();
      const refused = await pipeline.follow(1);
      const { run: shown } = await pipeline.json<{ run: { failedJobs: object[] } }>(['backfill', 'show']);
      expect(shown.failedJobs).toEqual([
        expect.objectContaining({
          exitCode: 1,
          lastLines: [expect.stringContaining('"code":"labeler-denied"')],
        }),
      ]);
      expect(refused).toMatchObject({ state: 'failed', cause: { code: 'labeler-denied' }, indexed: 0 });
      const calls = pipeline.calls();
      expect(calls).toBeLessThanOrEqual(50);
      allow();
      expect((await pipeline.submit()).id).toBe(refused.id);
      await isAsUndisturbed(await pipeline.follow(3));
      expect(pipeline.calls() - calls).toBe(LEDGER.labelCalls);
    }, 60_000);

    test('that is cancelled keeps what it has, and another pays only for the rest', async () => {
      // All that fail are among the first.
      await beginRun(14);
      const { run } = await pipeline.json<RunJson>(['backfill', 'cancel']);
      expect(run).toMatchObject({ state: 'cancelled', labelCalls: pipeline.calls() });
      expect(run.pending).toBeGreaterThan(0);
      expect((await pipeline.submit()).id).not.toBe(run.id);
      const next = await pipeline.follow(0);
      expect(next).toMatchObject({ state: 'succeeded', indexed: LEDGER.indexed - run.indexed, pending: 0 });
      expect(await pipeline.indexed()).toEqual(undisturbed);
      expect(pipeline.calls()).toBe(LEDGER.labelCalls);
    }, 60_000);

    test('stops at a limit of calls, and goes on from there', async () => {
      await pipeline.submit('--limit', '5');
      const stopped = await pipeline.follow(4);
      expect(stopped).toMatchObject({ state: 'stopped', cause: { code: 'limit-reached' }, labelCalls: 5 });
      expect(pipeline.calls()).toBe(5);
      expect((await pipeline.submit()).id).toBe(stopped.id);
      await isAsUndisturbed(await pipeline.follow(3));
      expect(pipeline.calls()).toBe(LEDGER.labelCalls);
    }, 60_000);

    test('outlives Ctrl-C at the command that follows it, and is followed from elsewhere', async () => {
      rekognitionIn(pipeline.world).takeTime(300);
      const args = ['backfill', 'now', '--yes', '--wait', '--rate', String(RATE)];
      const child = await pipeline.start(args);
      const said = printed(child.stderr, (text) => text.includes('backfill watch'));
      const left = new Promise((resolve) => child.on('close', resolve));
      await until(5);
      child.kill('SIGINT');
      expect(await left).toBe(130);
      expect(await said).toContain('The run goes on without this command. Follow it: rekback backfill watch');
      const elsewhere = join(pipeline.folder, 'elsewhere');
      const env = { REKBACK_HOME: elsewhere };
      const { run } = await pipeline.json<RunJson>(['backfill', 'watch'], 3, { env });
      await rm(elsewhere, { recursive: true, force: true });
      await isAsUndisturbed(run);
      expect(pipeline.calls()).toBe(LEDGER.labelCalls);
    }, 60_000);
  },
  ['2.19.1.0'],
);
