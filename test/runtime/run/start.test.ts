import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { RunRecord, Selection } from '../../../src/runtime/contract.ts';
import { RetryableError, SystemicError } from '../../../src/runtime/errors.ts';
import { cancelRun } from '../../../src/runtime/run/cancel.ts';
import { listImages } from '../../../src/runtime/run/images.ts';
import { RUN_LEASE, runCancel } from '../../../src/runtime/run/layout.ts';
import { type Holder, takeLease } from '../../../src/runtime/run/lease.ts';
import { findRun, listRuns, newRunId, summarise } from '../../../src/runtime/run/record.ts';
import { failedImages } from '../../../src/runtime/run/retry.ts';
import { Killed, memoryStack } from './memory-stack.ts';

const PART: Selection = { from: { kind: 'listing' }, prefix: 'a', relabel: 'none' };
const ALL: Selection = { from: { kind: 'listing' }, relabel: 'none' };

const HOLDER: Holder = { id: '', what: 'other', user: '', host: '', pid: 0, started: '', since: '' };

let onCall = (_call: number): void | Promise<void> => {};
let stack: ReturnType<typeof memoryStack>;

beforeEach(() => {
  let calls = 0;
  onCall = () => {};
  stack = memoryStack(() => onCall(++calls));
  for (const at of [1, 2, 3, 4, 5]) stack.images.put(`a${at}.jpg`, `label ${at}`);
  stack.images.put('notes.txt', '');
});

const runs = () => listRuns(stack.objects, stack.isAlive);
const newest = (): Promise<RunRecord> => findRun(stack.objects, undefined);
const whole = { total: 6, indexed: 5, skipped: { 'not-an-image': 1 }, failed: {}, pending: 0 };

/** A promise, and what resolves it. */
function gate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

/** A backfill that stands still in its second call until it is let go on. */
function standing() {
  const [reached, goOn] = [gate(), gate()];
  onCall = async (call) => {
    if (call !== 2) return;
    reached.open();
    await goOn.opened;
  };
  const backfill = stack.backfill();
  backfill.catch(() => {});
  return { backfill, reached: reached.opened, goOn: goOn.open };
}

describe('two at once', () => {
  test('the second learns who is at it, and changes nothing', async () => {
    const first = standing();
    await first.reached;
    await expect(stack.backfill()).rejects.toMatchObject({
      code: 'run-active',
      message: expect.stringMatching(/^a run is active: 'test' by tester on here \(process 1, since 2026/),
      suggestions: [expect.stringContaining('--wait'), expect.stringContaining('cancel')],
    });
    expect(await runs()).toMatchObject([{ state: 'running', pending: 5 }]);
    first.goOn();
    expect((await first.backfill).run).toMatchObject({ state: 'succeeded', ...whole });
    expect(stack.labeler.calls).toHaveLength(5);
    expect(await stack.objects.get(RUN_LEASE)).toBeUndefined();
  });

  test('one that was taken for dead ends without touching what the other does', async () => {
    vi.useFakeTimers();
    try {
      const first = standing();
      await first.reached;
      await takeLease(stack.objects, RUN_LEASE, { ...HOLDER, id: 'other' }, () => false);
      await vi.advanceTimersByTimeAsync(60_000);
      const before = await newest();
      first.goOn();
      await expect(first.backfill).rejects.toMatchObject({ code: 'lease-lost' });
      expect(await newest()).toEqual(before);
      expect(await stack.objects.get(RUN_LEASE)).toBeDefined();
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('a run that did not come to its end', () => {
  const ends: Record<string, () => Promise<unknown>> = {
    async stopped() {
      expect((await stack.backfill({ maxCalls: 2 })).run).toMatchObject({
        state: 'stopped',
        indexed: 2,
        pending: 3,
        labelCalls: 2,
        cause: { code: 'limit-reached' },
      });
    },
    async failed() {
      onCall = (call) => {
        if (call === 3) throw new SystemicError('access-denied', 'no right', { suggestions: ['ask for it'] });
      };
      await expect(stack.backfill()).rejects.toMatchObject({ code: 'access-denied' });
      const cause = { code: 'access-denied', message: 'no right', suggestions: ['ask for it'] };
      expect(await runs()).toMatchObject([{ state: 'failed', indexed: 2, pending: 3, cause }]);
    },
    async interrupted() {
      const drain = new AbortController();
      onCall = (call) => (call === 2 ? drain.abort() : undefined);
      expect((await stack.backfill({ draining: drain.signal })).run).toMatchObject({
        state: 'interrupted',
        indexed: 2,
        pending: 3,
      });
    },
    async killed() {
      // After the archive's object, before the index's documents.
      await expect(stack.backfill({ kill: { write: 7, when: 'before' } })).rejects.toThrow(Killed);
      expect(await runs()).toMatchObject([{ state: 'interrupted', pending: 5 }]);
    },
  };

  for (const [name, end] of Object.entries(ends)) {
    test(`${name}: goes on where it was, without any selection or with its own`, async () => {
      await end();
      const { id } = await newest();
      onCall = () => {};
      await expect(stack.backfill({ selection: PART })).rejects.toMatchObject({
        code: 'run-unfinished',
        message: expect.stringContaining(id),
        suggestions: [expect.any(String), expect.stringContaining(`cancel ${id}`)],
      });
      const { run } = await stack.backfill(name === 'stopped' ? {} : { selection: ALL });
      expect(run).toMatchObject({ id, state: 'succeeded', ...whole, labelCalls: 5 });
      expect(run.cause).toBeUndefined();
      expect(stack.labeler.calls).toHaveLength(5);
      expect(await runs()).toHaveLength(1);
    });
  }

  test('by a cap again and again: each call counts once', async () => {
    for (const indexed of [2, 4]) {
      expect((await stack.backfill({ maxCalls: 2 })).run).toMatchObject({ state: 'stopped', indexed });
    }
    expect((await stack.backfill({ maxCalls: 2 })).run).toMatchObject({
      state: 'succeeded',
      ...whole,
      labelCalls: 5,
    });
  });

  test('before its rows were read: nothing is gone on with', async () => {
    const { list } = stack.images;
    stack.images.list = async function* () {
      yield [{ key: 'a1.jpg' }];
      throw new SystemicError('folder-unreadable', 'away');
    };
    await expect(stack.backfill()).rejects.toMatchObject({ code: 'folder-unreadable' });
    stack.images.list = list;
    const { run } = await stack.backfill({ selection: PART });
    expect(run).toMatchObject({ state: 'succeeded', total: 5 });
    expect((await runs()).map(({ state }) => state)).toEqual(['succeeded', 'failed']);
  });
});

describe('a run that came to its end', () => {
  test('is followed by another, which finds nothing to do', async () => {
    await stack.backfill();
    const { run } = await stack.backfill({ selection: PART });
    expect(run).toMatchObject({ total: 5, skipped: { unchanged: 5 }, labelCalls: 0 });
    expect(await runs()).toHaveLength(2);
  });
});

describe('cancelling', () => {
  const cancel = async () => cancelRun(stack.objects, await newest(), stack.isAlive);

  test('an active run: images in flight are finished, and it is not gone on with', async () => {
    const first = standing();
    await first.reached;
    const cancelling = cancel();
    await vi.waitUntil(async () => stack.objects.get(runCancel((await newest()).id)));
    // The run looks for it once a second.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    first.goOn();
    expect((await first.backfill).run).toMatchObject({ state: 'cancelled', indexed: 2, pending: 3 });
    expect(await cancelling).toMatchObject({ state: 'cancelled', cause: { code: 'cancelled' } });
    const { run } = await stack.backfill({ selection: PART });
    expect(run).toMatchObject({ state: 'succeeded', indexed: 3, skipped: { unchanged: 2 } });
    expect(await runs()).toHaveLength(2);
  });

  test('a dead run: it is over at once', async () => {
    await expect(stack.backfill({ kill: { write: 7, when: 'after' } })).rejects.toThrow(Killed);
    expect(await cancel()).toMatchObject({ state: 'cancelled', endedAt: expect.any(String) });
    expect(await summarise(stack.objects, await newest(), stack.isAlive)).toMatchObject({
      state: 'cancelled',
    });
    await stack.backfill({ selection: PART });
    expect(await runs()).toHaveLength(2);
  });

  test('a run that has ended changes nothing', async () => {
    await stack.backfill();
    const before = await newest();
    expect(await cancel()).toEqual(before);
    expect(await newest()).toEqual(before);
  });
});

describe('what is told of images', () => {
  const listed = async (state: 'skipped' | 'failed') => {
    const images: string[] = [];
    for await (const { key, reason } of listImages(stack.objects, stack.index, { state }))
      images.push(`${key} ${reason}`);
    return images;
  };

  test('failures that may pass are those of the last run that saw them', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0);
    let down = true;
    onCall = () => {
      if (down) throw new RetryableError('down');
    };
    await stack.backfill();
    expect(await listed('failed')).toEqual(
      ['a1', 'a2', 'a3', 'a4', 'a5'].map((key) => `${key}.jpg unavailable`),
    );
    const rows: string[] = [];
    for await (const batch of failedImages(stack.objects, (await newest()).id))
      rows.push(...batch.map(({ key }) => key));
    expect(rows).toHaveLength(5);
    down = false;
    // Seen again by nobody: a failure of an image that is gone is none.
    stack.images.remove('a5.jpg');
    await stack.backfill();
    expect(await listed('failed')).toEqual([]);
    vi.restoreAllMocks();
  });

  test('a run about a part does not hide what was skipped elsewhere', async () => {
    await stack.backfill();
    expect(await listed('skipped')).toEqual(['notes.txt not-an-image']);
    await stack.backfill({ selection: PART });
    expect(await listed('skipped')).toEqual(['notes.txt not-an-image']);
    stack.images.remove('notes.txt');
    await stack.backfill();
    expect(await listed('skipped')).toEqual([]);
  });
});

describe('run ids', () => {
  test('sort in the order of the runs, whatever the clock says', () => {
    const noon = new Date('2026-11-23T12:00:00.000Z');
    const ids = [newRunId(noon)];
    for (const later of [0, 0, 1, 999, -3_600_000, 5_000, 0]) {
      ids.push(newRunId(new Date(noon.getTime() + later), ids.at(-1)));
    }
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^20261123-12000\d-[0-9a-f]{4}$/);
  });
});
