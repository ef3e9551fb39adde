import { describe, expect, test } from 'vitest';
import { SystemicError } from '../../../src/runtime/errors.ts';
import { finishRun } from '../../../src/runtime/run/finish.ts';
import { chunkLease, runCancel } from '../../../src/runtime/run/layout.ts';
import { findRun, summarise } from '../../../src/runtime/run/record.ts';
import { withJobs } from '../../../src/runtime/run/remote.ts';
import { CALM, contentOf, crewStack, seeded } from './crew.simulation.ts';
import { scanAll } from './memory-stack.ts';

/** REKBACK_SEED=17 replays one. */
const SEEDS = process.env.REKBACK_SEED
  ? [Number(process.env.REKBACK_SEED)]
  : Array.from({ length: 300 }, (_, at) => at + 1);

type Stack = ReturnType<typeof crewStack>;

/** Counted from the images alone. */
function expected(images: number) {
  const contents = Array.from({ length: images }, (_, at) => contentOf(at));
  const corrupt = contents.filter((content) => content.startsWith('corrupt')).length;
  const empty = contents.filter((content) => content === '').length;
  return {
    total: images + 3,
    indexed: images - corrupt - empty,
    skipped: { 'not-an-image': 3 },
    failed: { ...(corrupt > 0 && { corrupt }), ...(empty > 0 && { empty }) },
    pending: 0,
    calls: images - empty,
  };
}

async function documents({ index }: Stack) {
  const all = await scanAll(index);
  return all.map(({ key, state, reason, labels }) => ({ key, state, reason, labels }));
}

async function end(stack: Stack) {
  await stack.settled();
  const run = await findRun(stack.objects, undefined);
  await finishRun(stack.objects, stack.jobs, run.id);
  return summarise(
    stack.objects,
    await findRun(stack.objects, run.id),
    withJobs(stack.objects, stack.jobs, () => true),
  );
}

test('a crew that nothing happens to labels every image once', async () => {
  const stack = crewStack({ seed: 1, images: 40, chunkRows: 6, workers: 3, chaos: CALM });
  await stack.submit();
  const { calls, ...ledger } = expected(40);
  expect(await end(stack)).toMatchObject({ state: 'succeeded', ...ledger, labelCalls: calls });
  expect(stack.labeler.calls).toHaveLength(calls);
  // One for the planner, and one for all workers.
  expect(stack.submissions()).toBe(2);
  await stack.submit();
  expect(await end(stack)).toMatchObject({
    state: 'succeeded',
    skipped: { unchanged: ledger.indexed, 'failed-before': 40 - ledger.indexed, 'not-an-image': 3 },
    labelCalls: 0,
  });
  expect(stack.labeler.calls).toHaveLength(calls);
});

test.each(['planner', 'worker'])(
  'killed at any write of its %s, it ends as a calm run does',
  async (kind) => {
    const options = { seed: 1, images: 17, chunkRows: 4, workers: 2, chaos: CALM };
    const calm = crewStack(options);
    await calm.submit();
    const { calls, ...ledger } = expected(17);
    expect(await end(calm)).toMatchObject(ledger);
    const job = kind === 'planner' ? 1 : 2;
    const writes = calm.writesOf(kind === 'planner' ? 'job-1' : 'job-2:0');
    expect(writes).toBeGreaterThan(6);
    for (let write = 0; write < writes; write++) {
      for (const when of ['before', 'after'] as const) {
        const at = `${when} write ${write}`;
        const stack = crewStack({ ...options, killAt: { job, write, when } });
        await stack.submit();
        expect(await end(stack), at).toMatchObject({ state: 'succeeded', ...ledger });
        expect(stack.kills(), at).toBe(1);
        expect(await documents(stack), at).toEqual(await documents(calm));
        expect(stack.labeler.calls.length, at).toBeLessThanOrEqual(calls + options.chunkRows);
      }
    }
  },
);

test.each([1, 2, 9, 17])(
  'a worker that is told to stop at call %i goes on, and nothing is paid twice',
  async (stopAt) => {
    const stack = crewStack({ seed: 1, images: 40, chunkRows: 40, workers: 1, chaos: CALM, stopAt });
    await stack.submit();
    const { calls, ...ledger } = expected(40);
    expect(await end(stack)).toMatchObject({ state: 'succeeded', ...ledger, labelCalls: calls });
    expect(stack.labeler.calls).toHaveLength(calls);
  },
);

describe('a limit of labeler calls', () => {
  test.each([1, 7, 20])('of %i is hard, however many workers there are', async (limit) => {
    const stack = crewStack({ seed: limit, images: 40, chunkRows: 6, workers: 4, chaos: CALM });
    await stack.submit(limit);
    const stopped = await end(stack);
    expect(stopped).toMatchObject({ state: 'stopped', cause: { code: 'limit-reached' }, labelCalls: limit });
    expect(stack.labeler.calls).toHaveLength(limit);
    await stack.submit();
    const { calls, ...ledger } = expected(40);
    expect(await end(stack)).toMatchObject({ state: 'succeeded', ...ledger });
    expect(stack.labeler.calls).toHaveLength(calls);
  });

  test('that is not reached stops nothing', async () => {
    const { calls, ...ledger } = expected(40);
    const stack = crewStack({ seed: 1, images: 40, chunkRows: 6, workers: 4, chaos: CALM });
    await stack.submit(calls);
    expect(await end(stack)).toMatchObject({ state: 'succeeded', ...ledger });
  });

  test.each(SEEDS.slice(0, 50))('is hard for killed and doubled workers too: seed %i', async (seed) => {
    const chaos = { ...CALM, kill: 0.3, duplicate: 0.3 };
    const stack = crewStack({ seed, images: 40, chunkRows: 6, workers: 4, chaos });
    await stack.submit(15);
    await end(stack);
    // A killed worker's calls in flight were made, and cannot be known to have been.
    expect(stack.labeler.calls.length).toBeLessThanOrEqual(15 + stack.kills() * 6);
  });
});

test('an error that would meet every image stops the whole crew with its cause', async () => {
  const stack = crewStack({ seed: 1, images: 600, chunkRows: 20, workers: 4, chaos: CALM });
  stack.breakLabeler(new SystemicError('access-denied', 'no right', { suggestions: ['ask for it'] }));
  await stack.submit();
  const cause = { code: 'access-denied', message: 'no right', suggestions: ['ask for it'] };
  expect(await end(stack)).toMatchObject({ state: 'failed', cause, indexed: 0, labelCalls: 0 });
  expect(stack.attempts()).toBeLessThanOrEqual(4 * 50);
  stack.breakLabeler(undefined);
  await stack.submit();
  expect(await end(stack)).toMatchObject({ state: 'succeeded', pending: 0 });
});

test('what killed workers held is worked on as soon as their run goes on', async () => {
  const stack = crewStack({ seed: 1, images: 40, chunkRows: 6, workers: 4, chaos: CALM });
  await stack.submit(7);
  const { id, state } = await end(stack);
  expect(state).toBe('stopped');
  const holder = { id: 'killed', what: 'worker', user: '', host: '', pid: 0, started: '', since: '' };
  const held = Buffer.from(JSON.stringify({ holder, renewedAt: Date.now() }));
  for (let chunk = 0; chunk < 7; chunk++) await stack.objects.put(chunkLease(id, chunk), held);
  await stack.submit();
  expect(await end(stack)).toMatchObject({ id, state: 'succeeded', pending: 0 });
});

test('a run that is cancelled ends so, and another begins', async () => {
  const stack = crewStack({ seed: 1, images: 40, chunkRows: 6, workers: 4, chaos: CALM });
  const { run } = await stack.submit();
  await stack.objects.put(runCancel(run.id), Buffer.from('{}'));
  expect(await end(stack)).toMatchObject({ id: run.id, state: 'cancelled' });
  await stack.submit();
  const ended = await end(stack);
  expect(ended).toMatchObject({ state: 'succeeded', pending: 0 });
  expect(ended.id).not.toBe(run.id);
});

test('a run that is active is not begun again', async () => {
  const stack = crewStack({ seed: 1, images: 40, chunkRows: 6, workers: 2, chaos: CALM });
  await stack.submit();
  await expect(stack.submit()).rejects.toMatchObject({ code: 'run-active' });
  expect(await end(stack)).toMatchObject({ state: 'succeeded' });
});

describe('whatever happens to its jobs', () => {
  test.each(SEEDS)('seed %i: the index and the account are those of a calm run', async (seed) => {
    const random = seeded(seed * 7919);
    const options = {
      seed,
      images: 5 + Math.floor(random() * 40),
      chunkRows: 2 + Math.floor(random() * 7),
      workers: 1 + Math.floor(random() * 5),
    };
    const calm = crewStack({ ...options, chaos: CALM });
    await calm.submit();
    await end(calm);

    const chance = () => (random() < 0.3 ? 0 : random() * 0.5);
    // Six faults or lost comparisons of one image in a row are a failure of its own.
    const chaos = {
      kill: chance(),
      duplicate: chance(),
      label: chance() * 0.3,
      lostAnswer: chance(),
      conflict: chance() * 0.3,
    };
    const stack = crewStack({ ...options, chaos });
    await stack.submit();
    const { calls, ...ledger } = expected(options.images);
    let run = await end(stack);
    // What a lost process had begun is gone on with by the same command.
    for (let again = 0; run.state !== 'succeeded' && again < 5; again++) {
      await stack.submit();
      run = await end(stack);
    }
    expect(run).toMatchObject({ state: 'succeeded', ...ledger });
    expect(await documents(stack)).toEqual(await documents(calm));
    const paidAgain = stack.labeler.calls.length - calls;
    expect(paidAgain).toBeLessThanOrEqual(stack.kills() * options.chunkRows);
  });
});
