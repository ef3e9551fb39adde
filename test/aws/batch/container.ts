import type { Cancel } from '../kernel/clock.ts';
import type { World } from '../kernel/world.ts';

/** Why a container is asked to end; `signal.reason` of a `ContainerRun`. */
export type StopReason = 'terminated' | 'timeout' | 'interrupted';

/** One attempt of a job, or of an array's child, as what runs it sees it. */
export interface ContainerRun {
  jobId: string;
  name: string;
  account: string;
  region: string;
  /** Only of an array's child. */
  index?: number;
  /** From 1. */
  attempt: number;
  image: string;
  /** Parameters (`Ref::name`) put in. */
  command: string[];
  /** The job's own variables and Batch's (`AWS_BATCH_…`); no secrets, no keys. */
  environment: Record<string, string>;
  /** What the container's keys are of. */
  jobRoleArn?: string;
  /** Aborted where Batch sends SIGTERM; its reason is a `StopReason`. */
  signal: AbortSignal;
  /** Aborted where Batch sends SIGKILL: after the container's stopTimeout (30 s) has passed on the clock. */
  killed: AbortSignal;
  /** Writes a line to the attempt's log stream, if its group is there. */
  log(message: string): void;
}

/** How a container ended. Without `exitCode` it did not get as far (an image that cannot be pulled). */
export interface Exit {
  exitCode?: number;
  /** The container's, as `OutOfMemoryError: Container killed due to memory usage`. */
  reason?: string;
  /** The attempt's; "Essential container in task exited" when absent. */
  statusReason?: string;
}

/** What jobs do. A rejection is a container that could not start: its message becomes the container's reason. */
export type Run = (container: ContainerRun) => Promise<Exit>;

const runs = new WeakMap<World, Run>();

/** From now until the next reset, `run` is what jobs do. */
export function setRun(world: World, run: Run): void {
  runs.set(world, run);
  world.onReset(() => runs.delete(world));
}

/** What jobs do; while nothing was set, they stay RUNNABLE. */
export function runOf(world: World): Run | undefined {
  return runs.get(world);
}

/** A container under way. */
export interface RunningContainer {
  /** SIGTERM, and SIGKILL when it has not ended in time. A second request changes nothing. */
  stop(reason: StopReason, statusReason: string): void;
  /** Undefined until it was asked to end. */
  readonly stopped: { reason: StopReason; statusReason: string } | undefined;
}

/** Starts a container and tells its end once, by itself or by SIGKILL. Nothing is told after a reset. */
export function startContainer(
  world: World,
  run: Run,
  given: Omit<ContainerRun, 'signal' | 'killed'>,
  limits: { stopTimeout: number; attemptDurationSeconds: number | undefined },
  onEnd: (exit: Exit, stopped: RunningContainer['stopped']) => void,
): RunningContainer {
  const term = new AbortController();
  const kill = new AbortController();
  const timers: Cancel[] = [];
  let stopped: RunningContainer['stopped'];
  let ended = false;
  const end = (exit: Exit) => {
    if (ended) return;
    ended = true;
    for (const cancel of timers) cancel();
    onEnd(exit, stopped);
  };
  const stop: RunningContainer['stop'] = (reason, statusReason) => {
    if (ended || stopped) return;
    stopped = { reason, statusReason };
    timers.push(
      world.clock.after(limits.stopTimeout * 1000, () => {
        end({ exitCode: 137 });
        kill.abort();
      }),
    );
    term.abort(reason);
  };
  const { attemptDurationSeconds: most } = limits;
  if (most !== undefined) {
    const late = () => stop('timeout', 'Job attempt duration exceeded timeout');
    timers.push(world.clock.after(most * 1000, late));
  }
  world.onReset(() => {
    if (ended) return;
    ended = true;
    term.abort('terminated');
    kill.abort();
  });
  Promise.resolve()
    .then(() => run({ ...given, signal: term.signal, killed: kill.signal }))
    .then(end, (error: unknown) => end({ reason: error instanceof Error ? error.message : String(error) }));
  return {
    stop,
    get stopped() {
      return stopped;
    },
  };
}
