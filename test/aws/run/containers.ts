import { spawn } from 'node:child_process';
import type { ContainerRun, Exit } from '../batch/container.ts';
import { runJobs } from '../batch/reach.ts';
import { roleByArn } from '../iam/reach.ts';
import type { World } from '../kernel/world.ts';
import { programOfImage } from './deployed.ts';

/** Told of a container that starts, with what kills its process. */
export type OnContainer = (container: ContainerRun, kill: () => void) => void;

/**
 * Runs jobs as processes of their image's program from now on: with Batch's variables, keys of the job's role, SIGTERM and
 * SIGKILL, its output in its log stream.
 *
 * @param folder - where what was pushed as their image is unpacked
 */
export function runContainers(world: World, folder: string, onStart: OnContainer = () => {}): void {
  runJobs(world, async (container) =>
    runProcess(world, await programOfImage(world, container.image, folder), container, onStart),
  );
}

function runProcess(
  world: World,
  program: readonly string[],
  container: ContainerRun,
  onStart: OnContainer,
): Promise<Exit> {
  const { command, environment, signal, killed, log } = container;
  const child = spawn(process.execPath, [...program, ...command], {
    env: { PATH: process.env.PATH ?? '', ...environmentOf(world, container), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onStart(container, () => child.kill('SIGKILL'));
  for (const stream of [child.stdout, child.stderr]) {
    let rest = '';
    stream.setEncoding('utf8').on('data', (text: string) => {
      const lines = `${rest}${text}`.split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) log(line);
    });
    stream.on('end', () => rest !== '' && log(rest));
  }
  signal.addEventListener('abort', () => child.kill('SIGTERM'));
  killed.addEventListener('abort', () => child.kill('SIGKILL'));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ exitCode: code ?? 137 }));
  });
}

function environmentOf(world: World, { account, region, jobId, jobRoleArn = '' }: ContainerRun) {
  const role = roleByArn(world, jobRoleArn);
  const credentials = world.principals.temporary(
    {
      account,
      arn: `arn:aws:sts::${account}:assumed-role/${role?.name}/${jobId}`,
      userId: `${role?.id}:${jobId}`,
      role: jobRoleArn,
    },
    new Date(world.clock.now() + 6 * 3_600_000),
  );
  return world.env({ region, credentials });
}
