import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openMemoryObjects } from '../../src/adapters/memory/objects.ts';
import { consumeInventory, type InventoryParts } from '../../src/entry/live/inventory.ts';
import type { RunRecord } from '../../src/runtime/contract.ts';
import type { JobState, Jobs, ObjectStore } from '../../src/runtime/ports.ts';
import { INVENTORY_CONSUMED, RUN_LEASE } from '../../src/runtime/run/layout.ts';
import { takeLease } from '../../src/runtime/run/lease.ts';
import { readRun, runIds, writeRun } from '../../src/runtime/run/record.ts';
import { jobsAsHolder, rememberJob } from '../../src/runtime/run/remote.ts';

const MANIFEST = 'inventory/photos/x/2026-11-23T01-00Z/manifest.json';
const LABELING = { labeler: 'memory', revision: 1, labelFloor: 0, maxLabels: 100, include: [], exclude: [] };
/** Leases of a process that is dead are free after a minute. */
const MINUTE = 61_000;

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }));
afterEach(() => void vi.useRealTimers());

/** Thrown by every effect of a process that was killed. */
class Killed extends Error {}

function world(objects: ObjectStore = openMemoryObjects()) {
  const states = new Map<string, JobState['state']>();
  const planners: string[] = [];
  let triggers = 1;
  let processes = 0;

  /** Another process; `kill` ends it before or after the effect of this number, from 0. */
  function start(kill?: { effect: number; when: 'before' | 'after' }, backfill: 'auto' | 'manual' = 'auto') {
    let effects = 0;
    let dead = false;
    const effect =
      <A extends unknown[], R>(act: (...args: A) => Promise<R>) =>
      async (...args: A): Promise<R> => {
        if (dead) throw new Killed();
        const number = effects++;
        if (kill?.effect === number && kill.when === 'before') {
          dead = true;
          throw new Killed();
        }
        const result = await act(...args);
        if (kill?.effect === number) {
          dead = true;
          throw new Killed();
        }
        return result;
      };
    const jobs: Jobs = {
      submitPlanner: effect(async (run) => {
        const id = `job-${planners.push(run)}`;
        states.set(id, 'waiting');
        return id;
      }),
      submitWorkers: async () => {
        throw new Error('no right to that');
      },
      look: async (ids) =>
        ids.flatMap((id) => {
          const state = states.get(id);
          return state === undefined ? [] : [{ id, state }];
        }),
      end: async () => {},
    };
    const parts: InventoryParts = {
      objects: { ...objects, put: effect(objects.put), remove: effect(objects.remove) },
      jobs,
      labeling: LABELING,
      backfill,
      holder: {
        id: `process-${++processes}`,
        what: 'test',
        user: 'u',
        host: 'h',
        pid: processes,
        started: '',
        since: '',
      },
      removeTrigger: effect(async () => {
        triggers = 0;
      }),
      log: () => {},
    };
    return { run: () => consumeInventory(MANIFEST, parts), parts, effects: () => effects };
  }
  return { objects, start, states, planners, triggers: () => triggers };
}

const isConsumed = async (objects: ObjectStore) => (await objects.get(INVENTORY_CONSUMED)) !== undefined;

test('an inventory starts one run, is consumed, and its trigger goes', async () => {
  const { objects, start, planners, triggers } = world();
  expect(await start().run()).toBe('done');
  const [id = '', ...others] = await runIds(objects);
  expect(others).toEqual([]);
  expect(await readRun(objects, id)).toMatchObject({
    state: 'planning',
    selection: { from: { kind: 'inventory' }, relabel: 'none' },
  });
  expect(planners).toEqual([id]);
  expect(await isConsumed(objects)).toBe(true);
  expect(triggers()).toBe(0);
});

test('killed before or after any of its effects: the next delivery goes on, and there is one run', async () => {
  const whole = world().start();
  await whole.run();
  expect(whole.effects()).toBeGreaterThan(8);
  for (let effect = 0; effect < whole.effects(); effect++) {
    for (const when of ['before', 'after'] as const) {
      const { objects, start, planners, triggers } = world();
      await start({ effect, when })
        .run()
        .catch((error: unknown) => expect(error).toBeInstanceOf(Killed));
      // At once the dead one's leases may still be held; a minute later they are not.
      const early = await start().run();
      expect(['done', 'waiting']).toContain(early);
      vi.setSystemTime(Date.now() + MINUTE);
      expect(await start().run(), `${when} ${effect}`).toBe('done');
      const ids = await runIds(objects);
      expect(ids, `${when} ${effect}`).toHaveLength(1);
      // A second planner, of the same run, only where nobody could know of the first.
      expect(new Set(planners)).toEqual(new Set(ids));
      expect(planners.length).toBeLessThanOrEqual(2);
      expect(await isConsumed(objects)).toBe(true);
      expect(triggers()).toBe(0);
    }
  }
});

test('duplicates at the same time, and long after: one run', async () => {
  const { objects, start, planners } = world();
  const verdicts = await Promise.all([start().run(), start().run(), start().run()]);
  expect(verdicts.filter((verdict) => verdict === 'done')).not.toEqual([]);
  for (let later = 0; later < 3; later++) expect(await start().run()).toBe('done');
  expect(await runIds(objects)).toHaveLength(1);
  expect(planners).toHaveLength(1);
});

test('manual: never', async () => {
  const { objects, start, planners } = world();
  expect(await start(undefined, 'manual').run()).toBe('done');
  expect(await runIds(objects)).toEqual([]);
  expect(planners).toEqual([]);
  expect(await isConsumed(objects)).toBe(false);
});

describe('another run', () => {
  const other = (state: RunRecord['state']): RunRecord => ({
    format: 1,
    id: '20260101-000000-0000',
    state,
    selection: { from: { kind: 'listing' }, relabel: 'none' },
    labeling: LABELING,
    startedAt: '2026-01-01T00:00:00.000Z',
  });

  test('that is active is waited for', async () => {
    const { objects, start, states, planners } = world();
    const running = other('running');
    await writeRun(objects, running);
    await rememberJob(objects, running.id, 'workers', 'w');
    states.set('w', 'running');
    const { holder } = start().parts;
    const lease = await takeLease(objects, RUN_LEASE, holder, () => undefined);
    if ('release' in lease) await lease.handOver(jobsAsHolder(running.id, holder));
    expect(await start().run()).toBe('waiting');
    expect(planners).toEqual([]);
    expect(await isConsumed(objects)).toBe(false);

    states.set('w', 'succeeded');
    await writeRun(objects, other('succeeded'));
    expect(await start().run()).toBe('done');
    expect(planners).toHaveLength(1);
  });

  test('that a person has to finish is waited for', async () => {
    const { objects, start, planners } = world();
    await writeRun(objects, other('interrupted'));
    expect(await start().run()).toBe('waiting');
    await writeRun(objects, other('cancelled'));
    expect(await start().run()).toBe('done');
    expect(planners).toHaveLength(1);
  });

  test('of an inventory that a person began after this one had arrived is taken for it', async () => {
    const { objects, start, planners } = world();
    await writeRun(objects, other('interrupted'));
    expect(await start().run()).toBe('waiting');
    await writeRun(objects, other('cancelled'));
    const theirs = { ...other('succeeded'), id: '20260102-000000-0000', selection: FROM_INVENTORY };
    await writeRun(objects, theirs);
    expect(await start().run()).toBe('done');
    expect(planners).toEqual([]);
  });
});

const FROM_INVENTORY: RunRecord['selection'] = { from: { kind: 'inventory' }, relabel: 'none' };
