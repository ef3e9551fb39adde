import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { World } from '../kernel/world.ts';
import { runFunctions } from '../lambda/reach.ts';
import type { Invocation, LambdaFunction } from '../lambda/state.ts';
import { moduleOfFunction } from './deployed.ts';

interface Answer {
  answer?: unknown;
  error?: { name: string; message: string };
}

/**
 * Runs functions in processes of their own from now on, as Lambda does: a process handles one event at a time, is used again
 * while its code and configuration are the same, and keeps what it opened; its end fails the invocation.
 *
 * @param folder - where their zips are unpacked
 */
export function runFunctionProcesses(world: World, folder: string): void {
  const processes = new Set<ChildProcess>();
  const idle = new Map<string, ChildProcess[]>();
  world.onReset(() => {
    for (const child of processes) child.kill('SIGKILL');
  });
  runFunctions(world, async (found, event, invocation) => {
    const { arn, code, settings } = found;
    const waiting = within(idle, JSON.stringify([arn, code.sha256, settings]));
    const child = waiting.pop() ?? startProcess(await moduleOfFunction(found, folder), invocation.env);
    processes.add(child);
    try {
      return await handle(child, found, event, invocation);
    } finally {
      if (child.exitCode === null && child.signalCode === null) waiting.push(child);
      else processes.delete(child);
    }
  });
}

function within(idle: Map<string, ChildProcess[]>, key: string): ChildProcess[] {
  const known = idle.get(key) ?? [];
  idle.set(key, known);
  return known;
}

function handle(
  child: ChildProcess,
  { settings }: LambdaFunction,
  event: unknown,
  { requestId, log }: Invocation,
): Promise<unknown> {
  const timeout = (settings.Timeout ?? 3) * 1000;
  const onOutput = (text: Buffer) => text.toString().trimEnd().split('\n').forEach(log);
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), timeout);
    const end = () => {
      clearTimeout(timer);
      child.off('message', onMessage);
      child.off('exit', onExit);
      child.stdout?.off('data', onOutput);
      child.stderr?.off('data', onOutput);
    };
    const onMessage = (message: unknown) => {
      const { answer, error } = message as Answer;
      end();
      if (error === undefined) resolve(answer);
      else reject(Object.assign(new Error(error.message), { name: error.name }));
    };
    const onExit = () => {
      end();
      reject(new Error(`RequestId: ${requestId} Error: Runtime exited`));
    };
    child.stdout?.on('data', onOutput);
    child.stderr?.on('data', onOutput);
    child.on('message', onMessage);
    child.on('exit', onExit);
    child.send({ event, requestId, timeout });
  });
}

function startProcess(module: string, env: Record<string, string>): ChildProcess {
  return fork(join(import.meta.dirname, 'function-process.js'), [module], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: [],
  });
}
