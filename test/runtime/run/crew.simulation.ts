import { openMemoryImages } from '../../../src/adapters/memory/images.ts';
import { openMemoryIndex } from '../../../src/adapters/memory/index.ts';
import { createMemoryLabeler } from '../../../src/adapters/memory/labeler.ts';
import { openMemoryObjects } from '../../../src/adapters/memory/objects.ts';
import { callCap, settling } from '../../../src/adapters/workers/settling.ts';
import { RetryableError } from '../../../src/runtime/errors.ts';
import type { IndexWriter, JobState, Jobs } from '../../../src/runtime/ports.ts';
import { workBeside } from '../../../src/runtime/run/crew.ts';
import type { Holder } from '../../../src/runtime/run/lease.ts';
import { planAndSubmit } from '../../../src/runtime/run/planner.ts';
import { readRun } from '../../../src/runtime/run/record.ts';
import { withJobs } from '../../../src/runtime/run/remote.ts';
import { submitRun } from '../../../src/runtime/run/submit.ts';
import { type Kill, Killed, mortality } from './memory-stack.ts';

/** What goes wrong, as chances from 0 to 1. */
export interface Chaos {
  /** That an attempt at a job is killed at one of its first writes. */
  kill: number;
  /** That an array is submitted twice. */
  duplicate: number;
  /** That a call of the labeler fails in passing. */
  label: number;
  /** That a bulk write is answered by an error although it was carried out. */
  lostAnswer: number;
  /** That one item of a bulk write is refused as another's. */
  conflict: number;
}

export const CALM: Chaos = { kill: 0, duplicate: 0, label: 0, lostAnswer: 0, conflict: 0 };

interface Options {
  seed: number;
  images: number;
  chunkRows: number;
  workers: number;
  chaos: Chaos;
  /** The first attempt at this job (1: the planner, 2: the workers, of which it is the first) is killed there. */
  killAt?: Kill & { job: number };
  /** The worker that makes this call (from 1) is told to stop meanwhile, and started again once it has. */
  stopAt?: number;
}

/** Batch's own limit on attempts, of which the last ones are spared here so that every job ends well. */
const ATTEMPTS = 10;
const SPARED = 4;

/** The same numbers for the same seed, in [0, 1). https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
export function seeded(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A stack whose runs are worked on by jobs, all in memory: processes that are killed, doubled and answered wrongly. */
export function crewStack({ seed, images: count, chunkRows, workers, chaos, killAt, stopAt }: Options) {
  const random = seeded(seed);
  const happens = (chance: number) => random() < chance;
  const images = { ...openMemoryImages(), etagIsContent: false };
  const objects = openMemoryObjects();
  const index = openMemoryIndex({ bucket: images.bucket });
  let attempts = 0;
  let broken: Error | undefined;
  const labeler = createMemoryLabeler({}, () => {
    attempts++;
    if (broken !== undefined) throw broken;
    if (happens(chaos.label)) throw new RetryableError('busy', { throttled: happens(0.5) });
  });
  for (let at = 0; at < count; at++) images.put(`${at}.jpg`, contentOf(at));
  for (let at = 0; at < 3; at++) images.put(`${at}.txt`, 'no image');

  const states = new Map<string, JobState>();
  const running: Promise<void>[] = [];
  let kills = 0;

  /** Writes of attempts that were not killed by chance, by job. */
  const writes = new Map<string, () => number>();

  function mortal(id: string, attempt: number) {
    const isMeant =
      killAt !== undefined && attempt === 1 && /^job-(\d+)(:0)?$/.exec(id)?.[1] === String(killAt.job);
    if (isMeant) kills++;
    if (isMeant) return mortality(killAt);
    if (!happens(chaos.kill)) return mortality(undefined);
    kills++;
    return mortality({ write: Math.floor(random() * 12), when: happens(0.5) ? 'before' : 'after' });
  }

  /** A job as Batch runs it: attempts until one is not killed. */
  function runJob(id: string, attempt: (life: ReturnType<typeof mortality>) => Promise<void>) {
    states.set(id, { id, state: 'running' });
    const work = async () => {
      for (let at = 1; at <= ATTEMPTS; at++) {
        const life = at > ATTEMPTS - SPARED ? mortality(undefined) : mortal(id, at);
        writes.set(id, life.writes);
        try {
          await attempt(life);
          states.set(id, { id, state: 'succeeded' });
          return;
        } catch (error) {
          if (error instanceof Killed) continue;
          states.set(id, { id, state: 'failed', reason: String(error) });
          return;
        }
      }
      states.set(id, { id, state: 'failed', reason: 'killed too often' });
    };
    running.push(work());
  }

  const shaky = (writer: IndexWriter): IndexWriter => ({
    ...writer,
    async write(writes) {
      if (writes.length > 0 && happens(chaos.conflict)) {
        const lost = Math.floor(random() * writes.length);
        const results = await writer.write(writes.filter((_, at) => at !== lost));
        return [...results.slice(0, lost), { result: 'conflict' }, ...results.slice(lost)];
      }
      const results = await writer.write(writes);
      if (happens(chaos.lostAnswer)) throw new RetryableError('the answer was lost');
      return results;
    },
  });

  const never = new AbortController().signal;
  let submissions = 0;

  const work = (run: string, id: string, member: number, of: number) =>
    runJob(id, async (life) => {
      const stop = new AbortController();
      const detect: typeof labeler.detect = (image) => {
        if (attempts + 1 === stopAt) stop.abort();
        return labeler.detect(image);
      };
      const context = await settling({
        images,
        labeler: { ...labeler, detect: life.guard(detect) },
        index: life.index(shaky(index)),
        labeling: labeler.labeling,
        relabel: 'none',
        run,
        rate: undefined,
        concurrency: 2,
        cap: callCap(0),
        draining: never,
      });
      const mine = life.objects(objects);
      const end = await workBeside(await readRun(mine, run), {
        objects: mine,
        holder: holder(id),
        index: member,
        count: of,
        context: { ...context, sleep: async () => {} },
        cap: callCap,
        draining: stop.signal,
        sleep: () => new Promise((resolve) => setTimeout(resolve)),
      });
      // Batch starts it again by its exit code.
      if (end === 'drained') throw new Killed();
    });

  const plan = (run: string, id: string) =>
    runJob(id, async (life) => {
      const mine = life.objects(objects);
      await planAndSubmit(await readRun(mine, run), {
        objects: mine,
        jobs: jobs(life),
        holder: holder(id),
        rows: async () => ({ kind: 'images', read: (signal) => images.list({ signal }) }),
        formats: labeler.formats,
        prefix: undefined,
        chunkRows,
        report: () => {},
        signal: never,
        workers: async (chunks) => ({ count: Math.min(chunks, workers), rate: 1_000 }),
      });
    });

  const jobs = (life: ReturnType<typeof mortality>): Jobs => ({
    submitPlanner: life.guard(async (run) => {
      const id = `job-${++submissions}`;
      for (const planner of happens(chaos.duplicate) ? [id, `${id}-again`] : [id]) plan(run, planner);
      return id;
    }),
    submitWorkers: life.guard(async (run, { count: of }) => {
      const ids = happens(chaos.duplicate) ? ['', '-again'] : [''];
      const id = `job-${++submissions}`;
      for (const suffix of ids) {
        for (let member = 0; member < of; member++) work(run, `${id}${suffix}:${member}`, member, of);
      }
      return id;
    }),
    async look(wanted) {
      return wanted.map((id) => {
        const children = [...states.values()].filter((state) => state.id.split(/[-:]/, 2).join('-') === id);
        return (
          children.find(({ state }) => state === 'running') ?? children.at(-1) ?? { id, state: 'waiting' }
        );
      });
    },
    end: async () => {},
  });

  const calm = jobs(mortality(undefined));
  return {
    images,
    objects,
    index,
    labeler,
    jobs: calm,
    kills: () => kills,
    submissions: () => submissions,
    /** Of the last attempt at that job. */
    writesOf: (id: string) => writes.get(id)?.() ?? 0,
    attempts: () => attempts,
    /** Every call fails with it from now on. */
    breakLabeler(error: Error | undefined) {
      broken = error;
    },
    submit: (maxCalls?: number) =>
      submitRun({
        objects,
        jobs: calm,
        labeling: labeler.labeling,
        selection: undefined,
        holder: holder('command'),
        isAlive: withJobs(objects, calm, () => true),
        maxCalls,
        workers: async (chunks) => ({ count: Math.min(chunks, workers), rate: 1_000 }),
      }),
    /** Resolves once no job runs any more. */
    async settled() {
      for (let seen = -1; seen !== running.length; ) {
        seen = running.length;
        await Promise.all(running);
      }
    },
  };
}

/** Every seventh image is corrupt and every eleventh empty; no two others are alike. */
export const contentOf = (at: number): string => {
  if (at % 7 === 6) return `corrupt ${at}`;
  return at % 11 === 10 ? '' : `dog, number ${at}`;
};

const holder = (id: string): Holder => ({
  id,
  what: 'test',
  user: 'tester',
  host: 'there',
  pid: 1,
  started: '',
  since: '2026-01-01T00:00:00.000Z',
});
