import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, realpath, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync, gzipSync } from 'node:zlib';

const run = promisify(execFile);

/**
 * An image with the Node that runs the tests and what it is linked to, and nothing else, as an OCI layout in a folder. For
 * the other processor it has an empty archive: it can be pushed and pulled, not run.
 */
export async function makeBase(folder: string): Promise<void> {
  const blobs = join(folder, 'blobs', 'sha256');
  await mkdir(blobs, { recursive: true });
  const blob = async (mediaType: string, bytes: Buffer) => {
    const hex = createHash('sha256').update(bytes).digest('hex');
    await writeFile(join(blobs, hex), bytes);
    return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
  };
  const json = (value: object) => Buffer.from(JSON.stringify(value));
  const node = await realpath(process.execPath);
  const own = process.arch === 'arm64' ? 'arm64' : 'amd64';
  const platform = async (architecture: string, layer: Buffer) => {
    const tar = createHash('sha256').update(gunzipSync(layer)).digest('hex');
    const config = {
      architecture,
      os: 'linux',
      config: { Env: [`PATH=${dirname(node)}`], Cmd: ['node'] },
      rootfs: { type: 'layers', diff_ids: [`sha256:${tar}`] },
    };
    const manifest = {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: await blob('application/vnd.oci.image.config.v1+json', json(config)),
      layers: [await blob('application/vnd.oci.image.layer.v1.tar+gzip', layer)],
    };
    return { ...(await blob(manifest.mediaType, json(manifest))), platform: { architecture, os: 'linux' } };
  };
  const index = {
    schemaVersion: 2,
    mediaType: 'application/vnd.oci.image.index.v1+json',
    manifests: [
      await platform(own, await archiveOf(folder, [node, ...(await libraries(node))])),
      await platform(own === 'arm64' ? 'amd64' : 'arm64', gzipSync(Buffer.alloc(1024))),
    ],
  };
  await writeFile(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const named = await blob(index.mediaType, json(index));
  const annotations = { 'org.opencontainers.image.ref.name': 'base' };
  await writeFile(
    join(folder, 'index.json'),
    json({ schemaVersion: 2, manifests: [{ ...named, annotations }] }),
  );
}

/** What a program is linked to, by the paths where it looks for them. */
async function libraries(program: string): Promise<string[]> {
  const { stdout } = await run('ldd', [program]);
  return [...stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, path = '']) => path);
}

async function archiveOf(folder: string, paths: readonly string[]): Promise<Buffer> {
  const archive = join(folder, 'layer.tar.gz');
  const names = paths.map((path) => path.slice(1));
  await run('tar', ['--use-compress-program=gzip -1', '-chf', archive, '-C', '/', ...names]);
  return readFile(archive);
}
