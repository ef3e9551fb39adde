import { open, readFile, rm } from 'node:fs/promises';

/** How long another process may take: ten minutes. */
const PATIENCE_MS = 600_000;

/** Runs `work` while no other process does with the same lock file; waits for them. */
export async function withLock<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await take(path))) {
    if (Date.now() > deadline) throw new Error(`${path} is still held by another process`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

/** A lock whose process has ended is nobody's. */
async function take(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(String(process.pid));
    await file.close();
    return true;
  } catch {
    const holder = Number(await readFile(path, 'utf8').catch(() => ''));
    if (holder > 0 && !isAlive(holder)) await rm(path, { force: true });
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
