import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { digestOf } from '../../../src/provision/image/descriptor.ts';
import { packLayer } from '../../../src/provision/image/layer.ts';
import { packTar } from '../../../src/provision/image/tar.ts';

const run = promisify(execFile);

async function unpacked<Result>(archive: Uint8Array, look: (folder: string) => Promise<Result>) {
  const folder = await mkdtemp(join(tmpdir(), 'rekback-layer-'));
  try {
    await writeFile(join(folder, 'archive.tar'), archive);
    await run('tar', ['-xf', 'archive.tar'], { cwd: folder });
    return await look(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('the system’s tar unpacks the bundle and what starts it, readable by everybody', async () => {
  const { bytes } = await packLayer('export const plan = 1;');
  await unpacked(bytes, async (folder) => {
    expect((await readdir(join(folder, 'rekback'))).sort()).toEqual(['index.mjs', 'run.mjs']);
    expect(await readFile(join(folder, 'rekback/index.mjs'), 'utf8')).toBe('export const plan = 1;');
    const { mode, mtimeMs } = await stat(join(folder, 'rekback/run.mjs'));
    expect([(mode & 0o777).toString(8), mtimeMs]).toEqual(['444', 0]);
    expect(((await stat(join(folder, 'rekback'))).mode & 0o777).toString(8)).toBe('755');
  });
});

test('files of any size and content come out as they went in', async () => {
  const sizes = fc.array(fc.oneof(fc.nat(2000), fc.constantFrom(0, 511, 512, 513, 1024)), {
    maxLength: 5,
  });
  await fc.assert(
    fc.asyncProperty(sizes, fc.nat(255), async (lengths, byte) => {
      const files = lengths.map((length, n) => ({ path: `f${n}`, content: Buffer.alloc(length, byte) }));
      await unpacked(packTar('in', files), async (folder) => {
        const found = await Promise.all(files.map(({ path }) => readFile(join(folder, 'in', path))));
        expect(found).toEqual(files.map(({ content }) => content));
      });
    }),
    { numRuns: 20 },
  );
});

test('digests are those of the bytes, compressed and not, and the same again', async () => {
  const layer = await packLayer('bundle');
  expect(layer.descriptor).toMatchObject({ digest: digestOf(layer.bytes), size: layer.bytes.length });
  expect(layer.diffId).toBe(digestOf(gunzipSync(layer.bytes)));
  expect(await packLayer('bundle')).toEqual(layer);
  expect((await packLayer('bundle!')).descriptor.digest).not.toBe(layer.descriptor.digest);
});
