import { AwsError } from './errors.ts';
import type { Service } from './operation.ts';
import { randomFrom } from './random.ts';

/** What a fault does to a call. */
export type Effect =
  /** Answer this much later (real milliseconds). */
  | { latency: number }
  /** The service's answer to too many requests; not applied. */
  | { throttle: true }
  /** This error instead of an answer; not applied. */
  | { error: { code: string; message?: string; status?: number } }
  /** The connection ends, not applied. */
  | { reset: true }
  /** Applied, but the connection ends before the answer. */
  | { lostAnswer: true }
  /** Applied, but only so many bytes of the answer's body arrive: then the connection ends, or nothing more comes. */
  | { cut: number; hang?: boolean };

export interface Rule {
  /** Service id (`s3`), operation name; every one when absent. */
  service?: string;
  operation?: string;
  /** Only calls whose journal entry also satisfies this. */
  when?: (call: FaultCall) => boolean;
  /** Only the nth call that matches, from 1. */
  nth?: number;
  /** The first `times` calls that match. */
  times?: number;
  /** With this chance, drawn from `seed`. */
  probability?: number;
  seed?: number;
  effect: Effect;
}

export interface FaultCall {
  service: string;
  operation: string;
  mutating: boolean;
  region: string;
  account: string;
  input: unknown;
}

export interface Stop {
  /** The call that ends everything, from 1, counted from now on. */
  call: number;
  /** `before`: it is not applied. `after`: it is applied; its answer never arrives. */
  when: 'before' | 'after';
  /** Which calls count; all by default. */
  of?: 'all' | 'mutating';
  /** Called once at that moment: the place for a real SIGKILL. */
  onStop?: () => void;
}

interface Armed {
  rule: Rule;
  seen: number;
  random: () => number;
}

/** Faults by rule. After a stop every connection is dropped, unapplied, until `resume`: nobody is there any more. */
export class Faults {
  #armed: Armed[] = [];
  #stop: (Stop & { seen: number }) | undefined;
  /** True from the moment that a stop took effect until `resume`. */
  stopped = false;

  /** Adds a rule; the returned function takes it away. */
  add(rule: Rule): () => void {
    const armed = { rule, seen: 0, random: randomFrom(rule.seed ?? 1) };
    this.#armed.push(armed);
    return () => {
      this.#armed = this.#armed.filter((each) => each !== armed);
    };
  }

  stopAt(stop: Stop): void {
    this.#stop = { ...stop, seen: 0 };
    this.stopped = false;
  }

  /** The caller is back (a new process): answers again. Rules stay. */
  resume(): void {
    this.#stop = undefined;
    this.stopped = false;
  }

  clear(): void {
    this.#armed = [];
    this.resume();
  }

  /** Says what happens to this call; counts it. */
  next(call: FaultCall): { effects: Effect[]; stop?: 'before' | 'after' } {
    const stop = this.#stop;
    if (stop && (stop.of !== 'mutating' || call.mutating) && ++stop.seen === stop.call) {
      this.stopped = true;
      return { effects: [], stop: stop.when };
    }
    return { effects: this.#armed.filter((armed) => strikes(armed, call)).map((armed) => armed.rule.effect) };
  }

  /** Tells the test that the stop has taken effect. */
  announceStop(): void {
    this.#stop?.onStop?.();
  }
}

function strikes(armed: Armed, call: FaultCall): boolean {
  const { rule } = armed;
  if (rule.service !== undefined && rule.service !== call.service) return false;
  if (rule.operation !== undefined && rule.operation !== call.operation) return false;
  if (rule.when && !rule.when(call)) return false;
  armed.seen++;
  if (rule.nth !== undefined && armed.seen !== rule.nth) return false;
  if (rule.times !== undefined && armed.seen > rule.times) return false;
  return rule.probability === undefined || armed.random() < rule.probability;
}

/** The error that an effect stands for, if it is one. */
export function errorOf(effect: Effect, service: Pick<Service<unknown>, 'throttled'>): AwsError | undefined {
  if ('throttle' in effect)
    return service.throttled?.() ?? new AwsError('ThrottlingException', 'Rate exceeded');
  if (!('error' in effect)) return undefined;
  const { code, message = 'injected by a fault rule', status = 500 } = effect.error;
  return new AwsError(code, message, { status });
}
