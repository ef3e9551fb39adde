import type { Descriptor } from './descriptor.ts';
import { descriptorOf } from './descriptor.ts';
import type { Image } from './manifest.ts';
import type { RemoteRepository } from './registry.ts';

/**
 * Pushes what of the image is not there yet: blobs first, then what names them. Layers of the base go from its
 * repository to ours as they come, neither kept in memory nor on disk.
 *
 * @throws the first failure, once nothing is on its way any more
 */
export async function pushImage(
  { index, manifests, configs, baseLayers, layer }: Image,
  tag: string,
  { from, to }: { from: RemoteRepository; to: RemoteRepository },
): Promise<void> {
  const ensure = async (descriptor: Descriptor, open: Parameters<RemoteRepository['writeBlob']>[1]) => {
    if (!(await to.hasBlob(descriptor.digest))) await to.writeBlob(descriptor, open);
  };
  await allOf([
    ...baseLayers.map((each) => ensure(each, () => from.openBlob(each))),
    ensure(layer.descriptor, async () => layer.bytes),
    ...configs.map((each) => ensure(descriptorOf(each), async () => each.bytes)),
  ]);
  await allOf(manifests.map((each) => to.writeManifest(each.digest, each)));
  await to.writeManifest(tag, index);
}

/** Ends when all have ended: nothing is left behind that still sends. */
async function allOf(work: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(work)) {
    if (result.status === 'rejected') throw result.reason;
  }
}
