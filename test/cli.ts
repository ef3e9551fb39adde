import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmod,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';

const ROOT = join(import.meta.dirname, '..');
const CACHE = join(ROOT, '.cache', 'cli');
/** Commands that do what commands do with the shell, and nothing else. */
const PROBES = join(import.meta.dirname, 'terminal', 'probe');

const NO_AWS = {
  AWS_CONFIG_FILE: '/dev/null',
  AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  AWS_EC2_METADATA_DISABLED: 'true',
};

type Commands = 'real' | 'probes';

export interface CliResult {
  stdout: string;
  stderr: string;
  /** The exit code, or the name of the signal that ended the process. */
  code: number | string;
}

export interface CliOptions {
  env?: Readonly<Record<string, string | undefined>>;
  cwd?: string;
  input?: string;
  /** `probes`: the commands in test/terminal/probe instead of the real ones. */
  commands?: Commands;
}

/** Runs the CLI as it is in `src` now, in a process of its own without a terminal. */
export async function rekback(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const child = await startRekback(args, options);
  child.stdin.end(options.input ?? '');
  const [stdout, stderr, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | string>((resolve) =>
      child.on('close', (code, signal) => resolve(code ?? signal ?? '')),
    ),
  ]);
  return { stdout, stderr, code };
}

/** The same, for a test that signals it or reads from it as it likes. */
export async function startRekback(args: readonly string[], options: CliOptions = {}) {
  const { NO_COLOR, FORCE_COLOR, REKBACK_STACK, NODE_OPTIONS, ...env } = process.env;
  // Whatever AWS this machine is set up for, no test works on it.
  for (const name of Object.keys(env)) if (name.startsWith('AWS_')) delete env[name];
  return spawn(process.execPath, [join(await builtCli(options.commands), 'bin/run.js'), ...args], {
    cwd: options.cwd ?? ROOT,
    env: { ...env, ...NO_AWS, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
}

const builds = new Map<Commands, Promise<string>>();

/** A folder with the compiled CLI and its manifest; made again whenever a source file changes. */
export function builtCli(commands: Commands = 'real'): Promise<string> {
  const build = builds.get(commands) ?? makeBuild(commands);
  builds.set(commands, build);
  return build;
}

async function makeBuild(commands: Commands): Promise<string> {
  const folder = join(CACHE, `${commands}-${await fingerprint()}`);
  if (await exists(folder)) return folder;
  await removeOld();
  await mkdir(CACHE, { recursive: true });
  const draft = await mkdtemp(join(CACHE, 'draft-'));
  try {
    await fill(draft, commands);
    // Some tests run it as another user.
    await chmod(draft, 0o755);
    // Test files run side by side: whoever is first makes the folder, the others throw theirs away.
    await rename(draft, folder).catch(() => {});
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return folder;
}

async function fill(draft: string, commands: Commands): Promise<void> {
  await promisify(execFile)(
    process.execPath,
    [
      'node_modules/typescript/bin/tsc',
      '-p',
      'tsconfig.build.json',
      '--noCheck',
      '--outDir',
      join(draft, 'dist'),
    ],
    { cwd: ROOT },
  );
  if (commands === 'probes') await replaceByProbes(join(draft, 'dist', 'commands'));
  await Promise.all([
    ...['bin', 'container'].map((name) => cp(join(ROOT, name), join(draft, name), { recursive: true })),
    cp(join(ROOT, 'package.json'), join(draft, 'package.json')),
    symlink(join(ROOT, 'node_modules'), join(draft, 'node_modules')),
  ]);
  for (const script of ['bin/bundle.js', 'bin/manifest.js']) {
    await promisify(execFile)(process.execPath, [script], { cwd: draft });
  }
}

async function replaceByProbes(commands: string): Promise<void> {
  await rm(commands, { recursive: true, force: true });
  await mkdir(commands, { recursive: true });
  for (const name of await readdir(PROBES)) {
    const { outputText } = ts.transpileModule(await readFile(join(PROBES, name), 'utf8'), {
      compilerOptions: {
        module: ts.ModuleKind.ESNext,
        target: ts.ScriptTarget.ES2023,
        verbatimModuleSyntax: true,
      },
    });
    const code = outputText.replaceAll(/'(?:\.\.\/)+src\/(.+)\.ts'/g, "'../$1.js'");
    await writeFile(join(commands, name.replace(/\.ts$/, '.js')), code);
  }
}

async function fingerprint(): Promise<string> {
  const hash = createHash('sha256');
  for (const folder of ['src', 'bin', 'container', 'test/terminal/probe']) {
    const names = await readdir(join(ROOT, folder), { recursive: true });
    for (const name of names.sort()) {
      const { mtimeMs, size } = await stat(join(ROOT, folder, name));
      hash.update(`${folder}/${name} ${mtimeMs} ${size}\n`);
    }
  }
  hash.update(await readFile(join(ROOT, 'package.json')));
  return hash.digest('hex').slice(0, 16);
}

/** Folders of an hour ago; younger ones may be in use by another test run. */
async function removeOld(): Promise<void> {
  for (const name of await readdir(CACHE).catch(() => [])) {
    const { mtimeMs } = await stat(join(CACHE, name));
    if (Date.now() - mtimeMs > 3_600_000) await rm(join(CACHE, name), { recursive: true, force: true });
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function text(stream: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}
