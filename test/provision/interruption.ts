import { awsStatus } from '../../src/provision/status.ts';
import type { World } from '../aws/kernel/world.ts';
import { BUCKET, everything, inspectWhole, type StackOptions } from './stack.ts';

/** The mutating call at which a process is killed, from 1, and whether AWS has carried it out by then. */
export interface Kill {
  call: number;
  when: 'before' | 'after';
}

/** Every one of so many calls: before it is sent, and after it was carried out and before it is answered. */
export const kills = (calls: number): Kill[] =>
  Array.from({ length: calls }, (_, index) =>
    (['before', 'after'] as const).map((when) => ({ call: index + 1, when })),
  ).flat();

/**
 * Runs a command in a process that is killed: from then on nobody sends, waits or reads an answer.
 *
 * @param options - with a session that sends each call once: a dead process tries nothing again
 * @returns what it had sent, a line each, as parallel calls come in another order every time
 * @throws Error where the command came to its end
 */
export async function killed(
  world: World,
  { call, when }: Kill,
  command: (options: StackOptions) => Promise<unknown>,
  options: StackOptions,
): Promise<string[]> {
  const life = new AbortController();
  world.journal.clear();
  const onStop = () => life.abort(new Error('killed'));
  world.faults.stopAt({ call, when, of: 'mutating', onStop });
  await command({ ...options, signal: life.signal }).catch(() => {});
  world.faults.resume();
  const sent = world.journal.mutating();
  if (!life.signal.aborted) throw new Error(`the command ended after ${sent.length} calls`);
  return sent.map(({ service, operation, status }) => `${service} ${operation} ${status}`);
}

/**
 * Tries every one.
 * @returns of those that failed at which call, what had been sent by then, and why
 */
export async function tryAll(
  all: readonly Kill[],
  attempt: (kill: Kill, note: (sent: readonly string[]) => void) => Promise<void>,
): Promise<string[]> {
  const failures: string[] = [];
  for (const kill of all) {
    let lines: readonly string[] = [];
    try {
      await attempt(kill, (sent) => {
        lines = sent;
      });
    } catch (error) {
      const where = `killed ${kill.when} call ${kill.call}, ${lines.at(-1)}`;
      failures.push([where, String(error), 'sent until then:', ...lines].join('\n  '));
    }
  }
  return failures;
}

/** @throws Error with the first lines that differ */
export function expectState(world: World, wanted: string, what: string): void {
  const [expected, actual] = [wanted.split('\n'), everything(world).split('\n')];
  const at = expected.findIndex((line, index) => line !== actual[index]);
  if (at === -1 && expected.length === actual.length) return;
  const lines = (sign: string, text: readonly string[]) =>
    text.slice(Math.max(0, at - 2), at + 6).map((line) => `${sign}${line}`);
  throw new Error([`${what} left another state:`, ...lines('-', expected), ...lines('+', actual)].join('\n'));
}

/** Asks for the status. @throws Error where it says nothing of what is there */
export async function expectStatus(world: World, options: StackOptions): Promise<void> {
  const stack = await inspectWhole(world, options);
  const isThere = everything(world).includes(`"rekback-${BUCKET}-`);
  const states = stack && (await awsStatus(stack)).resources.map(({ type, state }) => `${type} ${state}`);
  const knows = states?.some((line) => /^bucket (present|drifted)/.test(line)) ?? false;
  if (knows !== isThere) throw new Error(`the status is ${states ?? 'that there is no stack'}`);
}
