import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import type { Python } from '../python/venv.ts';

/** Moto starts in about a second; a busy machine needs more. */
const START_MS = 60_000;

/** A moto_server of its own, as it is. */
export interface Moto {
  port: number;
  /** Forgets every account. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts moto on a free loopback port. It runs no job and no function. `managedPolicies`: whether it knows those of AWS,
 * which makes the first call to IAM after each reset half a second slower.
 */
export async function startMoto(python: Python, managedPolicies: boolean): Promise<Moto> {
  const port = await freePort();
  const child = spawn(python.program('moto_server'), ['-H', '127.0.0.1', '-p', String(port)], {
    env: {
      ...process.env,
      MOTO_IAM_LOAD_MANAGED_POLICIES: String(managedPolicies),
      PYTHONDONTWRITEBYTECODE: '1',
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  // A test process that is killed must not leave it behind.
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const post = (path: string, body = '') =>
    fetch(`http://127.0.0.1:${port}/moto-api/${path}`, { method: 'POST', body });
  await untilReady(child, () => post('reset'));
  // `use_docker` false: jobs succeed and functions answer at once, without containers.
  await post('config', JSON.stringify({ batch: { use_docker: false }, lambda: { use_docker: false } }));
  return {
    port,
    reset: async () => void (await post('reset')),
    stop: async () => {
      kill();
      process.off('exit', kill);
      await ended;
    },
  };
}

async function untilReady(child: ChildProcess, probe: () => Promise<unknown>): Promise<void> {
  let log = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    log = (log + chunk.toString('utf8')).slice(-4000);
  });
  const deadline = Date.now() + START_MS;
  for (;;) {
    const answered = await probe().then(
      () => true,
      () => false,
    );
    if (answered) return;
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`moto did not start:\n${log}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
