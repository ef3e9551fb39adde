import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Credentials } from '../aws/kernel/principals.ts';
import type { World } from '../aws/kernel/world.ts';
import { startWorld } from '../aws/world.ts';
import { rekback } from '../cli.ts';
import { BUCKET, givenImages, IMAGE, setUpWhole } from './stack.ts';

let world: World;
let home: string;
beforeAll(async () => {
  world = await startWorld();
});
afterEach(async () => {
  world.check();
  world.reset();
  await rm(home, { recursive: true, force: true });
});
afterAll(() => world.stop());

const PERSON = {
  account: '111122223333',
  arn: 'arn:aws:sts::111122223333:assumed-role/person/me',
  userId: 'AROADOUBLE:me',
};
const HOUR = 3_600_000;

/** Milliseconds; a process for every command. */
const MINUTES = 180_000;

/** Keys of a person, and those that the person's commands are given for roles: secrets, tokens and ids. */
const CANARY = /canary-(secret|token)[\w-]*|ASIA[A-Z0-9]{16}/;

async function newAccount(): Promise<Required<Credentials>> {
  home = await mkdtemp(join(tmpdir(), 'rekback-canary-'));
  world.clock.runOnRealTime();
  await givenImages(world);
  return world.principals.temporary(PERSON, new Date(world.clock.now() + HOUR));
}

/** Runs a command with these keys, and sees that none of them is in what it prints. */
async function run(credentials: Credentials, args: readonly string[], env: Record<string, string> = {}) {
  const keys = world.env({ credentials });
  // What is looked for is what the keys look like.
  for (const key of [keys.AWS_ACCESS_KEY_ID, keys.AWS_SECRET_ACCESS_KEY, keys.AWS_SESSION_TOKEN]) {
    expect(key).toMatch(CANARY);
  }
  const result = await rekback(args, { env: { ...keys, ...env, REKBACK_HOME: home, TMPDIR: home } });
  expect(result.stdout + result.stderr, args.join(' ')).not.toMatch(CANARY);
  return result;
}

/** Nothing that commands left on this machine, nor anything that they sent, has a key in it. */
async function expectNoneKept(): Promise<void> {
  for (const name of await readdir(home, { recursive: true })) {
    const path = join(home, name);
    expect(name).not.toMatch(CANARY);
    if ((await stat(path)).isFile()) expect(await readFile(path, 'latin1'), name).not.toMatch(CANARY);
  }
  for (const { operation, input } of world.journal.entries) {
    const text = JSON.stringify(input, (_, value) =>
      value?.type === 'Buffer' ? Buffer.from(value.data).toString('latin1') : value,
    );
    expect(text, operation).not.toMatch(CANARY);
  }
}

const SETUP = ['setup', '--bucket', BUCKET, '--image-uri', IMAGE, '--yes'];
const TEARDOWN = ['teardown', '--stack', BUCKET, '--yes'];

test(
  'keys are in nothing that is printed, kept or sent by a whole setup, status, doctor and teardown',
  async () => {
    const keys = await newAccount();
    for (const args of [
      [...SETUP, '--dry-run', '--json', '--verbose'],
      [...SETUP, '--verbose', '--progress', 'json'],
      [...SETUP, '--json'],
      ['status', '--verbose'],
      ['status', '--json'],
      ['stacks', '--json'],
      ['doctor', '--bucket', BUCKET, '--json'],
      [...TEARDOWN, '--verbose', '--progress', 'json'],
    ]) {
      const { code, stdout } = await run(keys, args);
      expect({ args, code }).toEqual({ args, code: 0 });
      expect(stdout).not.toBe('');
    }
    // The admin role was acted as: keys for it were given, too.
    expect(world.journal.of('sts', 'AssumeRole').length).toBeGreaterThan(1);
    expect(await readdir(home)).not.toEqual([]);
    await expectNoneKept();
  },
  MINUTES,
);

test.each(['--verbose', '--json --verbose', '--progress json --verbose'])(
  'nor by what fails, with %s',
  async (flags) => {
    const keys = await newAccount();
    const fails = async (args: readonly string[], error: RegExp, given: Credentials = keys, env = {}) => {
      const { stdout, stderr, code } = await run(given, [...args, ...flags.split(' ')], env);
      expect(stdout + stderr).toMatch(error);
      expect(code).not.toBe(0);
    };
    const allow = world.deny('iam:CreateRole');
    await fails(SETUP, /AccessDenied/);
    allow();
    await setUpWhole(world);
    const allowTeardown = world.deny('es:DeleteDomain');
    await fails(TEARDOWN, /LEFT|left/);
    allowTeardown();
    const stop = world.faults.add({ service: 's3', effect: { reset: true } });
    await fails(['status', '--stack', BUCKET], /socket|ECONNRESET|reset|connection/i, keys, {
      AWS_MAX_ATTEMPTS: '1',
    });
    stop();
    const expired = world.principals.temporary(PERSON, new Date(world.clock.now() - HOUR));
    await fails(['status', '--stack', BUCKET], /expired/, expired);
    await fails(SETUP, /refused-credentials|InvalidClientTokenId|not valid|refused/i, {
      accessKeyId: 'ASIAUNKNOWNUNKNOWNXX',
      secretAccessKey: 'canary-secret-unknown',
      sessionToken: 'canary-token-unknown',
    });
    await fails(SETUP, /unreachable|reached/, keys, {
      AWS_ENDPOINT_URL: 'http://127.0.0.1:9',
      AWS_MAX_ATTEMPTS: '1',
    });
    await expectNoneKept();
  },
  MINUTES,
);
