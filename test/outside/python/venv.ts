import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt');
const CACHE = join(import.meta.dirname, '../../../.cache/python');
/** How long another process may take to prepare the same environment: ten minutes. */
const PATIENCE_MS = 600_000;
const run = promisify(execFile);

/** A Python with the packages of requirements.txt. */
export interface Python {
  /** The path of a program in the environment: `python`, `moto_server`. */
  program(name: string): string;
  /** Runs a script with text on its standard input; gives its standard output, throws when it fails. */
  run(script: string, input: string, env?: Readonly<Record<string, string>>): Promise<string>;
}

/**
 * Prepares an environment in `.cache`, or takes the one that has the same requirements. About 30 seconds the first time.
 * Throws "skipped: no Python" where there is no `python3` with `venv`: for `lookFor` in requires.ts.
 */
export async function preparePython(): Promise<Python> {
  const version = await pythonVersion();
  const requirements = await readFile(REQUIREMENTS);
  const hash = createHash('sha256').update(version).update(requirements).digest('hex').slice(0, 16);
  const folder = join(CACHE, hash);
  await mkdir(CACHE, { recursive: true });
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await exists(join(folder, 'complete')))) {
    // A venv cannot be moved once it is made, so that test files that run side by side wait for one of them.
    if (await lock(`${folder}.lock`)) {
      try {
        await fill(folder);
      } finally {
        await rm(`${folder}.lock`, { force: true });
      }
    } else if (Date.now() > deadline) {
      throw new Error(`${folder} is still being prepared by another process`);
    } else {
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
  const program = (name: string) => join(folder, 'bin', name);
  return {
    program,
    run: (script, input, env = {}) => runScript(program('python'), script, input, env),
  };
}

async function pythonVersion(): Promise<string> {
  try {
    // Debian has `venv` without what it needs to work unless python3-venv is installed: `ensurepip` tells.
    const { stdout } = await run('python3', ['-c', 'import sys, venv, ensurepip; print(sys.version)']);
    return stdout;
  } catch (cause) {
    throw new Error('skipped: no Python (python3 with venv)', { cause });
  }
}

async function fill(folder: string): Promise<void> {
  if (await exists(join(folder, 'complete'))) return;
  await rm(folder, { recursive: true, force: true });
  await run('python3', ['-m', 'venv', folder]);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps'];
  await run(join(folder, 'bin/python'), [...pip, '--requirement', REQUIREMENTS]);
  await writeFile(join(folder, 'complete'), '');
}

/** Whether this process may prepare the folder. A lock whose process has ended is nobody's. */
async function lock(path: string): Promise<boolean> {
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

async function runScript(
  python: string,
  script: string,
  input: string,
  env: Readonly<Record<string, string>>,
): Promise<string> {
  const child = spawn(python, [script], {
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  // A script that ends without reading says why in its exit code, not by a broken pipe here.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  if (code !== 0) throw new Error(`${script} ended with ${code}:\n${Buffer.concat(err).toString('utf8')}`);
  return Buffer.concat(out).toString('utf8');
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
