import { chmod, cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { withoutPrivileges } from '../nobody.ts';
import { contents, type Workspace, workspace } from './workspace.ts';

let space: Workspace;

beforeEach(async () => {
  space = await workspace();
  await space.json(['setup', '--folder', 'photos/animals']);
});

afterEach(() => space.remove());

const second = () => space.json(['setup', '--folder', 'photos/places']);
const stackOf = async (args: string[] = [], env: Record<string, string> = {}) =>
  (await space.json<{ stack: string }>(['status', ...args], 0, { env })).stack;

test('the only one is implied', async () => {
  expect(await stackOf()).toBe('animals');
});

test('of several, --stack or REKBACK_STACK names one; the flag wins', async () => {
  await second();
  expect(await stackOf(['--stack', 'places'])).toBe('places');
  expect(await stackOf([], { REKBACK_STACK: 'places' })).toBe('places');
  expect(await stackOf(['--stack', 'animals'], { REKBACK_STACK: 'places' })).toBe('animals');
});

test('of several, none is guessed: neither to read, to spend nor to delete', async () => {
  await second();
  const before = await contents(space.home);
  for (const args of [['status'], ['search', 'dog'], ['backfill', 'now'], ['teardown', '--yes']]) {
    const { error } = await space.json<{ error: object }>(args, 2);
    expect(error).toEqual({
      code: 'which-stack',
      message: 'there are 2 stacks: animals, places',
      suggestions: ['name one with --stack NAME or the variable REKBACK_STACK'],
    });
  }
  expect(await contents(space.home)).toEqual(before);
  expect(await space.json(['teardown', '--yes'], 0, { env: { REKBACK_STACK: 'places' } })).toMatchObject({
    left: [],
  });
  expect(await stackOf()).toBe('animals');
});

test('a name that is not there is answered with those that are', async () => {
  await second();
  const { stderr } = await space.run(['status', '--stack', 'nosuch']);
  expect(stderr).toBe(
    "Error: there is no stack 'nosuch'\n\nWhat to do:\n  choose one of: animals, places\n  or, for one on AWS, name its Region with --region\n",
  );
  for (const name of ['../stacks/animals', '.', '']) {
    expect(await space.run(['status', '--stack', name])).toMatchObject({ stdout: '', code: 2 });
  }
});

test('stacks lists them, with their folders', async () => {
  await second();
  expect((await space.run(['stacks'])).stdout).toBe(
    `animals\tlocal\t${join(space.photos, 'animals')}\nplaces\tlocal\t${join(space.photos, 'places')}\n`,
  );
  const none = await space.run(['stacks'], { env: { REKBACK_HOME: join(space.folder, 'empty') } });
  expect(none).toEqual({
    stdout: '',
    stderr: 'There is no stack yet. Make one with: rekback setup --folder DIR\n',
    code: 0,
  });
});

describe('a record that can not be used', () => {
  const record = (name: string) => join(space.home, 'stacks', name, 'stack.json');

  test.each([
    ['cut off', '{"format":1,'],
    ['empty', ''],
    ['no record', 'null'],
    ['of another stack', '{"format":1,"name":"places","adapters":{"images":{"root":"/"}},"settings":{}}'],
  ])('%s keeps only its own stack from working, and can be written again', async (_, text) => {
    await space.json(['backfill', 'now']);
    await second();
    await writeFile(record('animals'), text);
    expect(await stackOf(['--stack', 'places'])).toBe('places');
    const { error } = await space.json<{ error: object }>(['status', '--stack', 'animals'], 1);
    expect(error).toMatchObject({
      code: 'stack-damaged',
      suggestions: expect.arrayContaining([
        expect.stringContaining('rekback setup --folder DIR --stack animals'),
      ]),
    });
    const listed = await space.run(['stacks']);
    expect(listed).toMatchObject({ code: 0, stdout: expect.stringMatching(/^places\t/) });
    expect(listed.stderr).toContain(
      "Warning: the record 'stack.json' of stack 'animals' is damaged; write it again",
    );
    await space.json(['setup', '--folder', 'photos/animals', '--stack', 'animals']);
    expect(await space.json(['search', 'dog', '--stack', 'animals'])).toMatchObject({ total: 4 });
  });

  test('written by a newer version is read, and never written', async () => {
    await space.json(['backfill', 'now']);
    const newer = JSON.parse(await readFile(record('animals'), 'utf8'));
    await writeFile(record('animals'), JSON.stringify({ ...newer, format: 2, extra: true }));
    const before = await contents(space.home);
    expect(await space.json(['search', 'dog'])).toMatchObject({ total: 4 });
    expect(await space.json(['status'])).toMatchObject({ notes: [expect.stringContaining('newer rekback')] });
    for (const args of [
      ['backfill', 'now'],
      ['live', '--once'],
      ['index', 'rebuild'],
      ['settings', 'set', 'rate=1'],
      ['setup', '--folder', 'photos/animals', '--prefix', 'x'],
      ['teardown', '--yes'],
    ]) {
      const { error } = await space.json<{ error: object }>(args, 1);
      expect(error).toMatchObject({ code: 'stack-newer', suggestions: expect.any(Array) });
    }
    expect(await contents(space.home)).toEqual(before);
  });
});

test('REKBACK_HOME moves everything, and nothing is left behind where it was', async () => {
  const elsewhere = join(space.folder, 'elsewhere');
  await cp(space.home, elsewhere, { recursive: true });
  await rm(space.home, { recursive: true });
  expect(await stackOf([], { REKBACK_HOME: elsewhere })).toBe('animals');
  const home = join(space.folder, 'user');
  await space.json(['setup', '--folder', 'photos/things'], 0, { env: { REKBACK_HOME: '', HOME: home } });
  expect(Object.keys(await contents(home))).toContain(join(home, '.rekback/stacks/things/stack.json'));
});

test('a home without permission to read it is named', async () => {
  await chmod(space.folder, 0o755);
  await chmod(space.home, 0);
  const { stdout, stderr, code } = await withoutPrivileges(() => space.run(['status'], { cwd: '/' }));
  expect({ stdout, code }).toEqual({ stdout: '', code: 1 });
  expect(stderr).toContain(`Error: '${join(space.home, 'stacks')}' can't be read\n`);
  await chmod(space.home, 0o700);
});
