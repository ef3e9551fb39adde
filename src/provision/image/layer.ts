import { readFile } from 'node:fs/promises';
import { gzipSync } from 'fflate';
import { type Descriptor, digestOf } from './descriptor.ts';
import { packTar } from './tar.ts';

/** What is put on top of a base image: our bundle, and what starts it. */
export interface Layer {
  descriptor: Descriptor;
  bytes: Uint8Array;
  /** Digest of what is compressed in it. */
  diffId: string;
}

/** Where the layer's files are in the image. */
export const FOLDER = 'rekback';

/** The same distance from the sources and from what is compiled of them. */
const RUN = new URL('../../../container/run.mjs', import.meta.url);

/**
 * The same bytes on every machine for the same bundle, so that an image is pushed only where it differs: the compression
 * is a package's and not Node's, whose output changes with its version.
 *
 * @param bundle - the module that the jobs run
 */
export async function packLayer(bundle: string): Promise<Layer> {
  const tar = packTar(FOLDER, [
    { path: 'index.mjs', content: Buffer.from(bundle) },
    { path: 'run.mjs', content: await readFile(RUN) },
  ]);
  const bytes = gzipSync(tar, { level: 9, mtime: 0 });
  const mediaType = 'application/vnd.oci.image.layer.v1.tar+gzip';
  return {
    bytes,
    diffId: digestOf(tar),
    descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length },
  };
}
