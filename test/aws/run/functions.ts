import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type { World } from '../kernel/world.ts';
import { runFunctions } from '../lambda/reach.ts';

interface Answer {
  id: number;
  answer?: unknown;
  error?: { name: string; message: string };
}

/**
 * Runs functions in processes of their own from now on, as Lambda does: one process per function handles one event after
 * the other and keeps what it opened; a timeout or an end of the process fails the invocation.
 *
 * @param module - what every function's zip has as index.mjs
 */
export function runFunctionProcesses(world: World, module: string): void {
  const processes = new Map<string, ChildProcess>();
  let last = 0;
  world.onReset(() => {
    for (const child of processes.values()) child.kill('SIGKILL');
  });
  runFunctions(world, (found, event, { requestId, env, log }) => {
    const child = processes.get(found.arn) ?? startProcess(module, env);
    processes.set(found.arn, child);
    const id = ++last;
    const timeout = (found.settings.Timeout ?? 3) * 1000;
    const onOutput = (text: Buffer) => text.toString().trimEnd().split('\n').forEach(log);
    child.stdout?.on('data', onOutput);
    child.stderr?.on('data', onOutput);
    return new Promise((resolve, reject) => {
      const end = () => {
        child.off('message', onMessage);
        child.off('exit', onExit);
        child.stdout?.off('data', onOutput);
        child.stderr?.off('data', onOutput);
      };
      const onMessage = (message: unknown) => {
        const { id: of, answer, error } = message as Answer;
        if (of !== id) return;
        end();
        if (error === undefined) resolve(answer);
        else reject(Object.assign(new Error(error.message), { name: error.name }));
      };
      const onExit = () => {
        end();
        processes.delete(found.arn);
        reject(new Error(`RequestId: ${requestId} Error: Runtime exited`));
      };
      child.on('message', onMessage);
      child.on('exit', onExit);
      child.send({ id, event, requestId, timeout });
    });
  });
}

function startProcess(module: string, env: Record<string, string>): ChildProcess {
  return fork(join(import.meta.dirname, 'function-process.js'), [module], {
    env: { PATH: process.env.PATH ?? '', ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: [],
  });
}
