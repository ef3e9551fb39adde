import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../provision/tls-proxy.ts';
import type { Python } from '../python/venv.ts';

/** MiniStack starts in about a second; a busy machine needs more. */
const START_MS = 60_000;

/** The variables of this process that a server and what it runs need: nothing that says where AWS is. */
const KEPT = ['PATH', 'HOME', 'REKBACK_RECORD_REQUESTS', 'REKBACK_RECORD_FROM'];

/** A MiniStack of its own, which runs functions in processes of this machine's Node. */
export interface MiniStack {
  url: string;
  /** The end of what it and its functions printed. */
  log(): string;
  stop(): Promise<void>;
}

/** Starts MiniStack on a free loopback port. */
export async function startMiniStack(python: Python): Promise<MiniStack> {
  const folder = await mkdtemp(join(tmpdir(), 'rekback-ministack-'));
  // It starts functions by a CommonJS script, which a package.json further up would make a module.
  await writeFile(join(folder, 'package.json'), '{}');
  const port = await freePort();
  const child = spawn(python.program('ministack'), [], {
    env: {
      ...Object.fromEntries(KEPT.flatMap((name) => [[name, process.env[name] ?? '']])),
      BIND_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
      LAMBDA_EXECUTOR: 'local',
      TMPDIR: folder,
      STATE_DIR: folder,
      // It would listen on ports that are always the same.
      IOT_MTLS_ENABLED: '0',
      SFTP_ENABLED: '0',
      // It would remove containers that it takes for its own.
      DOCKER_HOST: 'unix:///dev/null',
      PYTHONDONTWRITEBYTECODE: '1',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, to which its functions belong.
    detached: true,
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString('utf8')).slice(-20_000);
    });
  }
  const ended = once(child, 'exit');
  const kill = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  };
  // A test process that ends early must not leave it behind.
  process.once('exit', kill);
  const stop = async () => {
    kill();
    process.off('exit', kill);
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  const url = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + START_MS;
  while (!(await answers(`${url}/_ministack/ready`))) {
    if (child.exitCode !== null || Date.now() > deadline) {
      await stop();
      throw new Error(`MiniStack did not start:\n${log}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { url, log: () => log, stop };
}

const answers = (url: string): Promise<boolean> =>
  fetch(url).then(
    ({ ok }) => ok,
    () => false,
  );
