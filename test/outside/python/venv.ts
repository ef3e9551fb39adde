import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from '../lock.ts';

const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt');
const CACHE = join(import.meta.dirname, '../../../.cache/python');
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
  const isComplete = () => exists(join(folder, 'complete'));
  // A venv cannot be moved once it is made, so that test files that run side by side wait for one of them.
  if (!(await isComplete())) {
    await withLock(`${folder}.lock`, async () => {
      if (!(await isComplete())) await fill(folder);
    });
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
  await rm(folder, { recursive: true, force: true });
  await run('python3', ['-m', 'venv', folder]);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps'];
  await run(join(folder, 'bin/python'), [...pip, '--requirement', REQUIREMENTS]);
  await writeFile(join(folder, 'complete'), '');
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
