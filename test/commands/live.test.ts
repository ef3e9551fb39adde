import { once } from 'node:events';
import { copyFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DOGS, settle, type Workspace, workspace } from './workspace.ts';

let space: Workspace;

beforeEach(async () => {
  space = await workspace();
  await space.json(['setup', '--folder', 'photos', '--backfill', 'auto'], 3);
});

afterEach(() => space.remove());

const image = (key: string) => join(space.photos, key);
const dogs = async () =>
  (await space.json<{ images: { key: string }[] }>(['search', 'dog'])).images.map(({ key }) => key);

async function paint(key: string, background: string): Promise<void> {
  const aside = join(space.folder, 'aside.png');
  await sharp({ create: { width: 8, height: 8, channels: 3, background } }).toFile(aside);
  await rename(aside, image(key));
}

describe('--once', () => {
  test('catches up with images that came, changed, moved and went', async () => {
    await copyFile(image('animals/puppy.jpg'), image('animals/a copy.jpg'));
    await rename(image('animals/horse.jpg'), image('animals/pony.jpg'));
    await rm(image('animals/cat & dog.jpg'));
    await paint('things/gift.png', 'red');
    await settle(space.photos);
    const { stdout, code } = await space.run(['live', '--once']);
    expect(stdout.split('\n').sort()).toEqual(
      [
        '',
        'Caught up: 3 indexed, 2 removed, 0 failed, 26 unchanged.',
        'indexed animals/a copy.jpg',
        'indexed animals/pony.jpg',
        'indexed things/gift.png',
        'removed animals/cat & dog.jpg',
        'removed animals/horse.jpg',
      ].sort(),
    );
    expect(code).toBe(0);
    expect(await dogs()).toEqual(['animals/a copy.jpg', ...DOGS.filter((key) => !key.includes('cat'))]);
  });

  test('with nothing to do says so', async () => {
    const { stdout } = await space.run(['live', '--once']);
    expect(stdout).toBe('Caught up: 0 indexed, 0 removed, 0 failed, 29 unchanged.\n');
  });

  test('does not take an unmounted disk for deleted images', async () => {
    for (const folder of ['animals', 'broken', 'places', 'things'])
      await rm(image(folder), { recursive: true });
    const { error } = await space.json<{ error: object }>(['live', '--once'], 1);
    expect(error).toMatchObject({ code: 'folder-empty' });
    expect(await dogs()).toEqual(DOGS);
  });
});

/** Starts `live` and collects what it prints; `seen` waits for a line. */
async function follow(...args: string[]) {
  const child = await space.start(['live', ...args]);
  child.stdin.end();
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => {
    output.stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output.stderr += chunk;
  });
  const ended = once(child, 'close').then(([code]) => code);
  const seen = async (stream: 'stdout' | 'stderr', wanted: string) => {
    while (!output[stream].includes(wanted)) await Promise.race([once(child[stream], 'data'), ended]);
  };
  return { child, output, ended, seen };
}

test('follows images that come, change, move and go, until Ctrl-C', async () => {
  const { child, output, ended, seen } = await follow();
  await seen('stderr', 'Ctrl-C ends.');
  await copyFile(image('animals/puppy.jpg'), image('animals/a copy.jpg'));
  await seen('stdout', 'indexed animals/a copy.jpg\n');
  await paint('animals/a copy.jpg', 'lime');
  await seen('stdout', 'indexed animals/a copy.jpg\nindexed animals/a copy.jpg\n');
  await rename(image('animals/a copy.jpg'), image('animals/moved.jpg'));
  await seen('stdout', 'removed animals/a copy.jpg\n');
  await seen('stdout', 'indexed animals/moved.jpg\n');
  await rm(image('animals/moved.jpg'));
  await seen('stdout', 'removed animals/moved.jpg\n');
  child.kill('SIGINT');
  expect(await ended).toBe(130);
  expect(output.stdout).toMatch(/\nFollowed: 3 indexed, 2 removed, 0 failed, \d+ unchanged\.\n$/);
  expect(output.stderr).toBe(
    `Caught up: 0 indexed, 0 removed, 0 failed, 29 unchanged. Following ${space.photos}; Ctrl-C ends.\n` +
      'finishing the images in flight; what changes from now on: rekback live --once\n',
  );
});

test('--json prints one object per line and change', async () => {
  const { child, output, ended, seen } = await follow('--json');
  // Nothing tells a script that the watch has begun, so the change is made again until it is seen.
  for (let turn = 0; !output.stdout.includes('new.png'); turn++) {
    await paint('new.png', turn % 2 === 0 ? 'red' : 'blue');
    await Promise.race([seen('stdout', 'new.png'), new Promise((resolve) => setTimeout(resolve, 1_000))]);
  }
  await rm(image('new.png'));
  await seen('stdout', 'removed');
  child.kill('SIGTERM');
  expect(await ended).toBe(143);
  const lines = output.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines[0]).toEqual({ key: 'new.png', outcome: 'indexed', reason: null });
  expect(lines.at(-1)).toEqual({ key: 'new.png', outcome: 'removed', reason: null });
  expect(output.stderr).not.toContain('Error');
});

test('ends quietly when its reader has gone', async () => {
  const { child, output, ended, seen } = await follow();
  await seen('stderr', 'Ctrl-C ends.');
  child.stdout.destroy();
  for (let turn = 0; child.exitCode === null; turn++) {
    await paint('new.png', turn % 2 === 0 ? 'red' : 'blue');
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 500))]);
  }
  expect(await ended).toBe(0);
  expect(output.stderr).not.toMatch(/EPIPE|Error/);
});

test('only one follows; a second is told who does', async () => {
  const { child, ended, seen } = await follow();
  await seen('stderr', 'Ctrl-C ends.');
  const { error } = await space.json<{ error: object }>(['live'], 1);
  expect(error).toMatchObject({
    code: 'live-active',
    message: expect.stringContaining(`process ${child.pid},`),
  });
  child.kill('SIGINT');
  await ended;
});
