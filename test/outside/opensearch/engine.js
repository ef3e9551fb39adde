// OpenSearch nodes without a container: classes from Maven Central, one Java process each. For tests and benchmarks alike.
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { access, copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

const HERE = import.meta.dirname;
const CACHE = join(HERE, '../../../.cache/opensearch');
/** A node answers after 6 seconds, and later where the machine has other work. */
const PATIENCE_MS = 120_000;
/** Built for Java 11. */
const OLDEST = '2.19.1.0';
const run = promisify(execFile);

const exists = (path) =>
  access(path).then(
    () => true,
    () => false,
  );

async function needs(program, argument) {
  try {
    await run(program, [argument]);
  } catch (cause) {
    throw new Error(`skipped: no ${program} (a JDK 17 and Maven are needed)`, { cause });
  }
}

/** What a kind of node is made of: the pom.xml of its classes, and the program. */
const PLAIN = { pom: 'pom.xml', main: 'Node' };
const SECURE = { pom: 'security-pom.xml', main: 'SecurityNode' };

export async function prepareEngine(engine) {
  return classPathOf(await prepare(engine, PLAIN, engine));
}

export async function prepareSecureEngine(engine) {
  const folder = await prepare(`security-${engine}`, SECURE, engine);
  return { classPath: classPathOf(folder), config: join(folder, 'plugin', 'config') };
}

const classPathOf = (folder) => [folder, join(folder, 'lib', '*')].join(':');

async function prepare(name, kind, engine) {
  const hash = createHash('sha256').update(engine);
  for (const file of [kind.pom, `${kind.main}.java`]) hash.update(await readFile(join(HERE, file)));
  const folder = join(CACHE, `${name}-${hash.digest('hex').slice(0, 16)}`);
  await needs('java', '-version');
  if (await exists(folder)) return folder;
  await needs('javac', '-version');
  await needs('mvn', '--version');
  const part = `${folder}.${process.pid}`;
  try {
    await fill(part, kind, engine);
    await rename(part, folder);
  } finally {
    await rm(part, { recursive: true, force: true });
  }
  return folder;
}

async function fill(part, kind, engine) {
  await mkdir(part, { recursive: true });
  await copyFile(join(HERE, kind.pom), join(part, 'pom.xml'));
  const lib = join(part, 'lib');
  await maven(part, [`-Dengine=${engine}`, `-DoutputDirectory=${lib}`, 'dependency:copy-dependencies']);
  if (kind === SECURE) await unpackPlugin(lib, join(part, 'plugin'));
  // The classes of 3.x are for Java 21, which a javac of 17 does not read; what a node uses is the same in both.
  const classPath = engine === OLDEST ? join(lib, '*') : await prepareEngine(OLDEST);
  await run('javac', ['--release', '17', '-cp', classPath, '-d', part, join(HERE, `${kind.main}.java`)]);
}

/** The server has some of the plugin's classes already, and one of each is enough. */
async function unpackPlugin(lib, folder) {
  const before = await readdir(lib);
  const zip = before.find((name) => name.endsWith('.zip'));
  await mkdir(folder);
  await run('jar', ['-xf', join(lib, zip)], { cwd: folder });
  await rm(join(lib, zip));
  const nameOf = (file) => file.replace(/-\d[\d.]*([-.].*)?\.jar$/, '');
  const known = new Set(before.map(nameOf));
  for (const file of await readdir(folder)) {
    if (!file.endsWith('.jar')) continue;
    await (known.has(nameOf(file)) ? rm(join(folder, file)) : rename(join(folder, file), join(lib, file)));
  }
}

/** A download may fail in passing; what it had got is there the next time. */
async function maven(folder, options) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await run('mvn', ['-q', '-B', ...options], { cwd: folder });
    } catch (cause) {
      const why = cause.stdout?.split('\n', 1)[0];
      if (attempt === 3) throw new Error(`mvn could not get the classes: ${why}`, { cause });
    }
  }
}

export async function launchNode(options) {
  const {
    classPath,
    folder,
    java = 'java',
    heap = '512m',
    owner = process.pid,
    main = PLAIN.main,
    configure,
  } = options;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  if (configure !== undefined) await configure(join(folder, 'node/node_1/config'));
  const log = join(folder, 'log.txt');
  const out = openSync(log, 'w');
  const port = await freePort();
  const memory = [`-Xms${heap}`, `-Xmx${heap}`];
  const child = spawn(
    java,
    [...memory, '-cp', classPath, main, port, join(folder, 'node'), owner].map(String),
    {
      stdio: ['ignore', out, out],
      // It outlives the test file that starts it, but not its owner.
      detached: true,
    },
  );
  closeSync(out);
  let ended = false;
  child.on('exit', () => (ended = true));
  child.on('error', () => (ended = true));
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await exists(join(folder, 'node/ready')))) {
    if (ended || Date.now() > deadline) {
      if (!ended) child.kill('SIGKILL');
      throw new Error(`OpenSearch did not start:\n${(await readFile(log, 'utf8')).slice(-2_000)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  child.unref();
  await writeFile(join(folder, 'pid'), String(child.pid));
  return { url: `http://127.0.0.1:${port}`, pid: child.pid };
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
