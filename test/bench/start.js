// Start-up time against the smallest oclif CLI that there can be, in one interleaved run: the machine's load cancels out.
// Of what runs on AWS: how long its bundle takes to load.
// Alone: node test/bench/start.js (after npm run build).
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { printRows } from './print.js';
import { MODULES, ROOT, RUN } from './where.js';

/** The promise: at most this many times the start of a bare oclif command. */
const START_RATIO = 1.4;

/** Milliseconds that loading the bundle of AWS may take: what a cold start of the live function adds to Lambda's own. */
const BUNDLE_IMPORT = 250;
const BUNDLE_ROUNDS = 5;

/** @returns one row per figure, medians of all rounds; the stack that is searched is empty */
export async function benchStart(rounds = 25) {
  const folder = await mkdtemp(join(tmpdir(), 'rekback-start-'));
  try {
    const hello = await makeHello(join(folder, 'hello'));
    await mkdir(join(folder, 'images'));
    const env = { ...process.env, REKBACK_HOME: join(folder, 'home') };
    const setup = [RUN, 'setup', '--folder', join(folder, 'images'), '--stack', 'bench'];
    run(setup, env);
    const candidates = {
      hello: [hello, 'hello'],
      help: [RUN, '--help'],
      search: [RUN, 'search', 'dog'],
    };
    const times = { hello: [], help: [], search: [] };
    for (let round = 0; round <= rounds; round++) {
      for (const [name, args] of Object.entries(candidates)) {
        const milliseconds = run(args, env);
        // The first round fills the disk's cache.
        if (round > 0) times[name].push(milliseconds);
      }
    }
    const bare = median(times.hello);
    return [
      { what: 'start of a bare oclif command', value: bare, unit: 'ms' },
      { what: 'start: rekback --help', value: median(times.help) / bare, unit: '×', atMost: START_RATIO },
      {
        what: 'start: rekback search dog',
        value: median(times.search) / bare,
        unit: '×',
        atMost: START_RATIO,
      },
      {
        what: 'cold import of the bundle of AWS',
        value: median(Array.from({ length: BUNDLE_ROUNDS }, importBundle)),
        unit: 'ms',
        atMost: BUNDLE_IMPORT,
      },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What `oclif generate` makes, without its tests and plugins. */
async function makeHello(folder) {
  await mkdir(join(folder, 'commands'), { recursive: true });
  const pjson = {
    name: 'hello',
    version: '1.0.0',
    type: 'module',
    oclif: { bin: 'hello', commands: './commands' },
  };
  await writeFile(join(folder, 'package.json'), JSON.stringify(pjson));
  await writeFile(
    join(folder, 'commands/hello.js'),
    `import { Command } from '@oclif/core';
     export default class Hello extends Command {
       async run() { await this.parse(Hello); this.log('hello'); }
     }`,
  );
  await writeFile(
    join(folder, 'run.js'),
    `import { execute } from '@oclif/core';
     await execute({ dir: import.meta.url });`,
  );
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const { Plugin } = await import('@oclif/core');
  const plugin = new Plugin({ root: folder, type: 'core', ignoreManifest: true });
  await plugin.load();
  await writeFile(join(folder, 'oclif.manifest.json'), JSON.stringify(plugin.manifest));
  return join(folder, 'run.js');
}

/** Milliseconds in a process of its own, without that process's start. */
function importBundle() {
  const bundle = JSON.stringify(pathToFileURL(join(MODULES, 'bundle/index.mjs')));
  const script = `const start = performance.now(); await import(${bundle}); console.log(performance.now() - start)`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`importing the bundle ended with ${status}: ${stderr}`);
  return Number(stdout);
}

function run(args, env) {
  const before = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
  return performance.now() - before;
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

if (import.meta.filename === process.argv[1]) printRows(await benchStart());
