import type { retryStrategy } from './shapes.ts';
import { clientException } from './state.ts';

export type RetryStrategy = ReturnType<(typeof retryStrategy)['read']>;

/** How an attempt ended: what the rules of a retry strategy look at. */
export interface Ending {
  exitCode: number | undefined;
  /** The container's. */
  reason: string | undefined;
  /** The attempt's. */
  statusReason: string | undefined;
}

/** Letters, digits, `.`, `:` and white space, with `*` only at the end (API_EvaluateOnExit). */
const TEXT = /^[A-Za-z0-9.:\s]*\*?$/;
const DIGITS = /^\d*\*?$/;

/** Throws what Batch answers to a strategy that it does not take. */
export function checkRetry(strategy: RetryStrategy | undefined): void {
  if (!strategy) return;
  const { attempts, evaluateOnExit: rules = [] } = strategy;
  if (attempts !== undefined && (attempts < 1 || attempts > 10)) {
    throw clientException(`Retry strategy attempts must be between 1 and 10, but was ${attempts}`);
  }
  if (rules.length > 5) throw clientException('evaluateOnExit has more than 5 conditions');
  if (rules.length > 0 && attempts === undefined) {
    throw clientException('attempts must be specified when evaluateOnExit is');
  }
  for (const { onStatusReason, onReason, onExitCode } of rules) {
    if (onStatusReason === undefined && onReason === undefined && onExitCode === undefined) {
      throw clientException(
        'evaluateOnExit needs at least one of onStatusReason, onReason and onExitCode in each condition',
      );
    }
    checkPattern('onStatusReason', onStatusReason, TEXT);
    checkPattern('onReason', onReason, TEXT);
    checkPattern('onExitCode', onExitCode, DIGITS);
  }
}

function checkPattern(name: string, glob: string | undefined, pattern: RegExp): void {
  if (glob === undefined) return;
  if (glob === '' || glob.length > 512 || !pattern.test(glob)) {
    throw clientException(`evaluateOnExit.${name}: "${glob}" is not a valid pattern`);
  }
}

/** Whether a failed attempt, the `attempt`-th from 1, is followed by another. Conditions of one rule are all to match. */
export function isRetried(strategy: RetryStrategy, attempt: number, ending: Ending): boolean {
  if (attempt >= (strategy.attempts ?? 1)) return false;
  const rule = strategy.evaluateOnExit?.find(
    ({ onStatusReason, onReason, onExitCode }) =>
      matches(onStatusReason, ending.statusReason) &&
      matches(onReason, ending.reason) &&
      matches(onExitCode, ending.exitCode?.toString()),
  );
  return rule?.action !== 'EXIT';
}

function matches(glob: string | undefined, text = ''): boolean {
  if (glob === undefined) return true;
  return glob.endsWith('*') ? text.startsWith(glob.slice(0, -1)) : text === glob;
}
