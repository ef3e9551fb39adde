import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Where the nodes of a run are, and the process that they end with. */
export const RUN_FOLDER = 'REKBACK_OPENSEARCH_RUN';
export const OWNER = 'REKBACK_OPENSEARCH_OWNER';

/** Every write waits for the disk, where there is one. */
const MEMORY = '/dev/shm';

/** Gives a run a folder for the nodes that its suites start (node.ts), and ends them with it. */
export default async function prepareNodes(): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'rekback-opensearch-'));
  process.env[RUN_FOLDER] = folder;
  process.env[OWNER] = String(process.pid);
  return async () => {
    for (const name of await readdir(folder)) {
      const pid = Number(await readFile(join(folder, name, 'pid'), 'utf8').catch(() => ''));
      if (pid > 0) kill(pid);
    }
    await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  };
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}
